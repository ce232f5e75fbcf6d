# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_settings import BridgeSettings
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import Bypass
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import (
    RESTARTS,
    STATES,
    Desired,
    declaration,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import is_virtual, members_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network, plan_pool
from ansible_collections.virtfleet.network.plugins.module_utils._plan.port_accounting import PortAccounting
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rollback import rollback
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import DESTROY

from .libvirt_on_paper import UUID, run_transaction, same
from .networks import DEVICES, EVERYTHING_ELSE_GONE, definitions

HOST = Host((9, 0, 0))
GUEST = Plugged("guest", "web1", mac="52:54:00:00:00:01", port="port-web1")


def desired(options, state="active", autostart=None):
    # A network has one UUID, whatever becomes of it.
    return Desired("red", state=state, autostart=autostart, declared=declaration(options), new_uuid=UUID)


def made(options, state="active", autostart=None):
    return run_transaction(
        Observed("red"), plan_network(desired(options, state, autostart), Observed("red"), HOST, "idle").steps
    )


def planned(wanted, seen, restart):
    try:
        return plan_network(wanted, seen, HOST, restart), None
    except VirtfleetError as error:
        return None, error


def rolled_back(seen, done):
    """The network after some steps and their rollback."""
    half = run_transaction(seen, done)
    return run_transaction(half, rollback(seen, half, HOST, None))


SETTINGS = st.sampled_from([BridgeSettings(), BridgeSettings((("ageing_time", 100), ("multicast_snooping", 0)))])
# Not looked at, possible, and impossible.
BYPASSES = st.sampled_from([None, Bypass(), Bypass(("this host already has a link vfbp00000000",))])


@st.composite
def observations(draw):
    """A network as a host may have it: none, inactive, active, transient, or drifted apart."""
    kind = draw(st.sampled_from(["none", "inactive", "active", "transient", "drifted"]))
    if kind == "none":
        return Observed("red", plugged=())
    seen = made(draw(definitions()), "inactive" if kind == "inactive" else "active", draw(st.booleans()))
    if kind == "transient":
        seen = replace(seen, persistent=None, persistent_xml="", autostart=False)
    if kind == "drifted":
        other = made(draw(definitions()))
        seen = replace(seen, persistent=other.persistent, persistent_xml=other.persistent_xml)
    seen = replace(seen, plugged=(), bypass=draw(BYPASSES))
    return replace(seen, bridge_settings=draw(SETTINGS)) if seen.active and is_virtual(seen.live) else seen


@st.composite
def requests(draw):
    state = draw(st.sampled_from(STATES))
    options = {} if state == "absent" else {**EVERYTHING_ELSE_GONE, **draw(definitions())}
    return desired(options, state, draw(st.sampled_from([None, True, False])))


@given(requests(), observations())
def test_a_second_run_finds_nothing_to_do(wanted, seen):
    after = run_transaction(seen, plan_network(wanted, seen, HOST, "idle").steps)
    again = plan_network(wanted, after, HOST, "idle")
    assert [step.sentence for step in again.steps] == []
    assert again.pending == ()


@given(requests(), observations())
def test_what_was_wanted_is_there(wanted, seen):
    after = run_transaction(seen, plan_network(wanted, seen, HOST, "idle").steps)
    states = {"active": ["active"], "inactive": ["inactive"], "absent": ["absent"], "present": ["active", "inactive"]}
    assert after.state in states[wanted.state]
    if wanted.state != "absent":
        assert after.persistent is not None
        assert wanted.autostart in (None, after.autostart)


@given(requests(), observations(), st.sampled_from(["idle", "never"]))
def test_who_is_plugged_in_is_never_cut_off_unasked(wanted, seen, restart):
    seen = replace(seen, plugged=(GUEST,) if seen.active else ())
    plan, refusal = planned(wanted, seen, restart)
    if refusal:
        assert refusal.code == "IN_USE"
        assert "web1" in refusal.sentence
        assert "nothing was changed" in refusal.sentence
    elif seen.active:
        assert all(step.disruption != "restart" for step in plan.steps)
        # A pool of PCI devices is stopped and started with the ports aside, which its guests do not notice.
        pool = seen.live.get("forward", {}).get("mode") == "hostdev"
        assert pool or all(step.action != DESTROY for step in plan.steps)


DEVICE = Plugged("device", "ct0", mac="52:54:00:00:00:02", tap=BridgePort("ct0", 1500))


@given(requests(), observations(), st.data())
def test_replug_puts_everybody_back_or_names_who_has_to_wait(wanted, seen, data):
    tap = replace(GUEST, tap=BridgePort("vnet0", 1500))
    virtual = is_virtual(seen.live or {})
    plugged = (tap, DEVICE) if virtual else (tap,)
    seen = replace(seen, plugged=plugged if seen.active and not members_of(seen.live) else ())
    plan, refusal = planned(wanted, seen, "replug")
    if refusal:
        assert refusal.code == "IN_USE"
        assert wanted.state in ("inactive", "absent")
        return
    after = run_transaction(seen, plan.steps)
    assert {port.name for port in after.plugged} == {port.name for port in seen.plugged}
    if plan.blocked_by_guests:
        assert plan.pending
        assert all(step.action != DESTROY for step in plan.steps)
    else:
        assert plan.pending == ()
        assert [step.sentence for step in planned(wanted, after, "replug")[0].steps] == []
    done = list(plan.steps[: data.draw(st.integers(0, len(plan.steps)))])
    assert same(rolled_back(seen, done), seen)


@given(requests(), observations())
def test_never_leaves_for_the_next_start_what_only_a_restart_can_bring(wanted, seen):
    plan = plan_network(wanted, seen, HOST, "never")
    after = run_transaction(seen, plan.steps)
    again = plan_network(wanted, after, HOST, "never")
    assert again.steps == ()
    # What libvirt makes up for the new definition (a bridge name for a new mode) may wait with the rest.
    assert set(plan.pending) <= set(again.pending)
    assert bool(plan.pending) == bool(again.pending)
    if plan.pending:
        assert wanted.state in ("active", "present")


@given(requests(), observations())
def test_plans_with_nobody_plugged_in_ask_who_is_before_they_stop_anything(wanted, seen):
    plan = plan_network(wanted, replace(seen, plugged=None), HOST, "idle")
    if any(step.action == DESTROY for step in plan.steps):
        assert plan.needs_port_info


@given(requests(), observations(), st.data())
def test_whatever_was_done_is_taken_back(wanted, seen, data):
    steps = plan_network(wanted, seen, HOST, "idle").steps
    done = list(steps[: data.draw(st.integers(0, len(steps)))])
    after = rolled_back(seen, done)
    assert same(after, seen)


def told(side, seen):
    """What a side of a diff says, and the same as the network has it."""
    document = canonical(NETWORK, seen.persistent if seen.persistent is not None else {})
    there = {
        "state": seen.state,
        "autostart": seen.autostart,
        "persistent": seen.persistent is not None,
        **{name: value for name, value in document.items() if name != "metadata"},
    }
    if "name" not in side.get("bridge", {}):  # libvirt makes it up
        there["bridge"] = {key: value for key, value in there.get("bridge", {}).items() if key != "name"} or None
    names = [name for name in side if name not in ("live", "managed")]
    return {name: side[name] for name in names}, {name: there.get(name) for name in names}


@given(requests(), observations(), st.sampled_from(["idle", "never"]))
def test_changed_diff_and_steps_agree(wanted, seen, restart):
    """There is a diff where something is done, its sides differ, and both are true."""
    plan = plan_network(wanted, seen, HOST, restart)
    assert bool(plan.before or plan.after) == bool(plan.steps or plan.pending)
    assert (plan.before != plan.after) == bool(plan.steps)
    if plan.steps:
        said, there = told(plan.before, seen)
        assert said == there
        after = run_transaction(seen, plan.steps)
        said, there = told(plan.after, after)
        assert said == there
        assert plan.before["state"] == seen.state
        assert plan.after["state"] == after.state


@given(definitions(), definitions())
def test_what_is_left_out_is_left_alone(first, second):
    """Declaring nothing but the portgroups changes nothing but the portgroups."""
    seen = replace(made(first), plugged=())
    groups = [{k: v for k, v in group.items() if k != "bandwidth"} for group in second["portgroups"]]
    after = run_transaction(seen, plan_network(desired({"portgroups": groups}), seen, HOST, "idle").steps)
    for option in set(seen.persistent) - {"portgroups"}:
        assert after.persistent[option] == seen.persistent[option]


@given(definitions(), definitions())
def test_generated_values_survive_every_change(first, second):
    seen = replace(made(first), plugged=())
    wanted = {k: v for k, v in {**EVERYTHING_ELSE_GONE, **second}.items() if k != "bridge"}
    wanted["forward"] = first["forward"]
    if "bridge" not in first and first["forward"].get("mode") in (None, "nat", "route", "open"):
        wanted.update(ips=first.get("ips", []), portgroups=[])
        wanted.pop("mtu")
        after = run_transaction(seen, plan_network(desired(wanted), seen, HOST, "idle").steps)
        for option in ("uuid", "mac", "bridge"):
            assert after.persistent[option] == seen.persistent[option]


@given(requests(), observations(), st.data())
def test_a_pools_books_are_right_after_updates(wanted, seen, data):
    """libvirt_on_paper refuses an update of a pool with ports, as it would corrupt the books; none is lost either."""
    members = members_of(seen.live or {})
    held = data.draw(st.lists(st.sampled_from(members), unique=True)) if members else []
    guests = tuple(Plugged("guest", f"g-{dev}", port=f"port-{dev}", member=dev) for dev in held)
    seen = replace(seen, plugged=guests)
    plan, refusal = planned(wanted, seen, data.draw(st.sampled_from(["idle", "never"])))
    if refusal:
        assert refusal.code == "IN_USE"
        return
    after = run_transaction(seen, plan.steps)
    assert {port.port for port in after.plugged} == {port.port for port in guests}
    if after.live:
        assert set(held) <= set(members_of(after.live)), "a member in use is never taken away"
    done = list(plan.steps[: data.draw(st.integers(0, len(plan.steps)))])
    assert same(rolled_back(seen, done), seen)


POOLS = st.sampled_from(["private", "vepa", "passthrough", "hostdev"])


def pool_of(mode, members):
    if mode == "hostdev":
        return {"mode": mode, "addresses": [{"address": f"0000:03:10.{dev[1]}"} for dev in members]}
    return {"mode": mode, "interfaces": [{"dev": dev} for dev in members]}


@given(POOLS, DEVICES, DEVICES, st.data())
def test_a_drained_pool_keeps_the_ports_of_those_who_stay(mode, first, second, data):
    """Guests of members that go lose their ports, all others keep them; a stale port goes, and all is taken back."""
    seen = made({"forward": pool_of(mode, first)})
    here = members_of(seen.live)
    held = data.draw(st.lists(st.sampled_from(here), unique=True))
    stray = Plugged("guest", "stray", port="port-stray", member="p9") if mode != "hostdev" else None
    guests = tuple(Plugged("guest", f"g-{dev}", port=f"port-{dev}", member=dev) for dev in held)
    stale = tuple(guest for guest in guests if data.draw(st.booleans()))
    if stray and data.draw(st.booleans()):
        guests, stale = (*guests, stray), (*stale, stray)
    seen = replace(seen, plugged=guests)
    accounting = PortAccounting(drain=True, freed=stale, recount=data.draw(st.booleans()))
    plan = plan_pool(desired({"forward": pool_of(mode, second)}), seen, HOST, "idle", accounting)
    after = run_transaction(seen, plan.steps)
    wanted = set(members_of({"forward": pool_of(mode, second)}))
    assert set(members_of(after.live)) == set(members_of(after.persistent)) == wanted
    kept = {guest.port for guest in guests if guest not in stale and guest.member in wanted}
    assert {port.port for port in after.plugged} == kept
    assert all(step.disruption == "none" for step in plan.steps)
    done = list(plan.steps[: data.draw(st.integers(0, len(plan.steps)))])
    if not stale:
        assert same(rolled_back(seen, done), seen)


@given(POOLS.filter(lambda mode: mode != "hostdev"), DEVICES)
def test_a_guest_without_a_port_is_counted_when_its_member_comes_back(mode, members):
    seen = replace(made({"forward": pool_of(mode, members[1:])}), plugged=())
    back = Plugged("guest", "web1", port="port-web1", member=members[0])
    accounting = PortAccounting(returning=(back,))
    plan = plan_pool(desired({"forward": pool_of(mode, members)}), seen, HOST, "idle", accounting)
    after = run_transaction(seen, plan.steps)
    assert [port.port for port in after.plugged] == ["port-web1"]
    assert same(rolled_back(seen, list(plan.steps)), seen)


@pytest.mark.parametrize("restart", RESTARTS)
def test_a_name_alone_starts_what_is_there_and_makes_nothing(restart):
    seen = made({"forward": {}}, "inactive")
    assert [step.action for step in plan_network(desired({}), seen, HOST, restart).steps] == ["start"]
    with pytest.raises(VirtfleetError) as refused:
        plan_network(desired({}), Observed("red"), HOST, restart)
    assert refused.value.code == "NETWORK_MISSING"


ALOUD = [{"trust_guest_rx_filters": False}, {"ipv6": False}, {"mtu": 0}, {"dns": {"forward_plain_names": True}}]


@given(st.sampled_from(ALOUD), st.booleans())
def test_a_rollback_starts_what_ran_to_the_word(said, running):
    """A default that only one of the definitions says: libvirt shows what it was started with."""
    bare = {"name": "red", "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
    live, persistent = ({**bare, **said}, bare) if running else (bare, {**bare, **said})
    was = Observed("red", live=live, live_xml="<live/>", persistent=persistent, persistent_xml="<persistent/>")
    now = Observed("red", persistent=persistent, persistent_xml="<persistent/>")
    steps = rollback(was, now, HOST, None)
    assert [(step.action, step.xml) for step in steps] == [
        ("define", "<live/>"), ("start", ""), ("define", "<persistent/>"),
    ]  # fmt: skip
    alike = Observed("red", live=live, live_xml="<live/>", persistent=live, persistent_xml="<live/>")
    stopped = Observed("red", persistent=live, persistent_xml="<live/>")
    assert [step.action for step in rollback(alike, stopped, HOST, None)] == ["start"]
