# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt knows of the guests in a network without a pool, before and after changes of ours."""

from __future__ import annotations

import re

import guests
import pytest
from batch import task

pytestmark = pytest.mark.lab

NET = {"name": "books", "forward": {"mode": "nat"}, "bridge": {"name": "virbr50"}, "portgroups": [{"name": "eng"}]}
IP = {"ips": [{"address": "10.50.0.1", "prefix": 24, "dhcp": {"hosts": []}}]}
MACS = ("52:54:00:50:00:01", "52:54:00:50:00:02")
UPDATE = "<portgroup name='eng'/>"


@pytest.fixture(params=["kvm1", "kvm2"], ids=["bookworm", "trixie"])
def host(hosts, request):
    made = hosts.run(request.param, [task("virt_network", {**NET, **IP})])
    assert made[0]["changed"], made
    for number, mac in enumerate(MACS):
        xml = guests.domain_xml(f"b{number}", [guests.network_interface("books", mac, "eng" if number else None)])
        hosts.on(request.param, "sh", "-c", 'printf %s "$1" > /run/b.xml', "sh", xml)
        hosts.virsh(request.param, "create", "--paused", "/run/b.xml")
    yield request.param
    for number in range(len(MACS)):
        hosts.virsh(request.param, "destroy", f"b{number}", check=False)
    hosts.clean(request.param)


def books(hosts, host) -> dict:
    xml = hosts.virsh(host, "net-dumpxml", "books")
    counted = re.search(r"connections='(-?\d+)'", xml)
    listed = hosts.virsh(host, "net-port-list", "books")
    bridge = re.search(r"<bridge name='(\w+)'", xml).group(1)
    taps = hosts.on(host, "ip", "-o", "link", "show", "master", bridge)
    return {
        "connections": int(counted.group(1)) if counted else 0,
        "ports": sorted(re.findall(r"[0-9a-f-]{36}", listed)),
        "taps": re.findall(r"^(\d+): (\w+)", taps, re.M),
        # By these libvirt's NSS module finds a guest by its name.
        "names": sorted(re.findall(r'"domain": "(\w+)"|(52:54:[0-9a-f:]+)', names(hosts, host, bridge))),
    }


def names(hosts, host, bridge) -> str:
    return hosts.on(host, "cat", f"/var/lib/libvirt/dnsmasq/{bridge}.macs", check=False)


@pytest.mark.parametrize(
    ("module", "change"),
    [
        ("virt_portgroup", {"network": "books", "name": "ops", "trust_guest_rx_filters": True}),
        ("virt_portgroup", {"network": "books", "name": "eng", "trust_guest_rx_filters": True}),
        ("virt_network", {"name": "books", "dns": {"hosts": [{"ip": "10.50.0.9", "hostnames": ["nine"]}]}}),
        ("virt_network", {"name": "books", "mtu": 1400, "restart": "replug"}),
    ],
    ids=["another portgroup", "their portgroup", "a name", "replug"],
)
def test_the_books_are_right_after_a_change(hosts, host, module, change):
    before = books(hosts, host)
    assert before["connections"] == len(before["ports"]) == len(MACS)
    assert len(before["names"]) == 2 * len(MACS), before
    assert hosts.run(host, [task(module, change)])[0]["changed"]
    after = books(hosts, host)
    if change.get("name") == "eng":
        # Its guest has the old settings, and keeps them: that port is reclaimed, which loses the name alone.
        after["names"] = before["names"]
    assert after == before


def test_libvirt_s_own_update_forgets_them(hosts, host):
    before = books(hosts, host)
    hosts.virsh(host, "net-update", "books", "modify", "portgroup", UPDATE, "--live")
    assert books(hosts, host)["connections"] == 0 != before["connections"]
