# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of every kind: made, changed, found unchanged, told, and taken away again."""

from __future__ import annotations

from typing import Any

import pytest
from harness.told import holds
from story import Call, Probe, assert_quartet, quartet, story

POOL = [{"dev": "p0"}, {"dev": "p1"}]
BRIDGE = (("ip", "link", "add", "br7", "type", "bridge"), ("ip", "link", "set", "br7", "up"))


def ip(third: int, **dhcp: Any) -> dict[str, Any]:
    """The address that the host has in a subnet of its own."""
    ranges = [{"start": f"10.20.{third}.50", "end": f"10.20.{third}.99"}]
    return {"address": f"10.20.{third}.1", "prefix": 24, "dhcp": {"ranges": ranges, **dhcp}}


def pool(mode: str, *members: str) -> dict[str, Any]:
    return {"forward": {"mode": mode, "interfaces": [{"dev": member} for member in members]}}


# Kind -> the options, a change of them with how far it goes, and what the live definition then has.
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "nat": (
        {"forward": {"mode": "nat"}, "mtu": 1400, "domain": {"name": "lab.example"}, "ips": [ip(0)], "autostart": True},
        {"ips": [ip(0, hosts=[{"mac": "52:54:00:20:00:01", "ip": "10.20.0.10", "name": "web1"}])]},
        "update",
        "ip/dhcp/host[@name='web1']",
    ),
    "nat6": (
        {
            "forward": {"mode": "nat", "nat": {"ipv6": True}},
            "ips": [ip(1), {"family": "ipv6", "address": "fd00:20::1", "prefix": 64}],
        },
        {"mtu": 1400},
        "restart",
        "mtu[@size='1400']",
    ),
    "route": (
        {"forward": {"mode": "route"}, "ips": [ip(2)]},
        {"dns": {"hosts": [{"ip": "10.20.2.9", "hostnames": ["git"]}]}},
        "update",
        "dns/host[@ip='10.20.2.9']",
    ),
    "open": (
        {
            "forward": {"mode": "open"},
            "ips": [ip(3)],
            "routes": [{"address": "10.40.0.0", "prefix": 24, "gateway": "10.20.3.2"}],
        },
        {"routes": []},
        "restart",
        "ip[@address='10.20.3.1']",
    ),
    "isolated": (
        {"ips": [ip(4)], "dns": {"txts": [{"name": "a", "value": "b"}]}},
        {"dns": {"txts": []}, "bridge": {"stp": False}},
        "restart",
        "bridge[@stp='off']",
    ),
    "no-addresses": ({"mtu": 9000}, {"port": {"isolated": True}}, "restart", "port[@isolated='yes']"),
    "bridge": (
        {"forward": {"mode": "bridge"}, "bridge": {"name": "br7"}},
        {"portgroups": [{"name": "eng", "default": True}]},
        "update",
        "portgroup[@name='eng']",
    ),
    "openvswitch": (
        {
            "forward": {"mode": "bridge"},
            "bridge": {"name": "ovsbr0"},
            "virtualport": {"type": "openvswitch"},
            "portgroups": [{"name": "eng", "vlan": {"tags": [{"id": 40}]}}],
        },
        {"portgroups": [{"name": "eng", "vlan": {"tags": [{"id": 41}]}}]},
        "update",
        "portgroup/vlan/tag[@id='41']",
    ),
    "private": (pool("private", "p0"), pool("private", "p0", "p1"), "update", "forward/interface[@dev='p1']"),
    "vepa": (pool("vepa", "p2"), pool("vepa", "p2", "p3"), "update", "forward/interface[@dev='p3']"),
    "macvtap": (pool("bridge", "p4", "p5"), pool("bridge", "p4"), "update", "forward/interface[@dev='p4']"),
    "passthrough": (
        pool("passthrough", "p6"),
        pool("passthrough", "p6", "p7"),
        "update",
        "forward/interface[@dev='p7']",
    ),
}


