# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of every kind of plan meets faults: either all is undone, or the next run converges.

A plan's steps are learned from a run without a fault. Guests stay in their firmware: a port and a tap are enough.
"""

from __future__ import annotations

import pytest
from harness import EVERYWHERE
from replug.bench import (
    BRIDGE,
    ENG,
    FAULTS,
    HOST,
    NAME,
    OTHER,
    POOL,
    TRANSIENT,
    assert_plugged,
    guests,
    seen_bridge,
    without_generated,
)

pytestmark = pytest.mark.lab

# Kind of plan -> the network before (None: none, text: transient), whether a guest is in it, and the change.
KINDS: dict[str, tuple[dict | str | None, bool, dict]] = {
    "a new network": (None, False, {**BRIDGE, "autostart": True}),
    "live updates": (BRIDGE, True, ENG),
    "a restart of an idle network": (BRIDGE, False, {"mtu": 1400}),
    "replug": (BRIDGE, True, {"mtu": 1400, "autostart": True, "restart": "replug"}),
    "replug with another bridge": (BRIDGE, True, {"bridge": {"name": "virbr39", "stp": False}, "restart": "replug"}),
    "replug of a pool": (POOL, True, {"trust_guest_rx_filters": True, "restart": "replug"}),
    "updates of a pool in use": (POOL, True, ENG),
    "a transient network made persistent": (TRANSIENT, True, {}),
    "stop": (BRIDGE, False, {"state": "inactive"}),
    "removal": (BRIDGE, False, {"state": "absent"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_faults(bench, kind):
    network, guest, change = KINDS[kind]
    before = bench.prepare(network, guest)
    steps = bench.apply(change)["steps"]
    after = bench.look()
    assert steps
    assert after["journals"] == []
    assert_plugged(after, guest, network is POOL)
    table = []
    for number, step in enumerate(steps):
        for when, how in faults_at(number):
            start = bench.prepare(network, guest)
            assert without_generated(start) == without_generated(before)
            said = bench.apply(change, {"step": number, "when": when, "how": how})
            if how == "daemon":
                bench.start_daemon()
            there = bench.look()
            if how == "error":
                assert said["code"] == "LIBVIRT_REFUSED", said
                assert there == start, f"{step} failed, and not all was undone: {said}"
                outcome = "undone"
            else:
                again = bench.apply(change)
                assert "code" not in again, again
                there = bench.look()
                assert without_generated(there) == without_generated(after), (step, when, how, again)
                assert_plugged(there, guest, network is POOL)
                assert bench.apply(change)["steps"] == []
                outcome = "converged by the next run"
            table.append(f"{kind:36} {number} {step:10} {when:6} {how:6} {outcome}")
    print("\n".join(["", *table]))


def faults_at(number: int) -> list[tuple[str, str]]:
    """Every fault with IT_EVERYWHERE, else one at each step, in turn; a kill before the first is one more."""
    faults = FAULTS if EVERYWHERE else [FAULTS[number % len(FAULTS)]]
    return faults if number else [("before", "kill"), *faults]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(5), ids=["define", "destroy", "start", "attach", "reclaim"])
def test_a_guest_starts_or_stops_in_the_middle(bench, number, when):
    change = KINDS["replug"][2]
    for command, guest in (("destroy web1", "web1"), ("create --paused /run/web2.xml", "web2")):
        bench.prepare(BRIDGE, guest=True)
        xml = guests.domain_xml("web2", [guests.network_interface(NAME, OTHER)])
        bench.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web2.xml', "sh", xml)
        done = bench.apply(change, {"step": number, "when": when, "how": command})
        assert "code" not in done, done
        there = bench.look()
        running = bench.hosts.virsh(HOST, "list", "--name").split()
        assert "web1" in running or guest == "web1"
        # One that came while there was no network was refused by libvirt; every other one is plugged in.
        assert len(there["ports"]) == len(running), (running, there)
        assert list(there["masters"].values()) == [seen_bridge(there)] * len(running), (running, there)
        assert bench.apply(change)["steps"] == []
