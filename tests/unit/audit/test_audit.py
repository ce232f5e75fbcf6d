# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean fleet has no finding; each single fault gives its finding and no other; folding loses no host."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit
from ansible_collections.virtfleet.network.plugins.module_utils._audit.finding import AuditFinding, Kind
from ansible_collections.virtfleet.network.plugins.module_utils._audit.kinds import KINDS
from ansible_collections.virtfleet.network.plugins.module_utils._audit.table import (
    finding_lines,
    new_or_worse,
    without_findings,
)
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.lines import WIDTH, fold_names, natural_order
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import INFO_FORMAT

CONTRACT = [
    {"name": "red", "reach": "l2", "mtu": 1500, "portgroups": [{"name": "eng", "default": True}]},
    {"name": "lab", "reach": "nat", "mtu": 1500, "subnets": ["10.20.0.0/24"]},
    {"name": "wire", "reach": "l2"},
]
BINDINGS = {
    "red": {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
    "lab": {"ips": [{"address": "10.20.0.1", "prefix": 24}]},
    "wire": {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}},
}


def details(**other: Any) -> dict[str, Any]:
    return {
        "active": True, "persistent": True, "autostart": True, "managed": True, "drift": [], "live": {},
        "dnsmasq": "none", "bridge_link": "none", "guests_on_old_settings": [], "bridge": None, **other,
    }  # fmt: skip


def guest(number: int) -> dict[str, Any]:
    mac = f"52:54:00:00:00:{number:02x}"
    nic = {"mac": mac, "type": "network", "network": "red", "source": None, "transient": False}
    return {"name": f"web{number}", "uuid": str(number), "running": True, "nics": [nic], "tcp_ports": []}


def uuid(first: str, number: int) -> str:
    return f"{first}0000000-0000-4000-8000-{number:012}"


def link(name: str, **other: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "bridge", "mtu": 1500, "admin": "up", "carrier": True, "master": None, "subnets": [],
        "addresses": [], "link_local": [], "mac": None, "index": None, "parent": None, "vlan": None,
        "vlan_protocol": None, "vlan_filtering": None, "default_pvid": None, "vlans": None, "mode": None,
        "stp_delay": None, "port_state": None, "port_settings": None, "default_route": False, "vf": False,
        "multi_queue": None, "had_carrier": None, "programs": [], "bound": [], **other,
    }  # fmt: skip


def passages(*ways: str) -> dict[str, Any]:
    found = [{"family": "ipv4", "direction": way, "state": "open", "rules": []} for way in ways]
    return {"stopped": {}, "passages": found, "no_arp": None, "no_ndp": None, "misrouted": [], "forwards": []}


