# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate of a destination says to a guest that comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import read_destination
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.gate import (
    GateSettings,
    decide,
    describe_incoming,
    lasting_facts,
    with_links_now,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import CheckedGuest
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests

from .paper import NOW, domain, info, interface, plain

RED = (
    "<network><name>red</name><forward mode='nat'/>"
    "<bridge name='virbr1'/><ip address='192.0.2.1' prefix='24'/></network>"
)
LINKS = [{"name": "virbr1", "kind": "bridge", "addresses": ["192.0.2.1"]}]
PASS, REFUSE = GateSettings(60, True, {}), GateSettings(60, False, {})
CONNECTED = GateSettings(60, True, {}, assume_connected=True)
CASES = Path(__file__).parents[1] / "cases" / "migrate"
STATES = {"virbr1": (True, True)}
GUEST = domain(interface("red"))


def facts(*networks, **more):
    return json.dumps(plain(info({"name": "kvm2", "networks": list(networks), "links": LINKS, **more})))


def test_a_guest_whose_network_is_missing_is_refused():
    said = decide(GUEST, facts(), STATES, NOW, PASS)
    assert "NET_MISSING: kvm2 has no network 'red'." in said
    assert "\n" not in said


def test_a_guest_of_which_only_something_is_unknown_may_come():
    seen = facts(RED)
    verdict = judge_guests([CheckedGuest(describe_incoming(GUEST))], read_destination(json.loads(seen)))
    assert verdict["verdict"] == "unknown"
    assert decide(GUEST, seen, STATES, NOW, REFUSE) is None


def test_a_policy_lets_it_come():
    assert decide(GUEST, facts(), STATES, NOW, GateSettings(60, False, {"NET_MISSING": "warning"})) is None


def test_guests_that_were_there_when_the_facts_were_written_do_not_count():
    assert decide(GUEST, facts(RED, guests=[GUEST]), STATES, NOW, REFUSE) is None


@pytest.mark.parametrize(
    ("text", "now"),
    [
        (None, NOW),
        ("", NOW),
        ("[]", NOW),
        ("{}", NOW),
        ("[" * 100_000, NOW),
        ('{"host": {"gathered": null}}', NOW),
        (f'{{"host": {{"gathered": {NOW}}}}}', NOW),
        (facts(RED)[:-20], NOW),
        (facts(RED), NOW + 61),
        (facts(RED), NOW - 1),
    ],
)
def test_without_usable_facts_the_setting_decides(text, now):
    assert decide(GUEST, text, STATES, now, PASS) is None
    assert decide(GUEST, text, STATES, now, REFUSE).startswith(
        "virtfleet.network refuses the guest: GATE_WITHOUT_FACTS: "
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.just(GUEST)), st.one_of(st.none(), st.text(), st.just(facts(RED))), st.floats())
def test_nothing_makes_it_fail_or_print(capsys, xml, text, now):
    decide(xml, text, STATES, now, PASS)
    decide(xml, text, STATES, now, REFUSE)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("network", ["red", "blue"])
@pytest.mark.parametrize("active", [True, False])
def test_it_refuses_exactly_what_the_check_blocks(network, active):
    xml, seen = domain(interface(network)), facts({"xml": RED, "active": active})
    lasting = lasting_facts(seen, NOW, 60)
    judged = judge_guests([CheckedGuest(describe_incoming(xml))], read_destination(lasting))
    assert (decide(xml, seen, STATES, NOW, PASS) is not None) == (judged["verdict"] == "blocked")


def test_links_are_judged_as_they_are_now():
    seen = facts(RED)
    assert decide(GUEST, seen, STATES, NOW, PASS) is None
    assert "BRIDGE_MISSING: kvm2 has no bridge virbr1" in (decide(GUEST, seen, {}, NOW, PASS) or "")


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.tuples(st.booleans(), st.none() | st.booleans())))
def test_only_what_the_facts_know_is_renewed(states):
    info = {"links": [{"name": "a", "admin": "down", "carrier": None}, {"name": "b", "admin": "up", "carrier": True}]}
    found = {link["name"]: (link["admin"] == "up", link["carrier"]) for link in with_links_now(info, states)["links"]}
    assert found == {name: state for name, state in states.items() if name in ("a", "b")}


def golden():
    """Each guest of the golden cases: its XML, its host and policy, and the codes that block it."""
    for file in sorted(CASES.glob("*.yaml")):
        case = yaml.safe_load(file.read_text())
        if not case["destination"].get("silent") and not case.get("overrides"):
            for xml in case.get("guests", ()):
                yield file.stem, xml, plain(info(case["destination"])), case.get("policy") or {}, case["expect"]


def test_it_refuses_no_guest_of_the_golden_cases_that_the_check_does_not_block():
    refused, missed = 0, 0
    for name, xml, facts_, policy, expect in golden():
        guest = describe_incoming(xml).name
        blocked = {
            item["code"] for item in expect["findings"] if item["guest"] == guest and item["severity"] == "blocked"
        }
        said = decide(xml, json.dumps(facts_), links_of(facts_), NOW, GateSettings(1e9, True, policy))
        if said is None:
            missed += bool(blocked)
        else:
            refused += 1
            assert any(f"{code}: " in said for code in blocked), (name, said)
    assert refused > 30, f"{refused} refused, {missed} not seen"


def links_of(found):
    return {link["name"]: (link["admin"] == "up", link["carrier"]) for link in found["links"] or ()}


def test_what_the_guest_may_not_have_had_either():
    bridged = "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/></network>"
    seen = facts(bridged, links=[{"name": "br7", "kind": "bridge"}])
    states = {"br7": (True, False)}
    assert decide(GUEST, seen, states, NOW, PASS) is None
    assert "UPLINK_MISSING: " in decide(GUEST, seen, states, NOW, CONNECTED)
