# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task about members of a pool changes these members and nothing else, whatever else is pending in the network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import members_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_pool
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.choice import ChoiceContext, choose
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.live_and_persistent import (
    desired_pool,
    warnings_about_difference,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.occupancy import PoolUsage, occupancy
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.request import Request
from ansible_collections.virtfleet.network.plugins.module_utils._plan.port_accounting import PortAccounting
from ansible_collections.virtfleet.network.plugins.module_utils._plan.transient import keep_transient
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import write_network
from ansible_collections.virtfleet.network.tests.unit.plan import libvirt_on_paper as paper

from .test_occupancy import devices, port, runs

HOST = Host((9, 0, 0))
NAMES = [f"p{number}" for number in range(5)]
HERE = devices(*NAMES)
RESTARTS = ["idle", "never", "replug", "seamless", "force"]
MODES = st.sampled_from(["passthrough", "private", "vepa", "bridge"])
MEMBERS = st.lists(st.sampled_from(NAMES), unique=True, max_size=4)


def definition(mode, members, **rest):
    forward = {"mode": mode, **({"interfaces": [{"dev": dev} for dev in members]} if members else {})}
    return {"name": "net", "uuid": paper.UUID, **rest, "forward": forward}


def seen_as(live, persistent):
    return Observed(
        "net",
        live=live,
        live_xml=write_network(live) if live else "",
        persistent=persistent,
        persistent_xml=write_network(persistent) if persistent else "",
        plugged=(),
    )


GROUPS = st.just([{"name": "a"}])
DEFINITIONS = st.builds(definition, MODES, MEMBERS, portgroups=GROUPS) | st.builds(definition, MODES, MEMBERS)
OBSERVED = st.builds(seen_as, DEFINITIONS, st.none() | DEFINITIONS) | st.builds(seen_as, st.none(), DEFINITIONS)
SELECTED = st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=3).map(tuple)
REQUESTS = st.builds(
    lambda members, kind: Request("net", members=members, present=kind != "absent", exclusive=kind == "exclusive"),
    SELECTED,
    st.sampled_from(["present", "absent", "exclusive"]),
)


def planned(request, seen, restart="idle", ports=(), guests=()):
    document = seen.persistent if seen.persistent is not None else seen.live
    pool = occupancy("net", seen.definition, {}, PoolUsage({"net": ports}, guests, HERE))
    choice = choose(request, document, pool, {}, ChoiceContext(HERE, {}, seen.live))
    desired = desired_pool(request, seen, document, choice, {})
    plan = plan_pool(desired, replace(seen, plugged=tuple(ports)), HOST, restart, PortAccounting(drain=request.drain))
    return keep_transient(plan, seen), warnings_about_difference(request.network, seen, choice)


def rest_of(document):
    """All but the members of the pool."""
    if document is None:
        return None
    made = canonical(NETWORK, document)
    made["forward"] = {name: value for name, value in made["forward"].items() if name != "interfaces"}
    return {name: value for name, value in made.items() if name != "metadata"}


def as_asked(request, before, after):
    had, has, named = set(members_of(before)), set(members_of(after)), set(request.members)
    if request.exclusive:
        return has == named
    return has == (had | named if request.present else had - named)


@given(REQUESTS, OBSERVED, st.sampled_from(RESTARTS))
def test_only_the_members_change_live_and_persistent(request, seen, restart):
    plan, _warnings = planned(request, seen, restart)
    after = paper.run_transaction(seen, plan.steps)
    assert (after.live is None) == (seen.live is None)
    assert (after.persistent is None) == (seen.persistent is None), "a transient network stays one"
    assert not plan.pending
    for before, now in ((seen.live, after.live), (seen.persistent, after.persistent)):
        assert rest_of(before) == rest_of(now)
        assert before is None or as_asked(request, before, now)
    again, _warnings = planned(request, after, restart)
    assert not again.steps
    assert not again.pending


@given(REQUESTS, OBSERVED)
def test_what_stays_pending_is_said(request, seen):
    plan, warnings = planned(request, seen)
    after = paper.run_transaction(seen, plan.steps)
    apart = seen.live is not None and seen.persistent is not None
    modes = apart and seen.live["forward"]["mode"] != seen.persistent["forward"]["mode"]
    members = apart and set(members_of(after.live)) != set(members_of(after.persistent))
    assert any("forward mode" in text for text in warnings) == modes
    assert any("member" in text for text in warnings) == members


def test_a_guest_on_a_member_that_only_runs_does_not_block_others():
    seen = seen_as(definition("passthrough", ["p0", "p1"]), definition("passthrough", ["p0"]))
    ports, guests = (port("g1", "p1"),), (runs("g1", "p1"),)
    plan, warnings = planned(Request("net", members=("p2",)), seen, ports=ports, guests=guests)
    assert plan.changed
    assert len(warnings) == 1
    assert "p1" in warnings[0]
    with pytest.raises(VirtfleetError) as refused:
        planned(Request("net", members=("p0",), exclusive=True), seen, ports=ports, guests=guests)
    assert refused.value.code == "MEMBER_IN_USE"


def hostdev(*addresses, **rest):
    forward = {"mode": "hostdev", "addresses": [{"address": address} for address in addresses]}
    return {"name": "net", "uuid": paper.UUID, **rest, "forward": forward}


@pytest.mark.parametrize("restart", RESTARTS)
def test_a_transient_pool_that_needs_a_restart_is_refused(restart):
    """Stopped, it would be gone."""
    first, second = "0000:03:10.0", "0000:03:10.1"
    seen = seen_as(hostdev(first, second), None)
    with pytest.raises(VirtfleetError) as refused:
        planned(Request("net", members=(second,), present=False), seen, restart)
    assert refused.value.code == "NETWORK_TRANSIENT"
    assert "virt_network" in refused.value.sentence


def test_a_transient_pool_keeps_no_new_limit():
    seen = seen_as(definition("passthrough", ["p0"]), None)
    with pytest.raises(VirtfleetError) as refused:
        planned(Request("net", members=("p0",), max_guests=2), seen)
    assert refused.value.code == "NETWORK_TRANSIENT"


def test_what_a_restart_puts_into_effect_beside_the_members_is_said():
    first, second = "0000:03:10.0", "0000:03:10.1"
    seen = seen_as(hostdev(first, second), hostdev(first, second, portgroups=[{"name": "a"}]))
    plan, _warnings = planned(Request("net", members=(second,), present=False), seen)
    assert [step.action for step in plan.steps] == ["define", "destroy", "start"]
    assert any("portgroups" in text for text in plan.warnings)