def info(number: int) -> dict[str, Any]:
    networks = [
        {"name": "red", "uuid": uuid("a", number), "forward": {"mode": "bridge"}, "bridge": {"name": "br0"},
         "portgroups": [{"name": "eng", "default": True}]},
        {"name": "lab", "uuid": uuid("b", number), "forward": {"mode": "nat"}, "mac": f"52:54:00:10:00:{number:02x}",
         "mtu": 1500, "bridge": {"name": f"virbr{number}"},
         "ips": [{"address": "10.20.0.1", "netmask": "255.255.255.0"}]},
        {"name": "wire", "uuid": uuid("c", number), "forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}},
    ]  # fmt: skip
    own = f"virbr{number}"
    serves = details(dnsmasq="running", bridge_link="complete", bridge=own)
    return {
        "format": INFO_FORMAT,
        "networks": [{**network, "state": "active", "autostart": True} for network in networks],
        "transient": [],
        "details": {"red": details(), "lab": serves, "wire": details()},
        "pools": {"wire": {"members": [member()], "miscounted": [], "capacity": {"left": 1}}},
        "links": [
            link("br0", index=1), link("eth1", kind="physical", master="br0"), link("p0", kind="physical"),
            link(own, addresses=["10.20.0.1"], subnets=["10.20.0.1/24"]),
            link(f"vnet{number}", kind="tun", master=own), link(f"veth{number}", kind="veth", master=own),
        ],
        "ovs_bridges": {},
        "nwfilters": {},
        "routers": {"br0": passages("across"), own: {
            **passages("out", "back", "in", "across"),
            "passages": [*passages("out", "back", "across")["passages"],
                         {"family": "ipv4", "direction": "in", "state": "shut", "rules": ["libvirt's own"]}],
        }},
        "guests": [guest(number)],
        "host": {
            "libvirt_version": "9.0.0", "hostname": f"kvm{number}", "remote": False,
            "forwarding": {"ipv4": True, "ipv6": True},
            "boot": {"tools": ["systemd-networkd"], "links": {"br0": "systemd-networkd"}},
            "uuid": uuid("e", number),
            "migration": {"hooks": [], "libvirt_ports": [], "unwritable_directories": [], "missing_programs": []},
        },
    }  # fmt: skip


def member() -> dict[str, Any]:
    return {"name": "p0", "state": "free", "holders": [], "max_guests": None}


def fleet(size: int = 3) -> dict[str, dict[str, Any]]:
    return {f"kvm{n}": {"bindings": BINDINGS, "info": info(n)} for n in range(1, size + 1)}


def drop(facts: dict[str, Any], name: str) -> None:
    facts["networks"] = [network for network in facts["networks"] if network["name"] != name]


def network(facts: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in facts["networks"] if one["name"] == name)


def make_transient(facts: dict[str, Any]) -> None:
    facts["transient"] = [network(facts, "red")]
    drop(facts, "red")
    facts["details"]["red"].update(persistent=False, autostart=False)


def other_network(managed: bool, facts: dict[str, Any]) -> None:
    network = {"name": "old", "bridge": {"name": "virbr9"}, "state": "active", "autostart": True}
    facts["networks"].append(network)
    facts["details"]["old"] = details(managed=managed)


def live_only(facts: dict[str, Any]) -> None:
    facts["details"]["red"].update(drift=["portgroups"], live={"portgroups": []})


def defined_only(facts: dict[str, Any]) -> None:
    facts["details"]["red"].update(drift=["portgroups"], live={"portgroups": network(facts, "red")["portgroups"]})
    network(facts, "red")["portgroups"] = []


OLD = {"guest": "web1", "uuid": "1", "mac": "52:54:00:00:00:01", "portgroup": "eng", "differs": ["vlan"], "methods": []}
FAULTS = {
    "HOST_UNKNOWN": lambda f: f.update(unreachable=True, msg="no route"),
    "NETWORK_MISSING": lambda f: drop(f, "red"),
    "NETWORK_TRANSIENT": make_transient,
    "NETWORK_INACTIVE": lambda f: f["details"]["red"].update(active=False),
    "AUTOSTART_DIFFERS": lambda f: f["details"]["red"].update(autostart=False),
    "DEFINITION_DIFFERS": defined_only,
    "LIVE_DIFFERS": live_only,
    "NETWORK_LEFT": lambda f: other_network(True, f),
    "NETWORK_FOREIGN": lambda f: other_network(False, f),
    "DNSMASQ_FAULTY": lambda f: f["details"]["lab"].update(dnsmasq="dead"),
    "DNSMASQ_UNKNOWN": lambda f: f["details"]["lab"].update(dnsmasq="unknown"),
    "BRIDGE_FAULTY": lambda f: f["details"]["lab"].update(bridge_link="down"),
    "BRIDGE_UNKNOWN": lambda f: f["details"]["lab"].update(bridge_link="unknown"),
    "LINKS_UNKNOWN": lambda f: f.update(links=None),
    "LINK_MISSING": lambda f: f["links"].pop(2),
    "MTU_BROKEN": lambda f: f["links"][0].update(mtu=1400),
    "NOT_A_BRIDGE": lambda f: f["links"][0].update(kind="veth"),
    "BRIDGE_DOWN": lambda f: f["links"][0].update(admin="down"),
    "UPLINK_MISSING": lambda f: f["links"][1].update(master=None),
    "UPLINK_DOWN": lambda f: f["links"][1].update(carrier=False),
    "UPLINK_UNKNOWN": lambda f: f["links"][1].update(kind="wireguard-like"),
    "PATH_MTU": lambda f: f["links"][1].update(mtu=1400),
    "BRIDGE_MTU": lambda f: f["links"][3].update(mtu=1400),
    "BRIDGE_JOINED": lambda f: f["links"].append(link("eth2", kind="physical", master=f["links"][3]["name"])),
    "STP_DELAY": lambda f: f["links"][0].update(stp_delay=30),
    "NO_ARP": lambda f: f["routers"][f["links"][3]["name"]].update(no_arp="NOARP"),
    "SUBNET_MISROUTED": lambda f: f["routers"][f["links"][3]["name"]].update(misrouted=["10.20.0.128/25 by eth1"]),
    "NOT_AT_BOOT": lambda f: f["host"]["boot"].update(links={}),
    "BOOT_UNKNOWN": lambda f: f["host"].update(boot=None),
    "FIREWALL_DROPS": lambda f: f["routers"]["br0"]["passages"][0].update(state="shut", rules=["iptables: DROP"]),
    "FIREWALL_UNKNOWN": lambda f: f["routers"]["br0"]["passages"][0].update(state=None, rules=["iptables: -m mark"]),
    "GUEST_SETTINGS_OLD": lambda f: f["details"]["red"].update(guests_on_old_settings=[OLD]),
    "GUEST_SETTINGS_UNKNOWN": lambda f: f["details"]["red"].update(guests_on_old_settings=None),
    "POOL_UNKNOWN": lambda f: f.update(pools=None),
    "MEMBER_MISSING": lambda f: f["pools"]["wire"]["members"][0].update(state="missing"),
    "MEMBER_STALE": lambda f: f["pools"]["wire"]["members"][0].update(state="stale"),
    "MEMBER_FOREIGN": lambda f: f["pools"]["wire"]["members"][0].update(state="foreign"),
    "POOL_MISCOUNTED": lambda f: f["pools"]["wire"].update(miscounted=["p0"]),
    "FORWARDING_OFF": lambda f: f["host"]["forwarding"].update(ipv4=False),
    "FORWARDING_UNKNOWN": lambda f: f["host"].update(forwarding=None),
    "HOOK_SCRIPT": lambda f: f["host"]["migration"].update(hooks=["/etc/libvirt/hooks/network"]),
    "GUESTS_UNKNOWN": lambda f: f.update(guests=None),
}


# Each has a test of its own.
NOT_BY_ONE_HOST = {
    "UNEXPECTED", "NETWORK_ACTIVE", "LIBVIRT_FAULT", "MAC_TWICE", "ADDRESS_TWICE", "HOST_TWICE", "NAT_UNREACHABLE",
    "NAT_UNKNOWN",
}  # fmt: skip


def test_each_kind_has_a_fault() -> None:
    assert {kind.code for kind in KINDS if kind.template != "{text}"} - set(FAULTS) == NOT_BY_ONE_HOST


def test_a_clean_fleet_has_no_finding() -> None:
    assert audit(CONTRACT, fleet()) == []
    assert finding_lines([], list(fleet())) == ["clean    kvm1-kvm3"]


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_alone_gives_its_finding_and_no_other(code: str) -> None:
    hosts = copy.deepcopy(fleet())
    FAULTS[code](hosts["kvm2"]["info"])
    assert [(one.host, one.code) for one in audit(CONTRACT, hosts)] == [("kvm2", code)]


def test_what_the_libvirt_of_a_host_does_not_have() -> None:
    """libvirt 11.0 brought VLANs to networks on Linux bridges."""
    contract = [{**CONTRACT[0], "portgroups": [{"name": "eng", "default": True, "vlan": {"tags": [{"id": 7}]}}]}]
    hosts = fleet(2)
    for facts in hosts.values():
        drop(facts["info"], "lab")
        drop(facts["info"], "wire")
        facts["bindings"] = {"red": BINDINGS["red"]}
        facts["info"]["networks"][0]["portgroups"] = contract[0]["portgroups"]
    hosts["kvm1"]["info"]["host"]["libvirt_version"] = "11.3.0"
    (found,) = audit(contract, hosts)
    assert (found.host, found.network, found.code) == ("kvm2", "red", "LIBVIRT_TOO_OLD")
    assert "libvirt 11.0" in found.sentence()
    drop(hosts["kvm2"]["info"], "red")
    assert [one.code for one in audit(contract, hosts)] == ["LIBVIRT_TOO_OLD", "NETWORK_MISSING"]


def test_a_host_of_another_version_of_the_collection_was_not_looked_at() -> None:
    hosts = copy.deepcopy(fleet())
    hosts["kvm2"]["info"]["format"] = 0
    assert [(one.host, one.code) for one in audit(CONTRACT, hosts)] == [("kvm2", "HOST_UNKNOWN")]


def test_forwarding_by_one_link_is_off() -> None:
    hosts = copy.deepcopy(fleet(1))
    hosts["kvm1"]["info"]["routers"]["virbr1"]["stopped"] = {"ipv4": "virbr1"}
    assert [one.code for one in audit(CONTRACT, hosts)] == ["FORWARDING_OFF"]


@pytest.mark.parametrize("way", ["out", "back", "across"])
def test_what_the_firewall_drops_of_a_nat_network(way: str) -> None:
    hosts = copy.deepcopy(fleet(1))
    passage = next(one for one in hosts["kvm1"]["info"]["routers"]["virbr1"]["passages"] if one["direction"] == way)
    passage.update(state="shut", rules=["iptables filter FORWARD: policy DROP"])
    (found,) = audit(CONTRACT, hosts)
    assert (found.code, found.network) == ("FIREWALL_DROPS", "lab")
    assert "FORWARD: policy DROP" in found.sentence()


def test_a_bridge_that_is_not_there_is_one_finding() -> None:
    hosts = copy.deepcopy(fleet(2))
    hosts["kvm1"]["info"]["links"].pop(0)
    facts = hosts["kvm2"]["info"]
    facts["links"].pop(3)
    facts["details"]["lab"].update(bridge_link="missing")
    for facts in (hosts["kvm1"]["info"], hosts["kvm2"]["info"]):
        facts["routers"] = {name: it for name, it in facts["routers"].items() if name in str(facts["links"])}
    found = [(one.host, one.code) for one in audit(CONTRACT, hosts)]
    assert found == [("kvm1", "LINK_MISSING"), ("kvm2", "BRIDGE_FAULTY")]


def test_an_isolated_uplink_of_an_isolated_network() -> None:
    hosts = copy.deepcopy(fleet(1))
    hosts["kvm1"]["info"]["links"][1]["port_settings"] = {"isolated": True}
    assert audit(CONTRACT, hosts) == []
    hosts["kvm1"]["bindings"] = {**BINDINGS, "red": {**BINDINGS["red"], "port": {"isolated": True}}}
    network(hosts["kvm1"]["info"], "red")["port"] = {"isolated": True}
    (found,) = audit(CONTRACT, hosts)
    assert found.code == "UPLINK_DOWN"
    assert "is an isolated port of its bridge" in found.sentence()


@pytest.mark.parametrize("order", [1, -1])
def test_the_portgroup_that_is_worst_off_is_named(order: int) -> None:
    """One uplink does not carry VLAN 7, and what the other one does with VLAN 5 is not known."""
    hosts = copy.deepcopy(fleet(1))
    facts = hosts["kvm1"]["info"]
    groups = [{"name": "eng", "vlan": {"tags": [{"id": 5}]}}, {"name": "acc", "vlan": {"tags": [{"id": 7}]}}][::order]
    network(facts, "red")["portgroups"] = groups
    contract = [{**CONTRACT[0], "portgroups": groups}, *CONTRACT[1:]]
    facts["host"]["libvirt_version"] = "11.3.0"
    facts["links"][0].update(vlan_filtering=True, default_pvid=1)
    carried = [{"id": 1, "untagged": True}, {"id": 5, "untagged": False}]
    facts["links"][1].update(vlans=carried, kind="wireguard-like")
    (found,) = audit(contract, hosts)
    assert found.code == "UPLINK_DOWN"
    assert found.sentence() == (
        "Frames of network red with VLAN 7 do not leave the host: eth1 is not in the VLAN of the guest's port."
    )


def test_a_member_that_is_merely_down_is_no_finding() -> None:
    hosts = copy.deepcopy(fleet(1))
    hosts["kvm1"]["info"]["links"][2].update(admin="down", carrier=None)
    assert audit(CONTRACT, hosts) == []


def test_libvirt_12_1_and_a_hostdev_network() -> None:
    hosts = copy.deepcopy(fleet(1))
    facts = hosts["kvm1"]["info"]
    wire = network(facts, "wire")
    wire["forward"] = {"mode": "hostdev", "pf": {"dev": "p0"}}
    hosts["kvm1"]["bindings"] = {**BINDINGS, "wire": {"forward": wire["forward"]}}
    assert audit(CONTRACT, hosts) == []
    facts["host"]["libvirt_version"] = "12.1.0"
    assert [(one.network, one.code) for one in audit(CONTRACT, hosts)] == [("wire", "LIBVIRT_FAULT")]


def test_a_network_that_must_not_be_active() -> None:
    hosts = fleet(1)
    hosts["kvm1"]["bindings"] = {**BINDINGS, "red": {**BINDINGS["red"], "state": "inactive"}}
    assert [one.code for one in audit(CONTRACT, hosts)] == ["NETWORK_ACTIVE"]


def test_a_mac_used_on_two_hosts_is_said_on_both() -> None:
    hosts = fleet()
    hosts["kvm2"]["info"]["guests"][0]["nics"] = hosts["kvm1"]["info"]["guests"][0]["nics"]
    assert [(one.host, one.code) for one in audit(CONTRACT, hosts)] == [("kvm1", "MAC_TWICE"), ("kvm2", "MAC_TWICE")]


def test_two_hosts_with_one_uuid() -> None:
    hosts = fleet()
    hosts["kvm3"]["info"]["host"]["uuid"] = hosts["kvm1"]["info"]["host"]["uuid"]
    found = audit(CONTRACT, hosts)
    assert [(one.host, one.code) for one in found] == [("kvm1", "HOST_TWICE"), ("kvm3", "HOST_TWICE")]
    assert "on kvm3" in found[0].sentence()


@pytest.mark.parametrize(
    ("address", "code"), [("192.0.2.9", "NAT_UNREACHABLE"), ("198.51.100.9", "NAT_UNKNOWN"), ("192.0.2.1", None)]
)
def test_addresses_of_nat(address: str, code: str | None) -> None:
    """The host has 192.0.2.1."""
    hosts = copy.deepcopy(fleet(1))
    info = hosts["kvm1"]["info"]
    info["links"][1].update(addresses=["192.0.2.1"], subnets=["192.0.2.1/24"])
    forward = {"mode": "nat", "nat": {"address": {"start": address, "end": address}}}
    network(info, "lab")["forward"] = forward
    hosts["kvm1"]["bindings"] = {**BINDINGS, "lab": {**BINDINGS["lab"], "forward": forward}}
    assert [one.code for one in audit(CONTRACT, hosts)] == ([code] if code else [])


def test_a_delay_of_the_contract_is_no_finding() -> None:
    hosts = copy.deepcopy(fleet(1))
    hosts["kvm1"]["info"]["links"][3].update(stp_delay=30)
    assert [one.code for one in audit(CONTRACT, hosts)] == ["STP_DELAY"]
    network(hosts["kvm1"]["info"], "lab")["bridge"]["delay"] = 15
    hosts["kvm1"]["bindings"] = {**BINDINGS, "lab": {**BINDINGS["lab"], "bridge": {"name": "virbr1", "delay": 15}}}
    assert audit(CONTRACT, hosts) == []


def test_an_address_used_on_two_hosts_is_said_on_both() -> None:
    hosts = copy.deepcopy(fleet())
    for name, address in (("kvm1", "fd00::1"), ("kvm2", "fd00:0::0:1"), ("kvm3", "fd00::2")):
        hosts[name]["info"]["links"][0].update(addresses=[address])
        # The same on every host, and apart.
        hosts[name]["info"]["links"][3].update(addresses=["10.20.0.1"])
    found = [(one.host, one.network, one.code) for one in audit(CONTRACT, hosts)]
    assert found == [("kvm1", "red", "ADDRESS_TWICE"), ("kvm2", "red", "ADDRESS_TWICE")]


def test_networks_outside_the_contract_may_be_apart() -> None:
    hosts = copy.deepcopy(fleet(2))
    for facts in hosts.values():
        own = {"name": "mgmt", "uuid": uuid("d", 1), "forward": {"mode": "bridge"}, "bridge": {"name": "brm"}}
        facts["info"]["networks"].append({**own, "state": "active", "autostart": True})
        facts["info"]["details"]["mgmt"] = details(managed=False)
        facts["info"]["links"].append(link("brm", addresses=["192.168.1.1"]))
    assert {one.code for one in audit(CONTRACT, hosts)} == {"NETWORK_FOREIGN"}


@given(st.sets(st.integers(1, 120), min_size=1))
def test_folding_loses_no_host(numbers: set[int]) -> None:
    seen: set[int] = set()
    for part in fold_names(f"kvm{number}" for number in numbers).split(", "):
        first, _dash, last = part.replace("kvm", "").partition("-")
        seen |= set(range(int(first), int(last or first) + 1))
    assert seen == numbers


def test_natural_order_and_width() -> None:
    assert sorted(["kvm10", "kvm2", "a"], key=natural_order) == ["a", "kvm2", "kvm10"]
    hosts = copy.deepcopy(fleet(50))
    for number in range(1, 51, 2):
        drop(hosts[f"kvm{number}"]["info"], "red")
    found = audit(CONTRACT, hosts)
    lines = finding_lines([one.as_dict() for one in found], without_findings((one.host for one in found), hosts))
    assert any(line.startswith("clean    kvm2, kvm4") for line in lines)
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].startswith("error    NETWORK_MISSING: kvm1, kvm3")


