# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every portgroup of every network."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.portgroup import DesiredPortgroup
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rollback import rollback
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import write_network
from ansible_collections.virtfleet.network.tests.unit.plan.libvirt_on_paper import run_transaction, same
from ansible_collections.virtfleet.network.tests.unit.plan.networks import definitions, portgroups

from .paper import HOST, planned


def made(options, state):
    wanted = Desired("red", state=state, declared=declaration(options))
    seen = run_transaction(Observed("red"), plan_network(wanted, Observed("red"), HOST, "idle").steps)
    return replace(seen, plugged=())


@st.composite
def networks(draw):
    """Active, inactive or transient, and with portgroups that may differ live; a pool's members may be held."""
    options = draw(definitions())
    kind = draw(st.sampled_from(["inactive", "active", "transient", "drifted"]))
    seen = made(options, "inactive" if kind == "inactive" else "active")
    if kind == "transient":
        seen = replace(seen, persistent=None, persistent_xml="")
    if kind == "drifted":
        live = {**seen.live, "portgroups": draw(portgroups(bandwidth=False))}
        seen = replace(seen, live=live, live_xml=write_network(live))
    members = [item["dev"] for item in (seen.live or {}).get("forward", {}).get("interfaces", ())]
    held = draw(st.lists(st.sampled_from(members), unique=True)) if members else []
    return replace(seen, plugged=tuple(Plugged("guest", f"g-{dev}", port=f"port-{dev}", member=dev) for dev in held))


@st.composite
def wishes(draw):
    given_options = {
        "default": st.booleans(),
        "trust_guest_rx_filters": st.booleans(),
        "bandwidth": st.just({}),
        "vlan": st.just({}),
        "virtualport": st.just({}),
    }
    options = draw(st.fixed_dictionaries({}, optional=given_options))
    return DesiredPortgroup(
        "red", draw(st.sampled_from("abcde")), draw(st.sampled_from(["present", "absent"])), options
    )


def groups(document):
    return {g["name"]: g for g in canonical(NETWORK, document or {}).get("portgroups", [])}


@given(wishes(), networks())
def test_a_second_run_finds_nothing_to_do(wish, seen):
    after = run_transaction(seen, planned(wish, seen)[0].steps)
    again, _running = planned(wish, after)
    assert [step.sentence for step in again.steps] == []
    assert again.pending == ()


@given(wishes(), networks())
def test_it_is_as_wished_live_and_persistent(wish, seen):
    after = run_transaction(seen, planned(wish, seen)[0].steps)
    for was, now in ((seen.live, after.live), (seen.persistent, after.persistent)):
        assert (now is None) == (was is None), "a network stays what it is: running or not, transient or not"
        if now is None:
            continue
        before, found = groups(was), groups(now)
        assert (wish.name in found) == (wish.state == "present")
        mine = found.get(wish.name, {})
        if wish.state == "present":
            for option in wish.options:
                assert (mine.get(option) or False) == (wish.options[option] or False)
            for option in set(before.get(wish.name, {})) - set(wish.options):
                assert mine[option] == before[wish.name][option]
        for name in set(before) | set(found) - {wish.name}:
            if name != wish.name:
                lost = {"default"} if mine.get("default") else set()
                assert found[name] == {k: v for k, v in before[name].items() if k not in lost}
        assert {**now, "portgroups": []} == {**was, "portgroups": []}, "nothing but portgroups changes"


@given(wishes(), networks())
def test_nobody_is_unplugged_and_the_books_are_right(wish, seen):
    """libvirt_on_paper refuses an update of a pool whose ports are not set aside."""
    steps = planned(wish, seen)[0].steps
    after = run_transaction(seen, steps)
    assert {port.port for port in after.plugged} == {port.port for port in seen.plugged}
    assert all(step.action in ("define", "update", "release", "reclaim") for step in steps)


@given(wishes(), networks(), st.data())
def test_whatever_was_done_is_taken_back(wish, seen, data):
    steps = planned(wish, seen)[0].steps
    done = list(steps[: data.draw(st.integers(0, len(steps)))])
    half = run_transaction(seen, done)
    assert same(run_transaction(half, rollback(seen, half, HOST, None)), seen)


@given(wishes(), networks())
def test_changed_and_diff_agree(wish, seen):
    plan, _running = planned(wish, seen)
    assert plan.changed == (plan.before != plan.after)
