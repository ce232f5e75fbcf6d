# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody took a bridge, its address or a guest's tap away by hand: it is shown, and the next run mends it."""

from __future__ import annotations

import json

import guests
import pytest
from batch import task

pytestmark = pytest.mark.lab

MACS = {"c1": "52:54:00:71:00:01", "c2": "52:54:00:71:00:02"}
NET = {
    "name": "cut",
    "forward": {"mode": "nat"},
    "bridge": {"name": "virbr71"},
    "ips": [{"address": "10.71.0.1", "prefix": 24}, {"family": "ipv6", "address": "fd71::1", "prefix": 64}],
}


@pytest.fixture(scope="module")
def host(hosts, request):
    host = request.param
    assert hosts.run(host, [task("virt_network", NET)])[0]["changed"]
    for name, mac in MACS.items():
        xml = guests.domain_xml(name, [guests.network_interface("cut", mac)])
        hosts.on(host, "sh", "-c", 'printf %s "$1" > "/run/$0.xml"', name, xml)
        hosts.virsh(host, "create", "--paused", f"/run/{name}.xml")
    yield host
    for name in MACS:
        hosts.virsh(host, "destroy", name)
    hosts.clean(host)


def tap(hosts, host, guest):
    return hosts.virsh(host, "domiflist", guest).split()[0]


def in_bridge(hosts, host):
    links = json.loads(hosts.on(host, "ip", "-json", "link", "show", "master", "virbr71"))
    return {link["ifname"] for link in links} - {"virbr71-nic"}


def addresses(hosts, host):
    shown = json.loads(hosts.on(host, "ip", "-json", "address", "show", "dev", "virbr71"))[0]
    return {item["local"] for item in shown["addr_info"] if item["scope"] == "global"}, "UP" in shown["flags"]


def ports(hosts, host):
    return len(hosts.virsh(host, "net-port-list", "cut").split())


# What is done by hand; how the network is seen then; whom it cuts off; whether mending it may cut off others.
FAULTS = {
    "a tap taken out": (["ip", "link", "set", "$c1", "nomaster"], "unplugged", {"c1"}, False),
    "stopped and started": (
        ["sh", "-c", "virsh net-destroy cut && virsh net-start cut"], "unplugged", set(MACS), False
    ),
    "the bridge deleted": (["ip", "link", "del", "virbr71"], "missing", set(MACS), False),
    "an address gone": (["ip", "address", "del", "fd71::1/64", "dev", "virbr71"], "no_address", set(), True),
}  # fmt: skip


CASES = [*(("kvm1", fault) for fault in FAULTS), ("kvm2", "the bridge deleted")]


@pytest.mark.parametrize(("host", "fault"), CASES, indirect=["host"])
def test_what_was_taken_away_comes_back(hosts, host, fault):
    command, word, lost, cuts_off = FAULTS[fault]
    taps = {name: tap(hosts, host, name) for name in MACS}
    whole = (in_bridge(hosts, host), addresses(hosts, host), ports(hosts, host))
    assert set(taps.values()) == whole[0]
    hosts.on(host, *(taps.get(part[1:], part) for part in command))
    options = {**NET, "restart": "replug"} if cuts_off else NET
    info, refused, check, real, again = hosts.run(
        host,
        [
            task("virt_network_info", {"name": "cut", "gather": []}),
            task("virt_network", NET, True, ignore_errors=True),
            task("virt_network", options, True),
            task("virt_network", options),
            task("virt_network", options),
        ],
    )
    shown = info["details"]["cut"]
    assert shown["bridge_link"] == word
    assert {item["name"] for item in shown["unplugged"]} == lost
    assert refused.get("code") == ("IN_USE" if cuts_off else None), refused
    assert not cuts_off or "to create its bridge again" in refused["msg"]
    assert check["changed"]
    assert check["steps"] == real["steps"]
    assert check["diff"] == real["diff"]
    assert f"bridge_link: {word}" in real["diff"]["before"]
    assert "bridge_link: complete" in real["diff"]["after"]
    assert not again["changed"], again
    assert (in_bridge(hosts, host), addresses(hosts, host), ports(hosts, host)) == whole
    # As libvirt knows it too, when its daemon starts again.
    assert {name: tap(hosts, host, name) for name in MACS} == taps


