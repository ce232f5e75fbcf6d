# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replug with a bypass: nobody is without company at any step, and no isolated port reaches another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import (
    Bypass,
    BypassFacts,
    alias_of,
    bypass_of,
    inner_end,
    is_alias_of,
    is_bypass,
    is_end,
    outer_end,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.bypass import bypass_obstacles
from ansible_collections.virtfleet.network.plugins.module_utils._plan.gaps import Gap, Gaps, expected_gaps
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.record import Entry, entries_from_record, record
from ansible_collections.virtfleet.network.plugins.module_utils._plan.replug import with_mtu, with_plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import (
    ASIDE,
    ATTACH,
    BYPASS,
    DESTROY,
    JOIN,
    MOVE,
    START,
    UNBYPASS,
)

from .test_properties import HOST, desired, made

LAB = {"forward": {"mode": "nat"}, "bridge": {"name": "virbr7"}, "ips": [{"address": "10.7.0.1", "prefix": 24}]}
CHANGES = {
    "MTU": {"mtu": 1400},
    "bridge's name": {"bridge": {"name": "virbr8"}},
    "subnet": {"ips": [{"address": "10.8.0.1", "prefix": 24}]},
    "STP": {"bridge": {"name": "virbr7", "stp": False}},
    "mode": {"forward": {"mode": "route"}},
}
IN_THE_WAY = Bypass(("its bridge filters VLANs",))


def plugged_in(number, isolated, kind="guest"):
    tap = BridgePort(f"vnet{number}", 1500, (("isolated", int(isolated)),))
    name = f"web{number}" if kind == "guest" else tap.name
    return Plugged(kind, name, mac=f"52:54:00:00:00:{number:02d}", uuid=f"u{number}", port=f"port{number}", tap=tap)


@st.composite
def crowds(draw, least=2):
    kinds = draw(st.lists(st.tuples(st.booleans(), st.sampled_from(["guest", "device"])), min_size=least, max_size=5))
    return tuple(plugged_in(number, *one) for number, one in enumerate(kinds))


def seen_with(plugged, bypass=None):
    return replace(made(LAB), plugged=plugged, bypass=bypass)


def plan_for(change, plugged, bypass=None, restart="replug"):
    return plan_network(desired(change), seen_with(plugged, bypass), HOST, restart)


def actions(plan):
    return [step.action for step in plan.steps]


def walked(plan, plugged):
    """Where each tap is after each move of one tap, in order, with what is joined then."""
    network = {port.tap.name for port in plugged}
    bypass, joined = set(), False
    for step in plan.steps:
        if step.action in (BYPASS, JOIN):
            joined = True
        elif step.action == DESTROY:
            joined, network = False, set()
        elif step.action == UNBYPASS:
            assert not bypass, "something is still in it"
            joined = False
        for port in step.ports if step.action in (ASIDE, ATTACH, MOVE) else ():
            source, target = (network, bypass) if step.action == ASIDE else (bypass, network)
            source.discard(port.tap.name)
            target.add(port.tap.name)
            yield set(network), set(bypass), joined
        yield set(network), set(bypass), joined


@pytest.mark.parametrize("change", CHANGES)
@given(plugged=crowds())
def test_everybody_has_company_throughout(change, plugged):
    plan = plan_for(CHANGES[change], plugged, Bypass())
    everybody = {port.tap.name for port in plugged}
    isolated = {port.tap.name for port in plugged if port.tap.isolated}
    for network, bypass, joined in walked(plan, plugged):
        assert network | bypass == everybody
        assert not (network and bypass) or joined
        # From the bypass an isolated port does not reach what is beyond it: all that are not isolated are here.
        if bypass & isolated:
            assert everybody - isolated <= bypass


@pytest.mark.parametrize("change", CHANGES)
@given(plugged=crowds())
def test_the_steps_come_in_their_order_once(change, plugged):
    plan = plan_for(CHANGES[change], plugged, Bypass(), "seamless")
    order = [action for action in actions(plan) if action in (BYPASS, ASIDE, DESTROY, START, JOIN, UNBYPASS)]
    assert order == [BYPASS, ASIDE, DESTROY, START, JOIN, UNBYPASS]
    back = [place for place, action in enumerate(actions(plan)) if action in (ATTACH, MOVE)]
    assert actions(plan).index(JOIN) < min(back)
    assert max(back) < actions(plan).index(UNBYPASS)
    assert not plan.warnings
    assert expected_gaps(plan)["guests_ms"] == 50
    assert expected_gaps(plan)["host_ms"] >= 500
    # The host is reached from the join on, whatever comes after it.
    assert expected_gaps(plan)["host_ms"] < 1000 * plan.seconds


@pytest.mark.parametrize("change", CHANGES)
@given(plugged=crowds())
def test_what_is_in_the_way_is_said_and_refused(change, plugged):
    plan = plan_for(CHANGES[change], plugged, IN_THE_WAY)
    assert BYPASS not in actions(plan)
    assert DESTROY in actions(plan)
    assert any("filters VLANs" in warning for warning in plan.warnings)
    gaps = expected_gaps(plan)
    assert gaps["guests_ms"] == gaps["host_ms"]
    with pytest.raises(VirtfleetError) as refused:
        plan_for(CHANGES[change], plugged, IN_THE_WAY, "seamless")
    assert refused.value.code == "SEAMLESS_IMPOSSIBLE"
    assert "filters VLANs" in refused.value.sentence


@given(crowds(), st.sampled_from(["replug", "seamless"]))
def test_a_plan_asks_before_it_does_without(plugged, restart):
    plan = plan_for(CHANGES["MTU"], plugged, None, restart)
    assert plan.needs_bypass_info
    assert not plan_for(CHANGES["MTU"], plugged, Bypass(), restart).needs_bypass_info


