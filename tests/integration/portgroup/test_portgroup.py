# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_portgroup on real daemons: the quartet, judged by virsh, and moving the default."""

from __future__ import annotations

import pytest
from batch import assert_refused, task

pytestmark = pytest.mark.lab

KINDS = {
    "isolated": "<bridge name='virbr9'/>",
    "nat": "<forward mode='nat'/><ip address='10.66.0.1' prefix='24'/>",
    "route": "<forward mode='route'/><ip address='10.66.0.1' prefix='24'/>",
    "linux bridge": "<forward mode='bridge'/><bridge name='br0'/>",
    "open vswitch": "<forward mode='bridge'/><bridge name='ovsbr0'/><virtualport type='openvswitch'/>",
    "macvtap": "<forward mode='bridge'><interface dev='p0'/></forward>",
    "vepa": "<forward mode='vepa'><interface dev='p0'/></forward>",
    "private": "<forward mode='private'><interface dev='p0'/></forward>",
    "passthrough": "<forward mode='passthrough'><interface dev='p0'/><interface dev='p1'/></forward>",
}
RATES = {"inbound": {"average": 1000, "peak": 2000, "burst": 300}, "outbound": {"average": 500}}
RATES_XML = '<bandwidth><inbound average="1000" burst="300" peak="2000"></inbound><outbound average="500"></outbound>'
QBG = {"type": "802.1Qbg", "parameters": {"managerid": 11, "typeid": 1193047, "typeidversion": 2}}
QBG_XML = '<virtualport type="802.1Qbg"><parameters managerid="11" typeid="1193047" typeidversion="2">'
QBH = {"type": "802.1Qbh", "parameters": {"profileid": "finance"}}
# kind, options, what the portgroup's XML then has
CASES = [
    ("isolated", {"bandwidth": RATES}, RATES_XML),
    ("nat", {"bandwidth": RATES, "default": True}, RATES_XML),
    ("nat", {"default": True}, 'default="yes"'),
    ("route", {"bandwidth": RATES}, RATES_XML),
    ("linux bridge", {"bandwidth": RATES, "trust_guest_rx_filters": True}, RATES_XML),
    ("open vswitch", {"vlan": {"tags": [{"id": 40}]}, "bandwidth": RATES}, '<vlan><tag id="40"></tag></vlan>'),
    (
        "open vswitch",
        {"vlan": {"trunk": True, "tags": [{"id": 50, "native_mode": "untagged"}, {"id": 51}]}},
        '<vlan trunk="yes"><tag id="50" nativeMode="untagged"></tag><tag id="51"></tag></vlan>',
    ),
    ("open vswitch", {"virtualport": {"parameters": {"profileid": "menu"}}}, '<parameters profileid="menu">'),
    ("macvtap", {"virtualport": QBG}, QBG_XML),
    ("vepa", {"virtualport": QBG, "trust_guest_rx_filters": False}, QBG_XML),
    ("private", {"virtualport": QBH}, '<virtualport type="802.1Qbh"><parameters profileid="finance">'),
    ("passthrough", {"vlan": {"tags": [{"id": 42}]}}, '<vlan><tag id="42"></tag></vlan>'),
    ("passthrough", {"trust_guest_rx_filters": True}, 'trustGuestRxFilters="yes"'),
]


def of(kind: str, groups: str = "") -> str:
    return f"<network><name>red</name>{KINDS[kind]}{groups}</network>"


@pytest.mark.parametrize("kind", KINDS)
def test_quartet(hosts, kind):
    """New portgroups, live and persistent; and gone again."""
    hosts.started("kvm1", of(kind, "<portgroup name='other'/>"))
    cases = {f"g{number}": case for number, case in enumerate(CASES) if case[0] == kind}
    made = hosts.quartets("kvm1", *({"name": name, **options} for name, (_kind, options, _shown) in cases.items()))
    assert all(result["changed"] for result in made)
    assert [result["portgroup"]["name"] for result in made] == list(cases)
    for groups in hosts.groups("kvm1"):
        assert set(groups) == {*cases, "other"}
        for name, (_kind, _options, shown) in cases.items():
            assert shown in groups[name]
    gone = hosts.quartets("kvm1", *({"name": name, "state": "absent"} for name in cases))
    assert all(result["changed"] and result["portgroup"] == {} for result in gone)
    assert all(set(groups) == {"other"} for groups in hosts.groups("kvm1"))