def test_networks_that_are_alike_are_one_entry() -> None:
    hosts = copy.deepcopy(fleet(3))
    for host in ("kvm1", "kvm3"):
        for network in ("red", "lab"):
            drop(hosts[host]["info"], network)
    lines = finding_lines([one.as_dict() for one in audit(CONTRACT, hosts)], ["kvm2"])
    assert lines[:2] == ["error    NETWORK_MISSING: kvm1, kvm3", "         Network lab, red does not exist."]


def test_a_baseline_leaves_what_is_new() -> None:
    hosts = copy.deepcopy(fleet())
    FAULTS["NETWORK_MISSING"](hosts["kvm1"]["info"])
    saved = [one.as_dict() for one in audit(CONTRACT, hosts)]
    FAULTS["LINK_MISSING"](hosts["kvm2"]["info"])
    assert [one.code for one in new_or_worse(audit(CONTRACT, hosts), saved)] == ["LINK_MISSING"]


def test_the_documented_codes_are_the_kinds() -> None:
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    told = [(code.strip(" `"), severity.strip()) for code, severity in rows if code.strip(" `").isupper()]
    assert told == [(kind.code, kind.severity) for kind in KINDS if kind.template != "{text}"]


@pytest.mark.parametrize("said", [("x", "y"), {"b": 1, "a": 2}, {10: 1, 9: 2}, [{"b": ("x",), "a": None}]])
def test_a_baseline_from_a_file_has_the_same_parameters(said: Any) -> None:
    """JSON has no tuples, sorts keys, and makes texts of them."""
    one = AuditFinding(Kind("X", "error", "x"), "kvm1", "lan", parameters={"said": said})
    saved = json.loads(json.dumps([one.as_dict()], sort_keys=True))
    assert new_or_worse([one], saved) == []
    assert new_or_worse([replace(one, parameters={"said": "other"})], saved) != []