@pytest.mark.parametrize("host", ["kvm1"], indirect=True)
def test_with_force_guests_stay_unplugged_until_another_run(hosts, host):
    forced = {**NET, "mtu": 1400, "restart": "force"}
    real, again, idle = hosts.run(
        host,
        [
            task("virt_network", forced),
            task("virt_network", forced),
            task("virt_network", {**forced, "restart": "idle"}),
        ],
    )
    assert (real["changed"], again["changed"], idle["changed"]) == (True, False, True)
    assert len(in_bridge(hosts, host)) == len(MACS)


@pytest.mark.parametrize("host", ["kvm1"], indirect=True)
def test_without_a_restart_a_missing_bridge_is_pending(hosts, host):
    hosts.on(host, "ip", "link", "del", "virbr71")
    never = task("virt_network", {**NET, "restart": "never"})
    first, second, mended = hosts.run(host, [never, never, task("virt_network", NET)])
    assert (first["changed"], first["pending"]) == (second["changed"], second["pending"]) == (False, ["bridge_link"])
    assert "without a working bridge" in first["warnings"][0]
    assert mended["changed"]
    assert len(in_bridge(hosts, host)) == len(MACS)


@pytest.mark.parametrize("host", ["kvm1"], indirect=True)
def test_a_missing_bridge_and_a_change_that_no_tap_can_take(hosts, host):
    """Guests with taps do not become guests with macvtaps: both wait for the next start, in every run."""
    hosts.on(host, "ip", "link", "add", "p71", "type", "veth", "peer", "name", "p72")
    pool = {
        "name": "cut",
        "forward": {"mode": "private", "interfaces": [{"dev": "p71"}]},
        "ips": [],
        "bridge": {},
        "mtu": 0,
    }
    hosts.on(host, "ip", "link", "del", "virbr71")
    try:
        check, real, again = hosts.run(
            host, [task("virt_network", pool, True), task("virt_network", pool), task("virt_network", pool)]
        )
        assert check["changed"], check
        assert (check["steps"], check["pending"], check["warnings"]) == (
            real["steps"], real["pending"], real["warnings"]
        )  # fmt: skip
        assert not again["changed"], again
        assert {item["name"] for item in again["blocked_by_guests"]} == set(MACS)
        assert hosts.run(host, [task("virt_network", NET)])[0]["changed"]
        assert len(in_bridge(hosts, host)) == len(MACS)
    finally:
        hosts.on(host, "ip", "link", "del", "p71")


@pytest.mark.parametrize("host", ["kvm1"], indirect=True)
def test_who_was_isolated_is_isolated_again(hosts, host):
    """A guest that is plugged in again gets what its definition says, as from libvirt."""
    interface = guests.network_interface("cut", "52:54:00:71:00:03").replace("<model", "<port isolated='yes'/><model")
    hosts.on(host, "sh", "-c", 'printf %s "$1" >/run/c3.xml', "sh", guests.domain_xml("c3", [interface]))
    hosts.virsh(host, "create", "--paused", "/run/c3.xml")
    try:
        hosts.on(host, "sh", "-c", "virsh net-destroy cut && virsh net-start cut")
        assert hosts.run(host, [task("virt_network", NET)])[0]["changed"]
        shown = json.loads(hosts.on(host, "bridge", "-json", "-details", "link", "show", "master", "virbr71"))
        isolated = {port["ifname"]: port["isolated"] for port in shown if port["ifname"].startswith("vnet")}
        assert isolated == {tap(hosts, host, name): name == "c3" for name in (*MACS, "c3")}
    finally:
        hosts.virsh(host, "destroy", "c3")
