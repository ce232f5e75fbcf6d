# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was broken off anywhere, its recovery broken off too, and a change that nobody confirmed."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_state import BridgeState
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import Bypass
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import RESTARTS
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import members_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.guest import Guest, Nic
from ansible_collections.virtfleet.network.plugins.module_utils._plan.after_recovery import after_recovery
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.record import Entry, entries_from_record, record
from ansible_collections.virtfleet.network.plugins.module_utils._plan.recovery import (
    merge_entries,
    recovery_steps,
    rollback_of_interrupted,
    stp_again,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import ATTACH, DESTROY, MOVE, Plan
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import write_network

from . import libvirt_on_paper as paper
from .libvirt_on_paper import run_transaction, same
from .networks import definitions
from .test_properties import DEVICE, GUEST, HOST, made, observations, planned, requests

TAPPED = replace(
    GUEST,
    tap=BridgePort(
        "vnet0",
        1500,
        (("isolated", 1), ("learning", 0), ("locked", 1)),
        (("52:54:00:00:00:01", 64, 0), ("52:54:00:00:00:02", 2, 0)),
        groups=("0700000001",),
    ),
)
NIC = Nic("52:54:00:00:00:01", "network", network="red", port=GUEST.port, target="vnet0")
# Steps that do one thing after another.
SEVERAL = ("aside", "attach", "move", "release", "reclaim", "free")
GUESTS = (Guest("web1", "u1", running=True, nics=(NIC,)),)


def in_use(seen):
    if not seen.active or members_of(seen.live):
        return seen
    return paper.as_read(replace(seen, plugged=(TAPPED, DEVICE)))


def recovery(plan, seen, now):
    return recovery_steps(plan, seen, paper.as_read(now), HOST, GUESTS)


def way_back(plan, seen, now):
    return rollback_of_interrupted(plan, seen, paper.as_read(now), HOST, GUESTS)


def is_settled(after, steps):
    """Nothing is left to be done. What nobody looks at in a bridge of the host's is done again, to no effect."""
    return same(run_transaction(after, steps), after) and (not steps or paper.as_read(after) != after)


def broken_off(data, seen, steps):
    """The network where a run of these steps was killed, between two of them or within one; perhaps it was not."""
    steps = list(steps)
    points = [(count, None) for count in range(len(steps) + 1)]
    points += [
        (count, ports) for count, step in enumerate(steps) for ports in range(len(step.ports)) if step.action in SEVERAL
    ]
    count, ports = data.draw(st.sampled_from(points))
    half = run_transaction(seen, steps[:count])
    return half if ports is None else run_transaction(half, [paper.broken_off(steps[count], ports)])


@given(requests(), observations(), st.booleans())
def test_a_journal_brings_back_what_was_written(wanted, seen, back):
    plan, _refusal = planned(wanted, in_use(seen), "replug")
    assume(plan is not None and plan.changed)
    written = json.loads(json.dumps(record([Entry(plan, in_use(seen), back)])))
    (entry,) = entries_from_record(written)
    assert entry.plan.steps == plan.steps
    assert entry.was == replace(in_use(seen), bypass=None)
    assert entry.back == back


@given(requests(), observations(), st.data())
def test_a_run_that_is_broken_off_leaves_the_old_network_or_the_new_one(wanted, seen, data):
    """However often its recovery is broken off too; and the next run converges."""
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    whole = run_transaction(seen, plan.steps)
    half = broken_off(data, seen, plan.steps)
    for _kill in range(data.draw(st.integers(0, 3))):
        half = broken_off(data, half, recovery(plan, seen, half))
    after = run_transaction(half, recovery(plan, seen, half))
    assert same(after, seen) or same(after, whole)
    assert is_settled(after, recovery(plan, seen, after))
    again = run_transaction(after, planned(wanted, paper.as_read(after), "replug")[0].steps)
    assert same(again, whole)
    assert planned(wanted, paper.as_read(again), "replug")[0].steps == ()


def as_looked_at(seen):
    """Guests come first, and what keeps a bypass from being made is looked for on the host."""
    plugged = tuple(sorted(seen.plugged or (), key=lambda port: port.kind == "device"))
    return replace(seen, plugged=plugged, bypass=Bypass())


def changes(plan):
    """What a diff shows; where nothing but the state changes, a plan may leave out the rest."""
    options = {*plan.before, *plan.after}
    return {
        option: (plan.before.get(option), plan.after.get(option))
        for option in options
        if plan.before.get(option) != plan.after.get(option)
    }


@given(requests(), observations(), requests(), st.booleans(), st.data())
def test_check_mode_plans_on_what_the_recovery_leaves(wanted, seen, later, back, data):
    """For any later run, by any user."""
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    half = broken_off(data, seen, plan.steps)
    entry = Entry(plan, seen, back)
    steps, told = after_recovery(entry, paper.as_read(half), HOST, GUESTS)
    assert steps == (way_back if back else recovery)(plan, seen, half)
    after = paper.as_read(run_transaction(half, steps))
    restart = data.draw(st.sampled_from(RESTARTS))
    predicted, refused = planned(later, as_looked_at(told), restart)
    real, refusal = planned(later, as_looked_at(after), restart)
    assert (refused and (refused.code, refused.sentence)) == (refusal and (refusal.code, refusal.sentence))
    if predicted is not None:
        # Records that were removed and added again have another order.
        assert sorted(step.sentence for step in predicted.steps) == sorted(step.sentence for step in real.steps)
        assert (changes(predicted), predicted.pending) == (changes(real), real.pending)
        assert predicted.blocked_by_guests == real.blocked_by_guests


@given(requests(), observations(), st.booleans(), st.data())
def test_a_recovery_moves_no_tap_that_its_run_left_in_place(wanted, seen, remote, data):
    """It needs no more rights than the run had, and touches no device of this host for a network of another one."""
    seen = in_use(seen)
    host = replace(HOST, remote=remote)
    if remote:
        seen = with_ports_alone(seen)
    try:
        plan = plan_network(wanted, seen, host, "replug")
    except VirtfleetError:
        plan = Plan("red")
    assume(plan.changed)
    half = broken_off(data, seen, plan.steps)
    now = with_ports_alone(half) if remote else paper.as_read(half)
    ways = [recovery_steps(plan, seen, now, host, GUESTS), rollback_of_interrupted(plan, seen, now, host, GUESTS)]
    actions = {step.action for way in ways for step in way}
    if not any(step.action == DESTROY for step in plan.steps):
        assert MOVE not in actions
    if remote:
        assert ATTACH not in actions


def with_ports_alone(seen):
    guests = [port for port in seen.plugged or () if port.kind == "guest"]
    return replace(seen, plugged=tuple(replace(port, tap=BridgePort("vnet0")) for port in guests))


@given(requests(), observations(), st.data())
def test_a_rollback_that_is_broken_off_is_completed(wanted, seen, data):
    """Also a definition comes back that somebody made by hand for the next start."""
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    half = broken_off(data, seen, plan.steps)
    for _kill in range(data.draw(st.integers(1, 3))):
        half = broken_off(data, half, way_back(plan, seen, half))
    after = run_transaction(half, way_back(plan, seen, half))
    assert same(after, seen)
    assert after.persistent_xml == seen.persistent_xml
    assert way_back(plan, seen, after) == ()


@given(requests(), observations(), definitions(), st.data())
def test_what_somebody_defines_after_the_kill_stays(wanted, seen, edit, data):
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    half = broken_off(data, seen, plan.steps)
    theirs = {**made(edit).persistent, "metadata": ['<by-hand xmlns="urn:hand"></by-hand>']}
    half = replace(half, persistent=theirs, persistent_xml=write_network(theirs))
    after = run_transaction(half, recovery(plan, seen, half))
    assume(after.persistent is not None)  # the plan was to remove it
    assert after.persistent_xml == write_network(theirs)


@given(requests(), observations())
def test_a_change_that_nobody_confirmed_is_taken_back(wanted, seen):
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    after = run_transaction(seen, plan.steps)
    assert same(run_transaction(after, way_back(plan, seen, after)), seen)


@given(requests(), requests(), observations(), st.data())
def test_changes_that_nobody_confirmed_are_taken_back_together(first, second, seen, data):
    """The first is done; the second, which joined it, perhaps by half."""
    seen = in_use(seen)
    plan, _refusal = planned(first, seen, "replug")
    assume(plan is not None and plan.changed)
    after = paper.as_read(run_transaction(seen, plan.steps))
    then, _refusal = planned(second, after, "replug")
    assume(then is not None and then.changed)
    (entry,) = merge_entries([Entry(plan, seen), Entry(then, after)])
    half = broken_off(data, after, then.steps)
    back = run_transaction(half, way_back(entry.plan, entry.was, half))
    assert same(back, seen)


BRIDGES = st.builds(BridgeState, st.sampled_from(["virbr7", "br0"]), st.sampled_from([3, 4]), st.booleans())


@given(st.lists(BRIDGES, max_size=2, unique_by=lambda bridge: bridge.name), BRIDGES, st.booleans())
def test_stp_comes_back(was, now, defined):
    """As it was on the same bridge; as defined on one that was made again since; never on another's bridge."""
    seen = made({"forward": {}, "bridge": {"name": "virbr7", "stp": defined}})
    steps = stp_again(was, [now], seen)
    same_one = [bridge for bridge in was if (bridge.name, bridge.index) == (now.name, now.index)]
    wanted = same_one[0].stp if same_one else defined and now.name == "virbr7"
    assert bool(steps) == (wanted and not now.stp)
    assert all(step.value and step.section == now.name for step in steps)