@pytest.mark.parametrize("bypass", [Bypass(), IN_THE_WAY])
def test_who_is_alone_needs_none(bypass):
    plan = plan_for(CHANGES["MTU"], (plugged_in(1, isolated=False),), bypass, "seamless")
    assert BYPASS not in actions(plan)
    assert not plan.warnings


@pytest.mark.parametrize("state", ["missing", "down"])
def test_without_a_bridge_there_is_nobody_to_stay_connected(state):
    seen = replace(seen_with((plugged_in(1, isolated=False), plugged_in(2, isolated=False))), bridge_link=state)
    plan = plan_network(desired({}), seen, HOST, "seamless")
    assert DESTROY in actions(plan)
    assert BYPASS not in actions(plan)
    assert not plan.needs_bypass_info


def test_a_bridge_of_the_hosts_has_no_bypass():
    plugged = (plugged_in(1, isolated=False), plugged_in(2, isolated=False))
    change = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ips": []}
    plan = plan_for(change, plugged, Bypass())
    assert BYPASS not in actions(plan)
    assert any("one of the host's" in warning for warning in plan.warnings)
    with pytest.raises(VirtfleetError, match="one of the host's"):
        plan_for(change, plugged, Bypass(), "seamless")


@given(crowds(), crowds(least=0), st.sampled_from(sorted(CHANGES)))
def test_a_plan_takes_those_who_are_there_by_then(first, then, change):
    assume(any(port.kind == "guest" for port in first))
    plan = plan_for(CHANGES[change], first, Bypass())
    again = with_plugged(plan, seen_with(first, Bypass()), then)
    before = actions(plan).index(DESTROY)
    assert actions(again)[: before + 1] == actions(plan)[: before + 1]
    assert {port.name for step in again.steps if step.action == ASIDE for port in step.ports} == {p.name for p in then}
    back = {port.tap.name for step in again.steps if step.action in (ATTACH, MOVE) for port in step.ports}
    assert back == {port.tap.name for port in then}


def test_a_dormant_link_is_written_down():
    port = plugged_in(1, isolated=True)
    port = replace(port, tap=replace(port.tap, dormant=True))
    plan = plan_for(CHANGES["MTU"], (port, plugged_in(2, isolated=False)), Bypass())
    (entry,) = entries_from_record(json.loads(json.dumps(record([Entry(plan, seen_with((port,)))]))))
    assert entry.was.plugged == (port,)
    assert entry.plan.steps == plan.steps


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_fit_and_are_recognized(one, other):
    names = {name for bypass in map(bypass_of, (one, other)) for name in (bypass, outer_end(bypass), inner_end(bypass))}
    assert all(len(name) <= 15 for name in names)
    assert len(names) == (3 if one == other else 6)
    assert all(is_end(name) != is_bypass(name) for name in names)
    assert not any(check(name) for name in ("virbr0", "vfbp", "vfbp0000000", "vnet0") for check in (is_end, is_bypass))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (BypassFacts(), ()),
        (BypassFacts(taken=("vfbp1",)), ("this host already has a link vfbp1",)),
        (
            BypassFacts(refused=(("veth", "Operation not permitted"),)),
            ("this user cannot create links of kind veth on this host (Operation not permitted)",),
        ),
        (BypassFacts(filters_vlans=True), ("its bridge filters VLANs",)),
        (BypassFacts(daemon_stp=True), ("a daemon decides by STP which ports of its bridge forward",)),
        (BypassFacts(silent=("p3",)), ("STP keeps p3 from forwarding",)),
    ],
)
def test_obstacles(facts, said):
    assert bypass_obstacles(facts).obstacles == said


def test_every_obstacle_is_said():
    facts = BypassFacts(("a",), (("veth", "no"),), False, True, True, silent=("p3",), unequal=("rule",))
    assert len(bypass_obstacles(facts).obstacles) == 7


def test_gaps_of_a_bypass():
    gaps = Gaps(stopped=10.0, joined=10.5, isolated={"vnet2"})
    gaps.add({"vnet1": (9.9, 9.902), "vnet2": (9.95, 9.951)})
    gaps.add({"vnet1": (10.6, 10.605), "vnet2": (10.55, 10.552)})
    assert gaps.measured() == {"vnet1": Gap(500.0, 5.0), "vnet2": Gap(602.0, 2.0)}


def test_gaps_without_one():
    gaps = Gaps(stopped=10.0)
    gaps.add({"vnet1": (None, 10.5)})
    assert gaps.measured() == {"vnet1": Gap(500.0, 500.0)}


def test_one_who_came_too_late_for_the_bypass_has_the_whole_gap():
    gaps = Gaps(stopped=10.0, joined=10.5)
    gaps.add({"vnet1": (None, 10.6)})
    assert gaps.measured() == {"vnet1": Gap(600.0, 600.0)}


@given(st.one_of(st.text(), st.text("'\"\\\n\u00e9a", min_size=200, max_size=255)))
def test_an_alias_needs_no_escapes_and_fits(network):
    alias = alias_of(network)
    assert json.dumps(alias) == f'"{alias}"'
    assert len(alias.encode()) <= 255
    assert is_alias_of(alias, network)
    assert not is_alias_of("", network)


def test_a_network_s_new_mtu_is_for_its_guests():
    """Another device may be in use beyond the network, and may not be able to have it."""
    guest, device, own = plugged_in(1, False), plugged_in(2, False, "device"), plugged_in(3, False)
    own = replace(own, tap=replace(own.tap, mtu=1450))
    taps = [port.tap.mtu for port in with_mtu((guest, device, own), {}, {"mtu": 9000})]
    assert taps == [9000, 1500, 1450]
