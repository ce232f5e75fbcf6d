# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests keep their addresses and names when the bridge gets another name, or the network does."""

from __future__ import annotations

import json
import time

import pytest
from replug.bench import HOST, MAC, NAME

pytestmark = pytest.mark.lab

DNSMASQ_DIRECTORY = "/var/lib/libvirt/dnsmasq"
IPS = [{"address": "10.30.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.30.0.50", "end": "10.30.0.99"}]}}]
NETWORK = {"forward": {}, "bridge": {"name": "virbr30"}, "ips": IPS}
MOVED = {"bridge": {"name": "virbr39"}, "restart": "replug"}
RENAMED = {"networks": [{"name": NAME, "state": "absent"}, {**NETWORK, "name": "blue", "bridge": {"name": "virbr39"}}]}
LEASE = {"ip-address": "10.30.0.55", "mac-address": MAC, "hostname": "web1", "expiry-time": 0}
# Who dnsmasq says that web1 is: 12 bytes of header, the name, type A and class IN; the address ends the answer.
ASK = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.sendto(bytes.fromhex("000101000001000000000000" "0477656231" "00" "00010001"), ("10.30.0.1", 53))
answer = s.recv(512)
print(socket.inet_ntoa(answer[-4:]) if answer[7] else "unknown")
"""


def prepare(bench, guest: bool) -> None:
    bench.prepare(NETWORK, guest)
    bench.hosts.on(HOST, "sh", "-c", f"rm -f {DNSMASQ_DIRECTORY}/*.status {DNSMASQ_DIRECTORY}/*.macs")
    bench.hosts.virsh(HOST, "net-destroy", NAME)
    text = json.dumps([{**LEASE, "expiry-time": int(time.time()) + 3600}])
    bench.hosts.on(HOST, "sh", "-c", f'printf %s "$1" >{DNSMASQ_DIRECTORY}/virbr30.status', "sh", text)
    bench.hosts.virsh(HOST, "net-start", NAME)
    if guest:
        bench.hosts.virsh(HOST, "destroy", "web1")
        bench.hosts.virsh(HOST, "create", "--paused", "/run/web1.xml")
    assert_known(bench, NAME, "virbr30")


def assert_known(bench, network: str, bridge: str) -> None:
    assert "10.30.0.55" in bench.hosts.virsh(HOST, "net-dhcp-leases", network)
    assert bench.hosts.on(HOST, "python3", "-c", ASK).strip() == "10.30.0.55", "dnsmasq does not know of it"
    there = bench.hosts.on(HOST, "sh", "-c", f"cd {DNSMASQ_DIRECTORY}; ls *.status").split()
    assert there == [f"{bridge}.status"]


@pytest.mark.parametrize("guest", [True, False], ids=["in use", "idle"])
def test_a_new_name_of_the_bridge(bench, guest):
    prepare(bench, guest)
    done = bench.apply(MOVED)
    assert "leases" in done["steps"], done
    assert_known(bench, NAME, "virbr39")
    if guest:
        macs = bench.hosts.on(HOST, "cat", f"{DNSMASQ_DIRECTORY}/virbr39.macs")
        assert MAC in macs
    assert bench.apply(MOVED)["steps"] == []


@pytest.mark.parametrize("bridge", ["virbr39", None], ids=["named", "by libvirt"])
def test_a_renamed_network(bench, bridge):
    prepare(bench, guest=False)
    gone, new = RENAMED["networks"]
    done = bench.apply({"networks": [gone, {**new, "bridge": {"name": bridge} if bridge else {}}]})
    assert "leases" in done["steps"], done
    name = bench.hosts.virsh(HOST, "net-info", "blue").partition("Bridge:")[2].strip()
    assert_known(bench, "blue", name)


@pytest.mark.parametrize("change", [MOVED, RENAMED], ids=["bridge", "network"])
def test_an_error_after_the_last_step(bench, change):
    prepare(bench, guest=False)
    said = bench.apply(change, {"step": 3 if change is MOVED else 4, "when": "after", "how": "error"})
    assert said["left"] == [], said
    assert_known(bench, NAME, "virbr30")


# define, destroy, leases, start; and destroy, undefine, define, leases, start
KILLS = [(MOVED, number) for number in range(1, 4)] + [(RENAMED, number) for number in range(5)]


@pytest.mark.parametrize(("change", "number"), KILLS)
def test_a_kill_after_a_step(bench, change, number):
    """Old or new, with its leases; also when another task comes next."""
    prepare(bench, guest=False)
    assert bench.apply(change, {"step": number, "when": "after", "how": "kill"}) == {}
    assert_old_or_new(bench)


@pytest.mark.parametrize("number", range(4))
def test_a_kill_in_the_rollback(bench, number):
    prepare(bench, guest=False)
    faults = [{"step": 4, "when": "after", "how": "error"}, {"step": 5 + number, "when": "after", "how": "kill"}]
    assert bench.apply(RENAMED, faults) == {}
    assert_old_or_new(bench)
    assert NAME in bench.hosts.virsh(HOST, "net-list", "--name").split()


def assert_old_or_new(bench) -> None:
    done = bench.apply({"name": "green", "forward": {}})
    assert "code" not in done, done
    bench.hosts.virsh(HOST, "net-destroy", "green")
    bench.hosts.virsh(HOST, "net-undefine", "green")
    there = bench.hosts.virsh(HOST, "net-list", "--all", "--name").split()
    assert there in ([NAME], ["blue"]), done
    bridge = bench.hosts.virsh(HOST, "net-info", there[0]).partition("Bridge:")[2].strip()
    assert_known(bench, there[0], bridge)
