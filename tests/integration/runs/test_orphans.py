# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dnsmasq that a libvirtd left, which was killed while it started the network."""

from __future__ import annotations

import re

import pytest
from batch import task

from .conftest import NETWORK, assert_until

pytestmark = pytest.mark.lab

OTHER = {**NETWORK, "name": "other"}


def dnsmasqs(runs, host):
    """The networks of all that run."""
    shown = runs.on(host, "sh", "-c", "pgrep -a dnsmasq; true")
    return re.findall(r"--conf-file=\S*/(\S+)\.conf", shown)


@pytest.fixture
def orphaned(runs, host):
    """libvirt shows the network as inactive; its bridge and its dnsmasq are there."""
    runs.clean(host)
    made = runs.run(host, [task("virt_network", NETWORK)])
    assert made[0]["changed"], made
    runs.lab("kill", host, "libvirtd")
    runs.on(host, "rm", "/run/libvirt/network/lan.xml")
    runs.lab("start", host, "libvirtd")
    assert_until(lambda: "lan" in runs.virsh(host, "net-list", "--inactive", check=False), 20)
    assert dnsmasqs(runs, host) == ["lan"]
    yield host
    runs.on(host, "sh", "-c", "pkill dnsmasq; ip link delete virbr40; true")


@pytest.mark.parametrize("host", ["kvm1", "kvm2"], indirect=True)
@pytest.mark.parametrize("same", [True, False], ids=["the same network", "another network"])
def test_it_is_in_nobodys_way(runs, orphaned, same):
    if not same:
        runs.virsh(orphaned, "net-undefine", "lan")
        runs.on(orphaned, "ip", "link", "delete", "virbr40")
    network = NETWORK if same else OTHER
    checked, done, again = runs.run(
        orphaned,
        [task("virt_network", network, check=True), task("virt_network", network), task("virt_network", network)],
    )
    assert (checked["changed"], done["changed"], again["changed"]) == (True, True, False), (checked, done, again)
    assert dnsmasqs(runs, orphaned) == [network["name"]]


@pytest.mark.parametrize("host", ["kvm1", "kvm2"], indirect=True)
def test_it_goes_with_its_network(runs, orphaned):
    (done,) = runs.run(orphaned, [task("virt_network", {"name": "lan", "state": "absent"})])
    assert done["changed"], done
    assert dnsmasqs(runs, orphaned) == []
