# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a running network's bridge, and what a plan does about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_link import (
    BROKEN,
    COMPLETE,
    DOWN,
    MISSING,
    NO_ADDRESS,
    UNPLUGGED,
    ObservedBridge,
    bridge_link_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import (
    FORCE,
    IDLE,
    NEVER,
    REPLUG,
    RESTARTS,
    Desired,
    declaration,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.guest import Guest, Nic
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import GUEST, Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import (
    ATTACH,
    DESTROY,
    MOVE,
    RECLAIM,
    RESTART,
    START,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.unplugged import still_running, with_unplugged

HOST = Host((9, 0, 0))
NET = {
    "name": "red",
    "uuid": "7c5a3d3e-0000-4000-8000-000000000001",
    "bridge": {"name": "virbr9"},
    "ips": [
        {"address": "10.9.0.1", "prefix": 24},
        {"family": "ipv6", "address": "fd00:9:0::1", "prefix": 64},
    ],
}


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (None, MISSING),
        (ObservedBridge(False, frozenset({"10.9.0.1", "fd00:9::1"})), DOWN),
        (ObservedBridge(True, frozenset({"10.9.0.1"})), NO_ADDRESS),
        (ObservedBridge(True, frozenset({"fd00:9::1"})), NO_ADDRESS),
        (ObservedBridge(True, frozenset({"10.9.0.1", "fd00:9::1", "192.0.2.1"})), COMPLETE),
    ],
)
def test_a_bridge_is_held_against_the_definition(seen, word):
    assert bridge_link_of(NET, seen) == word


@st.composite
def networks(draw):
    """The network red with guests that are plugged in, that have only their port left, and that have not even that."""
    active = draw(st.booleans())
    link = draw(st.sampled_from([COMPLETE, *BROKEN])) if active else "unknown"
    guests, ports, loose = [], [], set()
    for number in range(draw(st.integers(0, 3))):
        how = draw(st.sampled_from(["in", "out", "lost"])) if active and link != MISSING else "lost"
        how = draw(st.sampled_from(["out", "lost"])) if link == MISSING else how
        mac, tap, port = f"52:54:00:00:00:0{number}", f"vnet{number}", f"port-{number}"
        nic = Nic(mac=mac, type="network", network="red", port=port, target=tap, actual="network")
        guests.append(Guest(f"g{number}", f"uuid-{number}", running=True, nics=(nic,)))
        if how != "lost":
            seen = BridgePort(tap, 1500) if how == "in" else BridgePort(tap)
            ports.append(Plugged(GUEST, f"g{number}", mac=mac, uuid=f"uuid-{number}", port=port, tap=seen))
        if how != "in":
            loose.add(tap)
    observed = Observed(
        "red", live=NET if active else None, persistent=NET, plugged=tuple(ports), dnsmasq="running", bridge_link=link
    )
    return with_unplugged(observed, tuple(guests), loose), loose


def planned(observed, restart, **options):
    wanted = Desired(
        "red",
        state="active",
        declared=declaration({"name": "red", **options}),
        new_uuid="7c5a3d3e-0000-4000-8000-000000000001",
    )
    try:
        return plan_network(wanted, observed, HOST, restart)
    except VirtfleetError as error:
        if error.code != "IN_USE":
            raise
        return None


def put_back(plan):
    return {port.tap.name for step in plan.steps if step.action in (ATTACH, MOVE) for port in step.ports if port.tap}