def test_an_inactive_network_stays_so(hosts):
    hosts.define("kvm1", of("nat"))
    real = hosts.quartet("kvm1", name="eng", default=True)
    assert [step["action"] for step in real["steps"]] == ["define"]
    assert hosts.virsh("kvm1", "net-list", "--name").strip() == ""


def test_a_transient_network_stays_so(hosts):
    hosts.virsh("kvm1", "net-create", hosts.file("kvm1", of("nat")))
    real = hosts.quartet("kvm1", name="eng", default=True)
    assert [step["action"] for step in real["steps"]] == ["update"]
    assert hosts.virsh("kvm1", "net-list", "--all", "--persistent", "--name").strip() == ""


def test_the_default_moves_in_one_task(hosts):
    hosts.started("kvm1", of("nat", "<portgroup name='eng' default='yes'/><portgroup name='acc'/>"))
    hosts.quartet("kvm1", name="acc", default=True)
    for groups in hosts.groups("kvm1"):
        assert 'default="yes"' in groups["acc"]
        assert "default" not in groups["eng"]


def test_what_is_left_out_is_left_alone(hosts):
    hosts.started("kvm1", of("nat", "<portgroup name='eng' default='yes' trustGuestRxFilters='no'/>"))
    hosts.quartet("kvm1", name="eng", bandwidth={"inbound": {"average": 9}})
    for groups in hosts.groups("kvm1"):
        assert 'default="yes"' in groups["eng"]
        assert 'trustGuestRxFilters="no"' in groups["eng"]
    hosts.quartet("kvm1", name="eng", bandwidth={}, default=False)
    assert all("bandwidth" not in groups["eng"] and "default" not in groups["eng"] for groups in hosts.groups("kvm1"))


def test_drift_of_other_portgroups_is_nobodys_business(hosts):
    hosts.started("kvm1", of("nat", "<portgroup name='eng'/>"))
    for where, name in (("--live", "here"), ("--config", "later")):
        xml = hosts.file("kvm1", f"<portgroup name='{name}' default='yes'/>")
        hosts.virsh("kvm1", "net-update", "red", "add", "portgroup", xml, where)
    hosts.quartet("kvm1", name="eng", default=True)
    live, persistent = hosts.groups("kvm1")
    assert (set(live), set(persistent)) == ({"eng", "here"}, {"eng", "later"})
    assert [name for groups in (live, persistent) for name in groups if "default" in groups[name]] == ["eng", "eng"]


def test_a_running_network_that_cannot_take_it_waits(hosts):
    """libvirt's update would put a VLAN into the running NAT network, which could not be defined from its dump then."""
    hosts.started("kvm1", of("nat"))
    uuid = hosts.virsh("kvm1", "net-uuid", "red").strip()
    hosts.define("kvm1", of("open vswitch").replace("</name>", f"</name><uuid>{uuid}</uuid>"))
    real = hosts.quartet("kvm1", name="eng", vlan={"tags": [{"id": 40}]})
    assert real["pending"] == ["portgroups"]
    live, persistent = hosts.groups("kvm1")
    assert (set(live), set(persistent)) == (set(), {"eng"})


def test_a_linux_bridge_has_vlans_since_libvirt_11(hosts):
    hosts.started("kvm2", of("linux bridge"))
    vlan = {"trunk": True, "tags": [{"id": 50, "native_mode": "untagged"}, {"id": 51}]}
    hosts.quartet("kvm2", name="eng", vlan=vlan)
    for groups in hosts.groups("kvm2"):
        assert '<vlan trunk="yes"><tag id="50" nativeMode="untagged"></tag><tag id="51"></tag></vlan>' in groups["eng"]


