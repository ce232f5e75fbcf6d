# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of every kind of plan meets every fault: either all is undone, or the next run converges.

A plan's steps are learned from a run without a fault. Guests stay in their firmware: a port and a tap are enough.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.playbook import ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import guests

pytestmark = pytest.mark.lab

HOST = "kvm1"
NAME = "red"
MAC, OTHER = "52:54:00:30:00:01", "52:54:00:30:00:02"
BRIDGE = {"forward": {}, "bridge": {"name": "virbr30", "stp": False}, "mac": "52:54:00:aa:00:30"}
POOL = {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]}}
ENG = {"portgroups": [{"name": "eng"}]}
TRANSIENT = "<network><name>red</name><bridge name='virbr30' stp='off'/><mac address='52:54:00:aa:00:30'/></network>"

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
FAULTS = [("before", "error"), ("after", "kill"), ("after", "daemon")]


class Bench:
    """One host, with the collection where its own Python finds it."""

    def __init__(self, hosts) -> None:
        self.hosts = hosts
        self.collections = hosts.share_collection()
        shutil.copy(Path(__file__).with_name("on_host.py"), ROOT / f".lab-{hosts.name}" / "shared")

    def ask(self, *args: str, check: bool = True) -> dict:
        said = self.hosts.on(HOST, "python3", "-B", "/srv/shared/on_host.py", self.collections, *args, check=check)
        return json.loads(said) if said else {}

    def apply(self, change: dict, fault: dict | None = None) -> dict:
        request = {"name": NAME, **change, **({"fault": fault} if fault else {})}
        return self.ask("apply", json.dumps(request), check=not fault)

    def look(self) -> dict:
        return self.ask("look")

    def prepare(self, network: dict | str | None, guest: bool) -> dict:
        """How the host looks then."""
        for name in self.hosts.virsh(HOST, "list", "--name").split():
            self.hosts.virsh(HOST, "destroy", name)
        self.hosts.clean(HOST)
        if isinstance(network, str):
            self.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/red.xml', "sh", network)
            self.hosts.virsh(HOST, "net-create", "/run/red.xml")
        elif network is not None:
            assert "code" not in (done := self.apply(network)), done
        if guest:
            xml = guests.domain_xml("web1", [guests.network_interface(NAME, MAC)])
            self.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web1.xml', "sh", xml)
            self.hosts.virsh(HOST, "create", "--paused", "/run/web1.xml")
        return self.look()


@pytest.fixture(scope="module")
def bench(hosts) -> Iterator[Bench]:
    bench = Bench(hosts)
    yield bench
    bench.prepare(None, guest=False)


def assert_plugged(seen: dict, guest: bool, pool: bool) -> None:
    assert len(seen["ports"]) == int(guest), seen["ports"]
    if guest and not pool:
        assert list(seen["masters"].values()) == [seen_bridge(seen)], seen


def seen_bridge(seen: dict) -> str:
    return str(seen["networks"][NAME]["live"]).partition("<bridge name='")[2].partition("'")[0]


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
        for when, how in FAULTS if number else [("before", "kill"), *FAULTS]:
            start = bench.prepare(network, guest)
            assert without_generated(start) == without_generated(before)
            said = bench.apply(change, {"step": number, "when": when, "how": how})
            if how == "daemon":
                bench.hosts.lab("start", HOST, "libvirtd")
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


def without_generated(seen: dict) -> str:
    """Without UUIDs and tap numbers, which are others in every round."""
    networks = {
        name: {key: _plain(value) if isinstance(value, str) else value for key, value in facts.items()}
        for name, facts in seen["networks"].items()
    }
    return json.dumps([networks, seen["ports"], sorted(seen["masters"].values(), key=str), seen["journals"]])


def _plain(xml: str) -> str:
    return "\n".join(line for line in xml.splitlines() if "<uuid>" not in line)
