# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests on a macvtap and on the host's own bridge do not notice that their networks restart."""

from __future__ import annotations

import subprocess
import time

import guests
import pytest
from batch import task
from harness.trio import SEQUENCE
from state import Lab

pytestmark = pytest.mark.lab

HOST, BESIDE = "kvm1", "kvm2"
MACVTAP = {"name": "mv", "forward": {"mode": "bridge", "interfaces": [{"dev": "p3"}]}}
BRIDGE = {"name": "hb", "forward": {"mode": "bridge"}, "bridge": {"name": "br7"}}
MACS = {"mv": "52:54:00:61:00:05", "hb": "52:54:00:62:00:05"}


@pytest.fixture
def guest(hosts):
    """It has a NIC in each; the macvtap's other end is pinged from the next host, the bridge's from its own."""
    hosts.on(BESIDE, "ip", "address", "add", "10.61.0.1/24", "dev", "p3")
    hosts.on(HOST, "ip", "link", "add", "br7", "type", "bridge")
    hosts.on(HOST, "ip", "address", "add", "10.62.0.1/24", "dev", "br7")
    hosts.on(HOST, "ip", "link", "set", "br7", "up")
    made = hosts.run(HOST, [task("virt_network", MACVTAP), task("virt_network", BRIDGE)])
    assert all(one["changed"] for one in made), made
    nics = [guests.network_interface(name, mac) for name, mac in MACS.items()]
    files = guests.pinging_initrd(Lab(hosts.name).dir)
    xml = guests.pinging_domain_xml("still", nics, files, ["10.61.0.5/24", "10.62.0.5/24"])
    hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/still.xml', "sh", xml)
    hosts.virsh(HOST, "create", "/run/still.xml")
    yield
    hosts.virsh(HOST, "destroy", "still")
    hosts.clean(HOST)
    hosts.on(HOST, "ip", "link", "del", "br7")
    hosts.on(BESIDE, "ip", "address", "del", "10.61.0.1/24", "dev", "p3")


def pinged(hosts, host: str, address: str) -> tuple[subprocess.Popen[str], str]:
    answers = hosts.directory / f"still-{address}"
    with answers.open("w") as file:
        argv = ["setpriv", "--pdeathsig", "KILL", "--", "ping", "-n", "-i", "0.1", "-W", "1", address]
        return subprocess.Popen(hosts.argv("exec", host, "--", *argv), stdout=file, text=True), str(answers)


def numbers(path: str) -> list[int]:
    with open(path) as file:
        return [int(number) for _address, number in SEQUENCE.findall(file.read())]


def test_a_restart_that_guests_do_not_notice(hosts, guest):
    pings = [pinged(hosts, BESIDE, "10.61.0.5"), pinged(hosts, HOST, "10.62.0.5")]
    try:
        until = time.monotonic() + 40
        while not all(len(numbers(path)) > 10 for _ping, path in pings):
            assert time.monotonic() < until, [numbers(path) for _ping, path in pings]
            time.sleep(0.2)
        before = [len(numbers(path)) for _ping, path in pings]
        changes = [{"name": name, "trust_guest_rx_filters": True, "restart": "replug"} for name in MACS]
        for change, done in zip(changes, hosts.run(HOST, [task("virt_network", change) for change in changes])):
            assert done["changed"], done
            assert [(one["name"], one["mac"], one["gap_ms"]) for one in done["replugged"]] == [
                ("still", MACS[change["name"]], 0.0)
            ]
            assert "restart" in {step["disruption"] for step in done["steps"]}
            listed = hosts.virsh(HOST, "net-port-list", change["name"])
            assert listed.count("-") >= 4, listed
        time.sleep(0.5)
    finally:
        for ping, _path in pings:
            ping.kill()
            ping.wait()
    for (_ping, path), had in zip(pings, before):
        found = numbers(path)
        assert len(found) > had
        assert found[had - 1 :] == list(range(found[had - 1], found[-1] + 1)), "a ping was lost"