def of_every_kind(_host):
    made = [{"name": name, **options} for name, (options, *_more) in KINDS.items()]
    changes = [{"name": name, **change} for name, (_options, change, *_more) in KINDS.items()]
    return (
        Probe("before", run=BRIDGE, clean=True),
        *quartet("made", "virt_networks", {"networks": made}),
        *quartet("changed", "virt_networks", {"networks": changes}),
        Probe("there"),
        Call("found", "virt_network_info"),
        Call("fed", "virt_networks", {"networks": "{{ found.networks }}"}),
        Call("gone", "virt_networks", {"networks": [], "purge": True}),
        Probe("after"),
    )


@story(of_every_kind)
def test_networks_of_every_kind(host, told):
    for name in ("made", "changed"):
        promised, done, again, still = (told.ok(f"{name}{step}") for step in ("_check", "", "_again", "_still"))
        assert [r["changed"] for r in (promised, done, again, still)] == [True, True, False, False]
        assert {n["name"]: n["steps"] for n in promised["networks"]} == {
            n["name"]: n["steps"] for n in done["networks"]
        }
        assert {n["name"] for n in done["networks"] if n["changed"]} == set(KINDS)
    there, details = told.snapshot("there").networks, told.ok("found")["details"]
    for step in told.ok("changed")["networks"]:
        _options, _change, how, holds_then = KINDS[step["name"]]
        actions = {one["action"] for one in step["steps"]}
        assert ("update" in actions, "destroy" in actions) == (how == "update", how == "restart"), step
        assert step["pending"] == [], step
        assert there[step["name"]].active
        assert holds(there[step["name"]].live, holds_then), there[step["name"]].live
        assert details[step["name"]]["drift"] == []
    assert not told.ok("fed")["changed"], told.ok("fed")
    assert told.ok("gone")["changed"]
    assert told.snapshot("after") == told.snapshot("before")


NEWER = {
    "title": ((9, 7), {"title": "The lab"}, "title[.='The lab']"),
    "domain-register": (
        (10, 1),
        # Started it would want systemd-resolved.
        {
            "state": "inactive",
            "ips": [ip(0)],
            "domain": {"name": "lab.example", "local_only": True, "register": True},
        },
        "domain[@register='yes']",
    ),
    "open-without-address": ((10, 8), {"forward": {"mode": "open"}}, "forward[@mode='open']"),
    "vlan-on-a-bridge": (
        (11, 0),
        {"forward": {"mode": "bridge"}, "bridge": {"name": "br7"}, "vlan": {"tags": [{"id": 5}]}},
        "vlan/tag[@id='5']",
    ),
    "forwarder-port": (
        (12, 0),
        {"ips": [ip(0)], "dns": {"forwarders": [{"addr": "10.20.0.2", "port": 5353}]}},
        "dns/forwarder[@port='5353']",
    ),
}


def of_a_newer_libvirt(_host, case):
    _since, options, _there = case
    return (
        Probe("before", run=BRIDGE, clean=True),
        *quartet("made", "virt_network", {"name": "net", **options}),
        Probe("after"),
    )


@story(of_a_newer_libvirt, **NEWER)
def test_what_only_a_newer_libvirt_takes(host, case, told, version):
    since, _options, there = case
    if version >= since:
        assert_quartet(told, "made")
        network = told.snapshot("after").networks["net"]
        assert holds(network.live or network.inactive, there)
        return
    for step in ("made_check", "made"):
        result = told[step]
        assert result["failed"]
        assert result["code"] in ("LIBVIRT_TOO_OLD", "IP_REQUIRED", "OPTION_NOT_IN_MODE"), result
        assert ".".join(map(str, since)) in result["msg"], result["msg"]
    assert told.snapshot("after") == told.snapshot("before")


def test_hostdev_networks():
    pytest.skip("no SR-IOV: this machine's kernel has neither VFIO nor netdevsim")