@given(networks(), st.sampled_from(RESTARTS))
def test_who_is_cut_off_is_put_back_and_nobody_else_is_cut_off(network, restart):
    observed, loose = network
    inside = {port.tap.name for port in observed.plugged} - loose
    plan = planned(observed, restart)
    if plan is None:
        assert restart == IDLE
        assert inside
        return
    stopped = any(step.action == DESTROY for step in plan.steps)
    if restart in (IDLE, NEVER):
        assert not (stopped and inside)
    if restart == FORCE:
        assert not put_back(plan)
    elif observed.bridge_link == MISSING and restart == NEVER:
        assert plan.pending == ("bridge_link",)
    else:
        assert put_back(plan) >= loose
        # A stop takes everybody's tap out and everybody's port away.
        assert not stopped or put_back(plan) >= inside
        claimed = {port.tap.name for step in plan.steps if step.action == RECLAIM for port in step.ports}
        assert claimed >= {port.tap.name for port in observed.unplugged if port not in observed.plugged}
    if observed.bridge_link in BROKEN:
        assert stopped or plan.pending == ("bridge_link",)
    assert plan.changed or plan.pending or (observed.is_whole and observed.active) or restart == FORCE


@given(networks())
def test_a_restart_for_another_reason_brings_them_back_too(network):
    observed, loose = network
    plan = planned(observed, REPLUG, mtu=1400)
    assert [step.action for step in plan.steps].count(START) == 1
    assert put_back(plan) >= loose


def test_it_is_shown_in_the_diff():
    observed = Observed("red", live=NET, persistent=NET, plugged=(), dnsmasq="running", bridge_link=MISSING)
    plan = planned(observed, IDLE)
    assert (plan.before["bridge_link"], plan.after["bridge_link"]) == (MISSING, COMPLETE)
    plan = planned(observed, NEVER)
    assert (plan.before["bridge_link"], plan.after["bridge_link"]) == (MISSING, MISSING)
    assert "runs without a working bridge" in plan.warnings[0]


def test_a_bridge_that_is_there_needs_no_restart():
    nic = Nic(mac="52:54:00:00:00:09", type="network", network="red", port="p", target="vnet9")
    guest = Guest("g", "u", running=True, nics=(nic,))
    runs = Observed("red", live=NET, persistent=NET, plugged=(), dnsmasq="running", bridge_link=COMPLETE)
    observed = with_unplugged(runs, (guest,), {"vnet9"})
    assert observed.bridge_link == UNPLUGGED
    plan = planned(observed, NEVER)
    assert [step.action for step in plan.steps] == [MOVE, ATTACH, RECLAIM]
    assert all(step.disruption != RESTART for step in plan.steps)
    assert planned(with_unplugged(runs, (guest,), set()), IDLE).steps == ()


@pytest.mark.parametrize(
    ("own", "network", "options"),
    [
        (None, {}, ()),
        (True, {}, (("isolated", 1),)),
        (None, {"port": {"isolated": True}}, (("isolated", 1),)),
        (False, {"port": {"isolated": True}}, ()),
    ],
)
def test_a_guest_that_is_plugged_in_again_is_isolated_as_libvirt_would_have_it(own, network, options):
    nic = Nic("52:54:00:00:00:01", "network", network="red", port="p", target="vnet1", isolated=own)
    guest = Guest("g", "u", running=True, nics=(nic,))
    (lost,) = with_unplugged(Observed("red", live={**NET, **network}), (guest,), {"vnet1"}).unplugged
    assert lost.tap == BridgePort("vnet1", options=options)


def test_nics_with_one_mac_keep_their_own_ports():
    """A guest has two where they back one another, in two networks."""
    mac = "52:54:00:00:00:01"
    nics = tuple(
        Nic(mac, "network", network=name, port=f"new-{name}", target=f"t-{name}") for name in ("red", "blue", "green")
    )
    guests = (Guest("g", "u", running=True, nics=nics),)
    for name in ("red", "blue", "green"):
        port = Plugged(GUEST, "g", mac=mac, uuid="u", port="old", tap=BridgePort(f"t-{name}", 1500))
        assert [found.port for found in still_running((port,), guests)] == [f"new-{name}"]
        bare = Plugged(GUEST, "g", mac=mac, uuid="u", port=f"new-{name}")
        assert still_running((bare,), guests) == (bare,)
