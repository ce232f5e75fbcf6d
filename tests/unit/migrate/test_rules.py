# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules register themselves: what they declare is what they do, and what follows from it follows."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._host.lookups import ANSWER_BY_KIND
from ansible_collections.virtfleet.network.plugins.module_utils._migrate import rule as registry
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import (
    DestinationFacts,
    read_destination,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.finding import declared_kinds
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import CheckedGuest, load_guests
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import (
    GATHERED,
    LOOKUPS,
    NAMES,
    QUESTIONS,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import (
    finding_codes,
    gathered_for_check,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests

from .paper import described, domain, info, interface, look_up
from .test_cases import CASES

ROOT = Path(__file__).parents[3]
RED = (
    "<network><name>red</name><forward mode='nat'/><bridge name='virbr0'/><ip address='10.1.0.1' prefix='24'/>"
    "</network>"
)
HOST = {"networks": [RED], "links": [{"name": "virbr0", "kind": "bridge"}]}
# Which part of virt_network_info each attribute of DestinationFacts comes from; the rest is always there.
PART_OF = {
    "links": "links", "ovs_bridges": "links", "link": "links", "uplinks": "links", "is_bridge": "links",
    "addresses": "links", "links_by_mac": "links", "guests": "guests", "guests_by_name": "guests",
    "guests_by_uuid": "guests", "nics_by_mac": "guests", "nwfilters": "host", "uuid": "host", "memory": "host",
    "forwarding": "host", "machines": "host", "domain_types": "host", "emulators": "host", "cpu_models": "host",
}  # fmt: skip
# What a NIC would get is worked out for every rule of NICs, from links and forwarding.
FOR_EVERY_NIC = {"links", "host"}


class Recorded(DestinationFacts):
    """Knows which parts of it were looked at."""

    def __init__(self, facts):
        self.__dict__.update(facts.__dict__)
        self.__dict__["seen"] = set()

    def __getattribute__(self, name):
        if name in PART_OF:
            object.__getattribute__(self, "seen").add(PART_OF[name])
        return object.__getattribute__(self, name)


def read_case(file):
    case = yaml.safe_load(file.read_text())
    facts = [described(case["source"], xml) for xml in case.get("guests", ())]
    facts += [described(case["source"], xml, running=False) for xml in case.get("stopped", ())]
    return case, [guest for guest in load_guests(facts) if isinstance(guest, CheckedGuest)]


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_rule_reports_and_looks_at_what_it_declares(file):
    case, guests = read_case(file)
    if case["destination"].get("silent"):
        return
    host = read_destination({**info(case["destination"]), "lookups": look_up(case["destination"], [])})

    def held(rule, run, free=frozenset()):
        there = Recorded(host)
        kinds = {finding.kind for finding in run(there)}
        assert kinds <= set(rule.reports), rule.name
        assert there.seen <= {*rule.needs, *free}, rule.name

    for rule in registry.GUEST_RULES:
        for guest in guests:
            held(rule, lambda there, rule=rule, guest=guest: rule.check(guest.facts, there))
    for rule in registry.NIC_RULES:
        for guest in guests:
            for nic in guest.facts.nics:
                held(
                    rule,
                    lambda there, rule=rule, nic=nic: rule.check(registry.NicCase(nic, there)),
                    FOR_EVERY_NIC,
                )
    for rule in registry.GROUP_RULES:
        for group in (guests, *([guest] for guest in guests)):
            held(
                rule,
                lambda there, rule=rule, group=group: [one for _index, one in rule.check(group, there)],
                FOR_EVERY_NIC,
            )


def test_what_is_gathered_and_looked_up_follows_from_the_rules():
    assert gathered_for_check() == ("links", "pools", "guests", "host")
    assert set(gathered_for_check()) < set(GATHERED)
    role = yaml.safe_load((ROOT / "roles" / "migrate_check" / "tasks" / "gather.yml").read_text())
    (gathering,) = [task["virtfleet.network.virt_network_info"] for task in role if "network_info" in str(task)]
    assert tuple(gathering["gather"]) == gathered_for_check()
    declared = {kind for rule in registry.GUEST_RULES for kind in rule.lookups}
    # Names of hosts are looked up on the guests' hosts, and no guest asks for them.
    assert {*declared, NAMES} == set(LOOKUPS) == {*ANSWER_BY_KIND, NAMES, QUESTIONS}


def test_every_code_is_declared_with_its_line_of_documentation():
    documented = {kind.code for kind in declared_kinds() if kind.means}
    assert documented == set(finding_codes())
    reported = {kind for rules in (registry.GUEST_RULES, registry.NIC_RULES, registry.GROUP_RULES) for rule in rules
                for kind in rule.reports}  # fmt: skip
    elsewhere = {"STALE", "DAEMON_UNREACHABLE", "UNEXPECTED"}
    unused = [kind.template for kind in declared_kinds() if kind not in reported and kind.code not in elsewhere]
    # Of guests and hosts that cannot be judged at all.
    assert len(unused) == 4, unused


def test_the_table_in_the_documentation_is_the_rules():
    spec = importlib.util.spec_from_file_location("finding_table", ROOT / "tests" / "tools" / "finding_table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    text = table.FILE.read_text()
    assert table.filled(text) == text, "run tests/tools/finding_table.py"


@pytest.mark.parametrize("rules", ["GUEST_RULES", "NIC_RULES", "GROUP_RULES"])
def test_a_rule_that_fails_is_a_fault_of_ours(rules, monkeypatch):
    """It names the rule, makes the verdict unknown, and takes nothing from what the other rules found."""

    def fail(*_arguments):
        yield from {}["mtu"]

    guests = load_guests([described({"name": "kvm1", **HOST}, domain(interface(), interface(number=2)))])
    there = read_destination(info({"name": "kvm2", **HOST, "networks": [{"xml": RED, "autostart": False}]}))
    before = judge_guests(guests, there)["verdicts"][0]["findings"]
    registered = getattr(registry, rules)
    broken = dataclasses.replace(registered[0], check=fail, reports=(), name="broken")
    monkeypatch.setattr(registry, rules, registered)
    registered.append(broken)
    try:
        verdict = judge_guests(guests, there)["verdicts"][0]
    finally:
        registered.remove(broken)
    found, *_others = [finding for finding in verdict["findings"] if finding["code"] == "UNEXPECTED"]
    assert verdict["verdict"] == "unknown"
    assert found["severity"] == "unknown"
    assert found["parameters"]["rule"] == "broken"
    assert found["sentence"] == (
        "Rule broken of virtfleet.network failed (KeyError: 'mtu'), so its result is unknown; please report it."
    )
    rest = [finding for finding in verdict["findings"] if finding["code"] != "UNEXPECTED"]
    assert sorted(map(json.dumps, rest)) == sorted(map(json.dumps, before))


def test_sentences_end_as_sentences_and_are_short():
    for file in CASES:
        for finding in yaml.safe_load(file.read_text())["expect"]["findings"]:
            sentence = finding["sentence"]
            assert sentence.endswith("."), sentence
            assert len(sentence) < 400, sentence
            assert "None" not in sentence, sentence
            assert "{" not in sentence, sentence


@pytest.mark.parametrize("kind", declared_kinds(), ids=lambda kind: f"{kind.code}-{kind.severity}")
def test_documentation_does_not_decide_the_order_of_findings(kind):
    other = dataclasses.replace(kind, means='it\'s "other"', repair="-")
    assert other.found(network="red").identity == kind.found(network="red").identity
