# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All networks of a host in one call: the quartet, purge, taking back, adoption."""

from __future__ import annotations

import pytest
from harness.playbook import Call, Probe
from harness.story import info, look, network, networks, start, story
from harness.told import Told, actions, unmarked

pytestmark = pytest.mark.lab

LAN = {"name": "lan", "forward": {"mode": "nat"}, "ips": [{"address": "10.40.0.1", "prefix": 24}], "autostart": True}
LAB = {"name": "lab", "mtu": 1400}
FAST = {"name": "fast", "forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}}
ALL = (LAN, LAB, FAST)


@story(
    start("<network><name>lab</name></network>"),
    networks("check", *ALL, check=True),
    look("checked"),
    networks("real", *ALL),
    networks("again", *ALL),
    networks("again_check", *ALL, check=True),
    look(),
)
def test_quartet(told: Told, release: str) -> None:
    check, real = told.ok("check"), told.ok("real")
    assert told.snapshot("checked") == told.snapshot("before")
    assert check["changed"] is real["changed"] is True
    assert check["diff"] == real["diff"]
    assert check["networks"] == real["networks"]
    plans = {done["name"]: actions(done["steps"]) for done in real["networks"]}
    assert plans == {
        "lan": ["define", "autostart", "start"],
        "lab": ["define", "destroy", "start"],
        "fast": ["define", "start"],
    }
    for step in ("again", "again_check"):
        assert told.ok(step)["changed"] is False
        assert told.ok(step)["diff"] == []
    found = told.snapshot("after").networks
    assert {name: (seen.active, seen.autostart) for name, seen in found.items()} == {
        "lan": (True, True),
        "lab": (True, False),
        "fast": (True, False),
    }
    assert found["lan"].missing(["//ip[@address='10.40.0.1']"], ["//ip[@address='10.40.0.1']"]) == []
    assert found["lab"].missing(["//mtu[@size='1400']"], ["//mtu[@size='1400']"]) == []


@story(
    start("<network><name>handmade</name></network>", {"xml": "<network><name>idle</name></network>", "start": False}),
    networks("made", *ALL),
    networks("kept", LAN),
    networks("check", LAN, purge=True, check=True),
    look("checked"),
    networks("purged", LAN, purge=True),
    networks("again", LAN, purge=True),
    look(),
)
def test_purge_takes_only_what_the_collection_made(told: Told, release: str) -> None:
    assert told.ok("made")["changed"] is True
    assert told.ok("kept")["changed"] is False
    assert sorted(told.snapshot("checked").networks) == ["fast", "handmade", "idle", "lab", "lan"]
    assert told.ok("check")["networks"] == told.ok("purged")["networks"]
    gone = {done["name"] for done in told.ok("purged")["networks"] if done["changed"]}
    assert gone == {"lab", "fast"}
    after = told.snapshot("after")
    assert sorted(after.networks) == ["handmade", "idle", "lan"]
    assert after.networks["handmade"].active
    assert told.ok("again")["changed"] is False


@story(
    start("<network><name>handmade</name></network>"),
    network("changed", name="handmade", mtu=1400),
    networks("purged", LAN, purge=True),
    look(),
)
def test_a_network_made_by_hand_and_changed_by_us_is_not_purged(told: Told, release: str) -> None:
    assert told.ok("changed")["changed"] is True
    assert told.ok("purged")["changed"] is True
    assert sorted(told.snapshot("after").networks) == ["handmade", "lan"]


FIRST = "<network><name>first</name><ip address='10.41.0.1' prefix='24'/><portgroup name='a'/></network>"
# The host itself is in a subnet that the third network wants for its own.
IN_THE_WAY = (
    ["ip", "link", "add", "uplink", "type", "bridge"],
    ["ip", "address", "add", "10.77.0.1/24", "dev", "uplink"],
    ["ip", "link", "set", "uplink", "up"],
)
# What only dnsmasq itself can tell, and what the host tells beforehand.
FAILS = {
    "name": "third",
    "ips": [{"address": "10.78.0.1", "prefix": 24}],
    "dnsmasq_options": ["conf-file=/nonexistent/dnsmasq.conf"],
}
REFUSED = {
    "hostdev without VFs": ({"name": "third", "forward": {"mode": "hostdev", "pf": {"dev": "p0"}}}, "PF_NO_VFS"),
    "subnet of the host": ({"name": "third", "ips": [{"address": "10.77.0.2", "prefix": 24}]}, "SUBNET_OVERLAP"),
    "no TFTP root": (
        {"name": "third", "ips": [{"address": "10.78.0.2", "prefix": 24, "tftp": "/nonexistent"}]},
        "TFTP_ROOT_MISSING",
    ),
    "dnsmasq's no": (
        {"name": "third", "ips": [{"address": "10.78.0.2", "prefix": 24}], "dnsmasq_options": ["bogus"]},
        "DNSMASQ_REFUSES",
    ),
}


@pytest.mark.parametrize(
    "release",
    [
        pytest.param(
            release,
            id=f"{kind}-{release}",
            marks=pytest.mark.story(
                release=release,
                steps=(
                    start(FIRST, first=IN_THE_WAY),
                    networks("check", {"name": "first", "mtu": 1400}, third, check=True),
                    networks("real", {"name": "first", "mtu": 1400}, third),
                    look(),
                ),
            ),
        )
        for kind, (third, _code) in REFUSED.items()
        for release in ("bookworm", "trixie")
    ],
)
def test_what_the_host_could_not_start_is_refused_before(
    told: Told, release: str, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id.rpartition("-")[0]
    assert "third" in told.refused("check", REFUSED[kind][1])
    assert told.refused("real", REFUSED[kind][1]) == told["check"]["msg"]
    assert told.snapshot("after") == told.snapshot("before")


@story(
    start(FIRST),
    networks("check", FAILS, check=True),
    networks(
        "failed",
        {"name": "first", "portgroups": [{"name": "b"}], "autostart": True},
        {"name": "second", "mtu": 1400, "autostart": True},
        FAILS,
    ),
    look(),
    networks("mended", {"name": "first", "portgroups": [{"name": "b"}]}),
)
def test_a_failure_in_the_third_takes_the_first_two_back(told: Told, release: str) -> None:
    (third,) = told.ok("check")["networks"]
    assert third["outstanding"] == ["whether dnsmasq accepts dnsmasq_options"]
    assert any("may still refuse this change" in warning for warning in told["check"]["warnings"])
    sentence = told.refused("failed", "LIBVIRT_REFUSED")
    assert "third" in sentence
    result = told["failed"]
    assert isinstance(result["libvirt_code"], int)
    assert result["left"] == []
    assert result["undone"]
    before, after = told.snapshot("before"), told.snapshot("after")
    assert after == before
    assert told.ok("mended")["changed"] is True


@story(
    start(FIRST),
    networks("failed", {"name": "first", "mtu": 1400}, {"name": "second", "mtu": 1400}, FAILS),
    look(),
)
def test_a_restart_is_taken_back_too(told: Told, release: str) -> None:
    told.refused("failed", "LIBVIRT_REFUSED")
    assert told["failed"]["left"] == []
    before, after = told.snapshot("before"), told.snapshot("after")
    assert after.told["networks"] == before.told["networks"]
    assert sorted(after.links) == sorted(before.links)
    assert after.dnsmasq == before.dnsmasq


@story(
    start({"xml": "<network><name>first</name></network>", "transient": True}),
    networks("failed", {"name": "first", "mtu": 1400}, FAILS),
    look(),
)
def test_a_transient_network_is_transient_again(told: Told, release: str) -> None:
    told.refused("failed", "LIBVIRT_REFUSED")
    before, after = told.snapshot("before").networks["first"], told.snapshot("after").networks["first"]
    assert (after.active, after.persistent) == (True, False)
    assert after.live == before.live


@story(
    start(),
    network("check", check=True, **{**FAILS, "name": "net"}),
    network("failed", **{**FAILS, "name": "net"}),
    look(),
)
def test_a_network_that_does_not_start_is_not_left_behind(told: Told, release: str) -> None:
    assert told.actions("check") == ["define", "start"]
    told.refused("failed", "LIBVIRT_REFUSED")
    assert told["failed"]["failed"] is True
    assert told.snapshot("after") == told.snapshot("before")


@story(
    start(first=(["ip", "link", "add", "taken", "type", "bridge"],)),
    network("failed", bridge={"name": "taken"}, mtu=1400),
    look(),
)
def test_a_bridge_of_the_host_is_not_taken_over(told: Told, release: str) -> None:
    """From libvirt 11.3 on a start that fails on a bridge that is there removes that bridge."""
    assert told["failed"]["failed"] is True
    assert "taken" in told["failed"]["msg"]
    assert told.snapshot("after") == told.snapshot("before")


@story(start(), network("failed", bridge={"zone": "trusted"}, mtu=1400), look())
def test_a_zone_without_firewalld(told: Told, release: str) -> None:
    assert "firewalld" in told.refused("failed", "BRIDGE_INVALID")
    assert told.snapshot("after") == told.snapshot("before")


HOST_BRIDGE = ["ip", "link", "add", "hbr0", "type", "bridge"]
HANDMADE = (
    """<network ipv6='yes'><name>isolated</name><bridge name='vbr1' stp='off' delay='2'/>
    <mtu size='1400'/></network>""",
    """<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>nat</name>
    <metadata><a:x xmlns:a='urn:example:a' y='1'><a:z>text</a:z></a:x></metadata>
    <forward mode='nat' dev='p0'><nat><address start='192.0.2.1' end='192.0.2.9'/><port start='2000' end='3000'/></nat>
    </forward><domain name='lan.example' localOnly='yes'/>
    <dns forwardPlainNames='no'><forwarder addr='192.0.2.53'/><txt name='t' value='v'/>
    <srv service='ldap' protocol='tcp' target='dc' port='389'/>
    <host ip='10.41.0.9'><hostname>web</hostname></host></dns>
    <port isolated='yes'/>
    <ip address='10.41.0.1' netmask='255.255.255.0' localPtr='yes'><dhcp><range start='10.41.0.50' end='10.41.0.60'>
    <lease expiry='1' unit='hours'/></range><host mac='52:54:00:AA:00:01' name='h' ip='10.41.0.10'/></dhcp></ip>
    <ip family='ipv6' address='fd00:41:0::1' prefix='64'/>
    <route address='192.168.222.0' prefix='24' gateway='10.41.0.2'/>
    <dnsmasq:options><dnsmasq:option value='no-ping'/></dnsmasq:options></network>""",
    {
        "xml": """<network><name>route</name><forward mode='route'/><ip address='10.42.0.1' prefix='24'/></network>""",
        "autostart": True,
    },
    """<network><name>open</name><forward mode='open'/><ip address='10.43.0.1' prefix='24'/></network>""",
    """<network trustGuestRxFilters='yes'><name>bridge</name><forward mode='bridge'/><bridge name='hbr0'/>
    <portgroup name='a' default='yes'><bandwidth><inbound average='10'/></bandwidth></portgroup>
    <portgroup name='b'/></network>""",
    """<network><name>macvtap</name><forward mode='bridge'><interface dev='p1'/><interface dev='p2'/></forward>
    </network>""",
    """<network><name>private</name><forward dev='p3' mode='private'/></network>""",
    """<network><name>vepa</name><forward mode='vepa'><interface dev='p4'/></forward></network>""",
    """<network><name>passthrough</name>
    <forward mode='passthrough'><interface dev='p5'/><interface dev='p6'/></forward>
    <portgroup name='v'><vlan><tag id='42'/></vlan></portgroup></network>""",
    {
        "xml": """<network><name>pf</name><forward mode='hostdev' managed='yes'><driver name='vfio'/><pf dev='p7'/>
        </forward></network>""",
        "start": False,
    },
    {
        "xml": """<network><name>limited</name><bandwidth><inbound average='1000'/></bandwidth></network>""",
        "start": False,
        "autostart": True,
    },
    {
        "xml": """<network><name>ovs</name><forward mode='bridge'/><bridge name='ovsbr0'/>
        <virtualport type='openvswitch'/>
        <vlan trunk='yes'><tag id='42' nativeMode='untagged'/><tag id='47'/></vlan></network>""",
        "start": False,
    },
)


@story(
    start(*HANDMADE, first=(HOST_BRIDGE,)),
    info("found"),
    Call("check", "virt_networks", {"networks": "{{ found.networks }}"}, check=True),
    Call("adopted", "virt_networks", {"networks": "{{ found.networks }}"}),
    look(),
)
def test_adoption(told: Told, release: str) -> None:
    """A host made by hand, gathered and fed back: nothing changes."""
    before = told.snapshot("before")
    assert len(before.networks) == len(HANDMADE)
    assert sorted(shown["name"] for shown in told.ok("found")["networks"]) == sorted(before.networks)
    assert {name for name, details in told.ok("found")["details"].items() if details["drift"]} == set()
    for step in ("check", "adopted"):
        result = told.ok(step)
        assert result["changed"] is False
        assert result["diff"] == []
        assert sorted(done["name"] for done in result["networks"]) == sorted(before.networks)
    assert told.snapshot("after") == before


@story(
    start(*HANDMADE, first=(HOST_BRIDGE,)),
    info("found"),
    Probe("wiped", clean=True, run=(HOST_BRIDGE,)),
    Call("remade", "virt_networks", {"networks": "{{ found.networks }}"}),
    Call("again", "virt_networks", {"networks": "{{ found.networks }}"}),
    look(),
)
def test_a_gathered_host_is_made_anew(told: Told, release: str) -> None:
    """What was gathered has everything: out of it an empty host becomes the same, but for our mark."""
    before, after = told.snapshot("before"), told.snapshot("after")
    assert told.snapshot("wiped").networks == {}
    assert told.ok("remade")["changed"] is True
    assert told.ok("again")["changed"] is False
    assert sorted(after.networks) == sorted(before.networks)
    for name, was in before.networks.items():
        now = after.networks[name]
        assert (now.active, now.autostart) == (was.active, was.autostart)
        assert unmarked(now.inactive) == unmarked(was.inactive)
        assert unmarked(now.live) == unmarked(was.live)
