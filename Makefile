# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target brings its own set-up; the second time that costs nothing. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# the system's Python: the binding of libvirt comes with it and with no other
PYTHON := /usr/bin/python3
HOSTS ?= 3
RESULTS := .cache/results
TIMED := $(PYTHON) tests/tools/timed.py
PYTEST := pytest -rsx --junit-xml=$(RESULTS)
LANES ?= 2
LAYERS := .cache/collections/ansible_collections/virtfleet/network/plugins/module_utils

export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
# in place of the user's own, which must not change what the tests see
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

# These need no lab and run two at a time, while the lab's root file systems are built.
QUICK := test-unit test-lint test-types test-sanity test-build
ROOTS := bookworm/modular trixie bullseye
LINTS := lint-ruff lint-format lint-ansible lint-yaml lint-docs lint-changelog

.PHONY: help setup test $(QUICK) $(LINTS) lab-roots test-lab test-walk test-molecule lab-up lab-down demo corpus truth evacuate kills verdict matrix gaps output bench bench-rollout walk clean

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Debian packages and the virtual environment in .cache/venv
	@tests/tools/setup

test: setup ## every tier below; the last line counts
	@rm -rf $(RESULTS)
	@rc=0; \
	$(MAKE) --no-print-directory --keep-going --jobs 2 --output-sync=target lab-roots $(QUICK) || rc=$$?; \
	$(MAKE) --no-print-directory --keep-going test-lab test-walk || rc=$$?; \
	$(PYTHON) tests/tools/totals.py $(RESULTS); exit $$rc

test-unit: setup ## the pure layers, golden cases, the layers' imports
	@$(TIMED) unit $(PYTEST)/unit.xml tests/unit

test-lint: $(LINTS) ## ruff, ansible-lint, yamllint, antsibull-docs, antsibull-changelog
lint-ruff: setup
	@$(TIMED) ruff-check ruff check
lint-format: setup
	@$(TIMED) ruff-format ruff format --check
lint-ansible: setup
	@$(TIMED) ansible-lint ansible-lint --offline --strict
lint-yaml: setup
	@$(TIMED) yamllint yamllint --strict .
lint-docs: setup
	@$(TIMED) antsibull-docs antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
lint-changelog: setup
	@$(TIMED) antsibull-changelog antsibull-changelog lint

test-types: setup ## mypy --strict on every layer
	@$(TIMED) mypy mypy --strict $(LAYERS)

test-sanity: setup ## ansible-test sanity
	@$(TIMED) sanity python tests/tools/sanity.py

test-build: setup ## build, install from the tarball, read every plugin's documentation there, galaxy-importer
	@$(TIMED) build python tests/tools/build.py

lab-roots: setup
	@$(PYTHON) tests/lab/lab.py build $(ROOTS)

test-lab: setup ## modules and roles on hosts of the lab
	@$(TIMED) lab $(PYTEST)/lab.xml --numprocesses 3 --dist loadscope --no-loadscope-reorder --durations 15 tests/lab tests/integration tests/smoke
	@$(MAKE) --no-print-directory test-molecule

test-molecule: setup
	@$(TIMED) molecule molecule test --all --report

test-walk: setup ## one short walk, always the same
	@$(TIMED) walk python tests/walk/run.py --seed 1 --steps 30

walk: setup ## [SEED=n] [STEPS=n] [MINUTES=n] [RELEASES=a,b] [REPLAY=file]: random calls, hand edits, guests and kills; see tests/walk
	@python tests/walk/run.py $(if $(SEED),--seed $(SEED)) $(if $(STEPS),--steps $(STEPS)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(RELEASES),--releases $(RELEASES)) $(if $(REPLAY),--replay $(REPLAY)) --findings .cache/walk

lab-up: setup ## HOSTS=n [RELEASES=a,b] [DAEMONS=modular,monolithic] [OVS=1]: a fleet, its inventory at .lab/inventory.yml
	@$(PYTHON) tests/lab/lab.py up --hosts $(HOSTS) $(if $(RELEASES),--releases $(RELEASES)) $(if $(DAEMONS),--daemons $(DAEMONS)) $(if $(OVS),--ovs)

lab-down: ## take the fleet down
	@$(PYTHON) tests/lab/lab.py down

demo: setup ## a fleet of 3, the rollout, the migration check's matrix, a real live migration
	@tests/demo/run

corpus: setup ## [XML=dir] [RELEASES=a,b]: the network XML in a directory, or in libvirt's own tests, through virt_network
	@python tests/corpus/run.py $(if $(RELEASES),--releases $(RELEASES)) $(XML)

truth: setup ## [SCENARIOS=dir | RANDOM=n SEED=s] [LANES=n] [RELEASES=a,b] [GATE=1]: migration scenarios against reality
	@python tests/truth/run.py --lanes $(LANES) $(if $(GATE),--gate) $(if $(RELEASES),--releases $(RELEASES)) $(if $(RANDOM),--drawn $(RANDOM) $(if $(SEED),--seed $(SEED))) $(SCENARIOS)

evacuate: setup ## [SEED=n] [FLEETS=n] [ONLY=text]: guests leave hosts and return, fleets by chance and faults; see docs/evacuation.md
	@$(if $(SEED),SEED=$(SEED)) $(if $(FLEETS),FLEETS=$(FLEETS)) pytest $(if $(ONLY),-k "$(ONLY)") tests/evacuate

kills: setup ## [SEED=n] [KILLS=n] [TIMEOUT=n]: rollouts over six hosts whose controller is killed at random moments; see docs/fleet.md
	@$(if $(SEED),SEED=$(SEED)) $(if $(KILLS),KILLS=$(KILLS)) $(if $(TIMEOUT),TIMEOUT=$(TIMEOUT)) pytest tests/kills

verdict: setup ## [CASES=n] [SEED=n]: generated definitions, check mode's verdict against libvirt's; see docs/validation.md
	@python tests/verdict/run.py $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

matrix: setup ## [SMOKE=bullseye,testing/nftables]: the smoke tests on every libvirt and ansible-core claimed; the table in docs
	@python tests/smoke/matrix.py $(SMOKE)

gaps: setup ## [ON=bullseye,bookworm/modular] [RUNS=n]: what guests notice of a replug, against a restart by hand
	@python tests/gaps/run.py $(if $(ON),--hosts $(ON)) $(if $(RUNS),--runs $(RUNS))

output: setup ## the outputs of 20 hosts in docs/output.md
	@python tests/terminal/run.py

bench: setup ## the measurements
	@python tests/bench/run.py

bench-rollout: setup ## [HOSTS=50] [FORKS=20]: what rollout, audit and check of a fleet cost, against ping
	@python tests/bench/rollout.py $(if $(filter command line,$(origin HOSTS)),$(HOSTS),50) $(FORKS)

clean: ## remove everything that these targets made
	@for lab in $(wildcard .lab .lab-*); do $(PYTHON) tests/lab/lab.py --name "$$(sed 's/^.lab-\{0,1\}//' <<<"$$lab")" down; done
	@rm -rf .cache .ansible .hypothesis tests/output
