# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tap comes back into its bridge with everything that was set for it there, and so does what is no guest."""

from __future__ import annotations

import json

import guests
import pytest
from batch import task

pytestmark = pytest.mark.lab

MAC, ELSEWHERE = "52:54:00:70:00:01", "52:54:00:70:00:99"
NET = {"name": "set", "forward": {}, "bridge": {"name": "virbr70"}, "mtu": 1400, "port": {"isolated": True}}


@pytest.fixture(params=["kvm1", "kvm2"], ids=["bookworm", "trixie"])
def host(hosts, request):
    host = request.param
    made = hosts.run(host, [task("virt_network", NET)])
    assert made[0]["changed"], made
    xml = guests.domain_xml("s1", [guests.network_interface("set", MAC)])
    hosts.on(host, "sh", "-c", 'printf %s "$1" > /run/s1.xml', "sh", xml)
    hosts.virsh(host, "create", "--paused", "/run/s1.xml")
    hosts.on(host, "ip", "link", "add", "ct0", "mtu", "1400", "type", "veth", "peer", "name", "ct1")
    hosts.on(host, "ip", "link", "set", "ct0", "up", "master", "virbr70")
    # As libvirt sets it for macTableManager='libvirt', which this machine's kernel may not be able to run.
    tap = hosts.virsh(host, "domiflist", "s1").split()[0]
    hosts.on(host, "bridge", "link", "set", "dev", tap, "learning", "off", "flood", "off")
    hosts.on(host, "bridge", "fdb", "add", ELSEWHERE, "dev", tap, "master", "static")
    yield host
    hosts.virsh(host, "destroy", "s1")
    hosts.on(host, "ip", "link", "del", "ct0")
    hosts.clean(host)


def bridge_ports(hosts, host) -> dict[str, dict]:
    shown = json.loads(hosts.on(host, "bridge", "-json", "-details", "link", "show", "master", "virbr70"))
    links = json.loads(hosts.on(host, "ip", "-json", "link", "show", "master", "virbr70"))
    mtu = {link["ifname"]: link["mtu"] for link in links}
    names = ("isolated", "learning", "flood", "mcast_flood", "hairpin")
    found = {port["ifname"]: {name: port.get(name) for name in names} for port in shown}
    for name, port in found.items():
        entries = json.loads(hosts.on(host, "bridge", "-json", "fdb", "show", "dev", name))
        port["static"] = sorted(entry["mac"] for entry in entries if entry.get("state") == "static")
        port["mtu"] = mtu[name]
    return found


@pytest.mark.parametrize("change", [{"ipv6": True}, {"mtu": 1300}, {"bridge": {"name": "virbr70", "delay": 2}}],
                         ids=["nothing of theirs", "MTU", "forward delay"])  # fmt: skip
def test_taps_keep_their_settings(hosts, host, change):
    before = bridge_ports(hosts, host)
    (tap,) = [name for name in before if name.startswith("vnet")]
    assert (before[tap]["isolated"], before[tap]["learning"], before[tap]["flood"]) == (True, False, False), before
    assert before[tap]["static"] == [ELSEWHERE], before
    assert before["ct0"]["learning"], before
    done = hosts.run(host, [task("virt_network", {"name": "set", **change, "restart": "replug"})])[0]
    assert not done["failed"], done
    assert {one["name"] for one in done["replugged"]} == {"s1", "ct0"}
    after = bridge_ports(hosts, host)
    before[tap]["mtu"] = change.get("mtu", before[tap]["mtu"])
    assert after == before


OWN = {"name": "set", "forward": {"mode": "bridge"}, "bridge": {"name": "br70"}}
KINDS = {
    "host's": OWN,
    "another of the host's": {**OWN, "bridge": {"name": "br71"}},
    "libvirt's": {"name": "set", "forward": {}, "bridge": {"name": "virbr70"}},
}


@pytest.fixture(params=["kvm1", "kvm2"], ids=["bookworm", "trixie"])
def with_bridges(hosts, request):
    for bridge in ("br70", "br71"):
        hosts.on(request.param, "ip", "link", "add", bridge, "type", "bridge")
        hosts.on(request.param, "ip", "link", "set", bridge, "up")
    yield request.param
    hosts.clean(request.param)
    for bridge in ("br70", "br71"):
        hosts.on(request.param, "ip", "link", "del", bridge)


def test_taps_keep_their_settings_in_a_bridge_of_another_kind(hosts, with_bridges):
    """From each kind of bridge to each other, one after the other."""
    host = with_bridges
    made = hosts.run(host, [task("virt_network", OWN)])[0]
    assert made["changed"], made
    xml = guests.domain_xml("s1", [guests.network_interface("set", MAC)])
    hosts.on(host, "sh", "-c", 'printf %s "$1" > /run/s1.xml', "sh", xml)
    hosts.virsh(host, "create", "--paused", "/run/s1.xml")
    tap = hosts.virsh(host, "domiflist", "s1").split()[0]
    hosts.on(host, "bridge", "link", "set", "dev", tap, "learning", "off", "hairpin", "on")
    try:
        for kind in ("libvirt's", "host's", "another of the host's", "libvirt's", "another of the host's", "host's"):
            change = {**KINDS[kind], "restart": "replug"}
            done = hosts.run(host, [task("virt_network", change)])[0]
            assert done["changed"], (kind, done)
            (port,) = json.loads(hosts.on(host, "bridge", "-json", "-details", "link", "show", "dev", tap))
            found = (port["master"], port["learning"], port["hairpin"])
            assert found == (KINDS[kind]["bridge"]["name"], False, True), (kind, port)
    finally:
        hosts.virsh(host, "destroy", "s1")