BAD = {
    "unknown network": ("nat", {"network": "nope"}, "NETWORK_MISSING", ["nope"]),
    "unknown network, absent": ("nat", {"network": "nope", "state": "absent"}, "NETWORK_MISSING", ["nope"]),
    "bandwidth -1": ("nat", {"bandwidth": {"inbound": {"average": -1}}}, "BANDWIDTH_INVALID", ["-1"]),
    "no average": ("nat", {"bandwidth": {"inbound": {"peak": 5}}}, "BANDWIDTH_INVALID", ["average"]),
    "floor": ("nat", {"bandwidth": {"inbound": {"average": 5, "floor": 5}}}, "BANDWIDTH_INVALID", ["floor"]),
    "vlan 4096": ("open vswitch", {"vlan": {"tags": [{"id": 4096}]}}, "VLAN_INVALID", ["4096", "4095"]),
    "vlan -1": ("open vswitch", {"vlan": {"tags": [{"id": -1}]}}, "VLAN_INVALID", ["-1"]),
    "vlan without tags": ("open vswitch", {"vlan": {"trunk": True}}, "VLAN_INVALID", ["no tags"]),
    "several tags, no trunk": (
        "open vswitch",
        {"vlan": {"trunk": False, "tags": [{"id": 1}, {"id": 2}]}},
        "VLAN_INVALID",
        ["trunk"],
    ),
    "two native tags": (
        "open vswitch",
        {"vlan": {"tags": [{"id": 1, "native_mode": "tagged"}, {"id": 2, "native_mode": "tagged"}]}},
        "VLAN_INVALID",
        ["native_mode"],
    ),
    "vlan on nat": ("nat", {"vlan": {"tags": [{"id": 4}]}}, "OPTION_NOT_IN_MODE", ["nat"]),
    "vlan on vepa": ("vepa", {"vlan": {"tags": [{"id": 4}]}}, "OPTION_NOT_IN_MODE", ["vepa"]),
    "vlan on a linux bridge": ("linux bridge", {"vlan": {"tags": [{"id": 4}]}}, "LIBVIRT_TOO_OLD", ["11.0.0"]),
    "trunk on passthrough": ("passthrough", {"vlan": {"tags": [{"id": 4}, {"id": 5}]}}, "VLAN_INVALID", ["SR-IOV"]),
    "bandwidth on macvtap": ("macvtap", {"bandwidth": RATES}, "OPTION_NOT_IN_MODE", ["bandwidth"]),
    "openvswitch on nat": ("nat", {"virtualport": {"type": "openvswitch"}}, "OPTION_NOT_IN_MODE", ["switch"]),
    "openvswitch on macvtap": ("vepa", {"virtualport": {"type": "openvswitch"}}, "OPTION_NOT_IN_MODE", ["vepa"]),
    "802.1Qbg on a bridge": ("linux bridge", {"virtualport": {"type": "802.1Qbg"}}, "OPTION_NOT_IN_MODE", ["macvtap"]),
    "another type than the network's": ("open vswitch", {"virtualport": QBH}, "VIRTUALPORT_INVALID", ["openvswitch"]),
    "parameters of another type": (
        "vepa",
        {"virtualport": {"type": "802.1Qbh", "parameters": {"managerid": 1}}},
        "VIRTUALPORT_INVALID",
        ["managerid", "profileid"],
    ),
    "managerid 256": (
        "vepa",
        {"virtualport": {"type": "802.1Qbg", "parameters": {"managerid": 256}}},
        "VIRTUALPORT_INVALID",
        ["255"],
    ),
    "no uuid": (
        "open vswitch",
        {"virtualport": {"type": "openvswitch", "parameters": {"interfaceid": "x"}}},
        "VIRTUALPORT_INVALID",
        ["UUID"],
    ),
    "parameters without a type": (
        "vepa",
        {"virtualport": {"parameters": {"profileid": "x"}}},
        "VIRTUALPORT_INVALID",
        ["no type"],
    ),
    "empty name": ("nat", {"name": ""}, "PORTGROUP_INVALID", ["empty"]),
    "text no XML can hold": ("nat", {"name": "a\u0001b"}, "TEXT_INVALID", ["XML"]),
    "unknown state": ("nat", {"state": "active"}, "OPTIONS_INVALID", ["present"]),
    "unknown type": ("nat", {"virtualport": {"type": "ovs"}}, "OPTIONS_INVALID", ["openvswitch"]),
}


def test_bad_input(hosts):
    """One clear sentence each, in check mode too, and nothing changed."""
    for kind in sorted({case[0] for case in BAD.values()}):
        hosts.empty("kvm1")
        hosts.started("kvm1", of(kind, "<portgroup name='other' default='yes'/>"))
        before = hosts.snapshot("kvm1")
        cases = {name: case for name, case in BAD.items() if case[0] == kind}
        tasks = [
            task("virt_portgroup", {"network": "red", "name": "eng", **options}, check)
            for _kind, options, _code, _words in cases.values()
            for check in (True, False)
        ]
        results = hosts.run("kvm1", tasks)
        for name, pair in zip(cases, zip(results[::2], results[1::2])):
            for result in pair:
                assert_refused(result, cases[name][2], *cases[name][3])
        assert hosts.snapshot("kvm1") == before
