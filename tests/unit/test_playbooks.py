# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that plan moves judge guests by the same variables of the inventory as the steps that move them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.doc_fragments.migration import ModuleDocFragment
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.choice import ACCEPTABLE

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
PLANNING = ("evacuate", "migrate", "resilience", "return")


@pytest.mark.parametrize("variable", ["migrate_policy", "migrate_unsafe"])
@pytest.mark.parametrize("name", PLANNING)
def test_a_plan_is_made_as_its_steps_are_checked(name: str, variable: str) -> None:
    tasks = [line for line in (PLAYBOOKS / f"{name}.yml").read_text().splitlines() if not line.startswith("#")]
    assert any(f"{variable} | default(" in line for line in tasks)


def test_plans_and_steps_accept_the_same_verdicts() -> None:
    assert yaml.safe_load(ModuleDocFragment.CAPACITY)["options"]["accept"]["choices"] == list(ACCEPTABLE)
    role = yaml.safe_load((ROOT / "roles" / "migrate" / "meta" / "argument_specs.yml").read_text())
    assert role["argument_specs"]["main"]["options"]["migrate_accept"]["choices"] == list(ACCEPTABLE)


def refused(tmp_path: Path, playbook: str, *arguments: str) -> str:
    """What a playbook says that fails on hosts to which there is no connection."""
    inventory = tmp_path / "hosts.json"
    hosts = {
        name: {"ansible_connection": "local", "ansible_python_interpreter": "/nowhere"} for name in ("kvm1", "kvm2")
    }
    inventory.write_text(json.dumps({"kvm": {"hosts": hosts}}))
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [program, "-i", inventory, PLAYBOOKS / f"{playbook}.yml", *arguments]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "asked",
    [
        {"guest": "web1", "destination": "kvm9"},
        {"guest": " ,", "destination": "kvm2"},
        {"guest": [], "destination": "kvm2"},
    ],
)
def test_migrate_names_what_it_was_not_given(tmp_path: Path, asked: dict[str, object]) -> None:
    told = " ".join(refused(tmp_path, "migrate", "-e", json.dumps(asked)).split())
    assert "Pass guests and their destination" in told
    assert "The destination must be one of kvm1, kvm2." in told
