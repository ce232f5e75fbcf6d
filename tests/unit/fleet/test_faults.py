# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault by its code, with the sentence that goes with it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults, host_networks
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.fault import CODES
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.scope import contract_with_faults

BR0 = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
POOL = {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]}}
NAT24 = {"ips": [{"address": "10.20.0.1", "prefix": 24}]}


def found(contract: Any, bindings: Any, links: Any = None) -> list[tuple[str, str, str]]:
    faults = find_faults(contract, {"kvm1": {"bindings": bindings, "links": links}})
    assert all(fault.code in CODES for fault in faults)
    assert all("\n" not in fault.sentence and fault.sentence.endswith(".") for fault in faults)
    return [(fault.code, fault.host, fault.network) for fault in faults]


@pytest.mark.parametrize(
    ("contract", "network", "words"),
    [
        ("red", "", "must be a list of networks, not 'red'"),
        ({"red": {}}, "", "must be a list of networks, not a mapping"),
        (None, "", "must be a list of networks, not None"),
        (["red"], "", "Network 1 of the contract must be a mapping, not 'red'"),
        ([{"reach": "nat"}], "", "Network 1 of the contract has no name"),
        ([{"name": True, "reach": "nat"}], "", "Network 1 of the contract has no name"),
        ([{"name": "red", "reach": "isolated"}] * 2, "red", "more than once"),
        ([{"name": "red"}], "red", "reach must be one of l2, routed, nat, isolated."),
        ([{"name": "red", "reach": "wan"}], "red", "isolated, not 'wan'"),
        ([{"name": "red", "reach": "isolated", "mtu": "big"}], "red", "mtu must be an integer"),
        ([{"name": "red", "reach": "isolated", "mtu": 20}], "red", "from 68 to 65535, not 20"),
        ([{"name": "red", "reach": "isolated", "color": 1}], "red", "color is not an option here"),
        ([{"name": "red", "reach": "isolated", 7: 1}], "red", "7 is not an option"),
        ([{"name": "red", "reach": "isolated", "xml": "<network/>"}], "red", "xml is not an option here"),
        ([{"name": "red", "reach": "isolated", "portgroup": []}], "red", "the closest one is portgroups"),
        ([{"name": "red", "reach": "isolated", "Subnet": []}], "red", "the closest one is subnets"),
        (
            [{"name": "red", "reach": "isolated", "dns": {"host": []}}],
            "red",
            "dns.host is not an option here; the closest",
        ),
        ([{"name": "red", "reach": "isolated", "state": "absent"}], "red", "state must be one of"),
        ([{"name": "red", "reach": "isolated", "portgroups": {"name": "a"}}], "red", "portgroups must be a list"),
        ([{"name": "red", "reach": "isolated", "portgroups": ["a"]}], "red", "portgroups[0] must be a mapping"),
        ([{"name": "red", "reach": "isolated", "portgroups": [{}]}], "red", "portgroups[0].name is required"),
        ([{"name": "red", "reach": "isolated", "ipv6": "maybe"}], "red", "ipv6 must be true or false"),
        ([{"name": "red", "reach": "isolated", "dnsmasq_options": "a"}], "red", "must be a list of strings"),
        ([{"name": "red", "reach": "isolated", "dnsmasq_options": [[]]}], "red", "dnsmasq_options[0] must be a"),
        ([{"name": "red", "reach": "isolated", "subnets": "10.0.0.0/8"}], "red", "subnets must be a list"),
        ([{"name": "red", "reach": "isolated", "subnets": ["10.0.0.1/8"]}], "red", "the subnet is 10.0.0.0/8"),
        ([{"name": "red", "reach": "isolated", "subnets": ["10.0.0.0"]}], "red", "'10.0.0.0' is not a subnet"),
        ([{"name": "red", "reach": "isolated", "subnets": [7]}], "red", "7 is not a subnet"),
        ([{"name": "red", "reach": "nat", "subnets": ["10.9.0.0/24"], **NAT24}], "red", "is in 10.20.0.0/24"),
    ],
)
def test_contract_invalid(contract: Any, network: str, words: str) -> None:
    faults = find_faults(contract, {"kvm1": {"bindings": {"red": {}}}, "kvm2": {"bindings": {"red": {}}}})
    of_contract = [fault for fault in faults if fault.code == "CONTRACT_INVALID"]
    # Once, however many hosts there are.
    assert {(fault.host, fault.network) for fault in of_contract} == {("", network)}
    assert any(words in fault.sentence for fault in of_contract), of_contract
    assert {fault.code for fault in faults} <= {"CONTRACT_INVALID", "BINDING_UNKNOWN"}


@pytest.mark.parametrize(
    ("bindings", "network", "words"),
    [
        ("red", "", "must be a mapping of network names, not 'red'"),
        ([{"red": {}}], "", "must be a mapping of network names, not a list"),
        ({"red": {}, True: {}}, "", "True is not a network name"),
        ({"red": "br0"}, "red", "it must be a mapping of options, not 'br0'"),
        ({"red": {"forward": "nat"}}, "red", "forward must be a mapping, not 'nat'"),
        ({"red": {"forward": {"mode": "bogus"}}}, "red", "forward.mode must be one of nat, route"),
        ({"red": {"forward": {"interfaces": [{"dev": "p0", "connections": 1}]}}}, "red", "connections is not an"),
        ({"red": {"name": "red"}}, "red", "name is not an option here"),
        ({"red": {"ips": [{"address": "10.0.0.1", "prefix": 33}]}}, "red", "10.0.0.1/33 is not an address"),
        ({"red": {"ips": [{"address": "ten", "netmask": "255.0.0.0"}]}}, "red", "ten/255.0.0.0 is not an address"),
        ({"red": {"ips": [{"prefix": 24}]}}, "red", "ips[0].address is required"),
    ],
)
def test_binding_invalid(bindings: Any, network: str, words: str) -> None:
    faults = find_faults([{"name": "red", "reach": "nat"}], {"kvm1": {"bindings": bindings}})
    invalid = [fault for fault in faults if fault.code == "BINDING_INVALID"]
    assert [(fault.host, fault.network) for fault in invalid] == [("kvm1", network)]
    assert words in invalid[0].sentence
    # What could not be read breaks no promise.
    assert {fault.code for fault in faults} <= {"BINDING_INVALID", "BINDING_MISSING"}


def test_missing_and_unknown() -> None:
    contract = [{"name": "red", "reach": "l2"}, {"name": "blue", "reach": "nat", "subnets": ["10.0.0.0/8"]}]
    assert found(contract, {"green": {}}) == [
        ("BINDING_MISSING", "kvm1", "blue"),
        ("BINDING_UNKNOWN", "kvm1", "green"),
        ("BINDING_MISSING", "kvm1", "red"),
    ]
    assert found(contract, None)[0] == ("BINDING_MISSING", "kvm1", "blue")


@pytest.mark.parametrize("option", ["mtu", "portgroups", "dns", "reach", "subnets", "state"])
def test_overrides(option: str) -> None:
    promise = {
        "name": "red",
        "reach": "isolated",
        "mtu": 1400,
        "portgroups": [{"name": "a"}],
        "dns": {"enable": True},
        "subnets": ["10.20.0.0/24"],
        "state": "active",
    }
    # Also when it says the same, and also with a value that could not be read.
    assert found([promise], {"red": {option: promise[option]}}) == [("BINDING_OVERRIDES", "kvm1", "red")]
    assert found([promise], {"red": {option: object()}}) == [("BINDING_OVERRIDES", "kvm1", "red")]
    assert found([promise], {"red": {option: None}}) == []
    networks, _faults = host_networks([promise], {"red": {"mtu": 1500}})
    assert networks[0]["mtu"] == 1400


@pytest.mark.parametrize(
    ("reach", "binding", "words"),
    [
        ("nat", {"forward": {"mode": "route"}}, "needs forward mode nat; its binding has forward mode route"),
        ("nat", {"forward": {}}, "its binding has no forward"),
        ("routed", {"forward": {"mode": "nat"}}, "needs forward mode route or open"),
        ("isolated", {"forward": {"mode": "nat"}}, "needs no forward; its binding has forward mode nat"),
        ("isolated", {"forward": {"dev": "eth1"}}, "its binding has forward mode nat"),
        ("l2", {"forward": {"mode": "nat"}}, "bridge, private, vepa, passthrough or hostdev; its binding has"),
        ("l2", {}, "its binding needs forward.mode"),
        ("l2", {"bridge": {"name": "br0"}}, "its binding needs forward.mode"),
        ("l2", {"forward": {"dev": "eth1"}}, "its binding needs forward.mode"),
        ("l2", {"forward": {}}, "its binding has no forward"),
        ("l2", {"forward": {"mode": "bridge"}}, "give bridge.name, forward.dev, forward.interfaces or pool"),
        ("l2", {"forward": {"mode": "vepa"}, "bridge": {"name": "br0"}}, "forward.interfaces, forward.pf or pool"),
        ("l2", {"forward": {"mode": "hostdev"}}, "give forward.addresses, forward.pf or pool"),
    ],
)
def test_reach_broken(reach: str, binding: Any, words: str) -> None:
    faults = find_faults([{"name": "red", "reach": reach}], {"kvm1": {"bindings": {"red": binding}}})
    assert [fault.code for fault in faults] == ["REACH_BROKEN"]
    assert words in faults[0].sentence


def test_mtu_broken() -> None:
    contract = [{"name": "red", "reach": "l2", "mtu": 9000}]
    links = [{"name": "br0", "mtu": 1500}, {"name": "p0", "mtu": 9000}, {"name": "p1", "mtu": "9100"}]
    assert found(contract, {"red": BR0}, links) == [("MTU_BROKEN", "kvm1", "red")]
    assert found(contract, {"red": POOL}, links) == []
    assert found([{"name": "red", "reach": "l2"}], {"red": BR0}, links) == []
    # A host that does not run the network yet may still be in the making.
    assert found(contract, {"red": {**BR0, "state": "inactive"}}, links) == []
    # A bridge of libvirt's own gets the MTU from us.
    assert found([{"name": "red", "reach": "isolated", "mtu": 9000}], {"red": {"bridge": {"name": "br0"}}}, links) == []


def test_mtu_that_nobody_can_set() -> None:
    assert found([{"name": "red", "reach": "l2"}], {"red": {**BR0, "mtu": 9000}}) == [("MTU_BROKEN", "kvm1", "red")]


def test_link_missing() -> None:
    contract = [{"name": "red", "reach": "l2"}]
    assert found(contract, {"red": BR0}, []) == [("LINK_MISSING", "kvm1", "red")]
    assert found(contract, {"red": POOL}, [{"name": "p0"}]) == [("LINK_MISSING", "kvm1", "red")]
    assert found(contract, {"red": POOL}, []) == [("LINK_MISSING", "kvm1", "red")] * 2
    pf = {"forward": {"mode": "passthrough", "pf": {"dev": "ens1"}}}
    assert found(contract, {"red": pf}, [{"name": "ens2"}]) == [("LINK_MISSING", "kvm1", "red")]
    # Nothing is known: nothing is said.
    assert found(contract, {"red": BR0}, None) == []


def test_a_bridge_to_be_made_by_another_network_is_not_missing() -> None:
    contract = [{"name": "red", "reach": "l2"}, {"name": "blue", "reach": "isolated"}]
    assert found(contract, {"red": BR0, "blue": {"bridge": {"name": "br0"}}}, []) == []


@pytest.mark.parametrize(
    ("reach", "ips", "words"),
    [
        ("nat", [{"address": "10.21.0.1", "prefix": 24}], ["is in 10.21.0.0/24", "no address in it"]),
        ("nat", [{"address": "10.20.0.1", "prefix": 16}], ["is in 10.20.0.0/16", "no address in it"]),
        ("nat", [{"address": "10.20.0.1"}], ["is in 10.0.0.0/8", "no address in it"]),
        ("routed", [], ["no address in it"]),
        ("isolated", [{"address": "10.21.0.1", "prefix": 24}], ["is in 10.21.0.0/24"]),
        ("isolated", [], []),
    ],
)
def test_subnet_broken(reach: str, ips: Any, words: list[str]) -> None:
    contract = [{"name": "red", "reach": reach, "subnets": ["10.20.0.0/24"]}]
    faults = find_faults(contract, {"kvm1": {"bindings": {"red": {"ips": ips}}}})
    assert [fault.code for fault in faults] == ["SUBNET_BROKEN"] * len(words)
    assert all(any(word in fault.sentence for fault in faults) for word in words)


def test_all_hosts_at_once_in_order() -> None:
    contract = [{"name": "red", "reach": "l2", "mtu": 9000}, {"name": "blue", "reach": "nat"}]
    hosts = {
        "kvm3": {"bindings": {"red": BR0, "blue": None}, "links": [{"name": "br0", "mtu": 1500}]},
        "kvm1": {"bindings": {"red": {"forward": {"mode": "nat"}}, "green": {}}},
        "kvm2": {"bindings": {"red": BR0, "blue": {}}, "links": None},
        "kvm4": "what",
    }
    assert [fault.line().split(":")[:2] for fault in find_faults(contract, hosts)] == [
        ["kvm1", " BINDING_MISSING"],
        ["kvm1", " BINDING_UNKNOWN"],
        ["kvm1", " REACH_BROKEN"],
        ["kvm3", " MTU_BROKEN"],
        ["kvm4", " BINDING_INVALID"],
    ]
    assert [fault.code for fault in find_faults(contract, [])] == ["BINDING_INVALID"]
    assert [fault.code for fault in find_faults(None, {})] == ["CONTRACT_INVALID"]


def test_hosts_of_another_fleet_are_judged_by_their_own_contract() -> None:
    other = [{"name": "blue", "reach": "isolated"}]
    hosts = {"kvm1": {"bindings": {"red": {}}}, "web1": {"bindings": {"blue": {}}, "contract": other}}
    assert find_faults([{"name": "red", "reach": "isolated"}], hosts) == []


def test_hosts_that_cannot_be_read_are_a_fault_of_the_contract() -> None:
    groups = {"all": ["kvm1"], "rack2": ["kvm1"]}
    for hosts, told in (
        (["rack3"], "hosts has 'rack3', which is neither a host nor a group of the inventory."),
        ("rack2", "hosts must be a list of host and group names, not 'rack2'."),
        ({"rack2": 1}, "hosts must be a list of host and group names, not a mapping."),
    ):
        own = contract_with_faults([{"name": "red", "reach": "nat", "hosts": hosts}], "kvm1", groups)
        (fault,) = find_faults(own, {"kvm1": {"bindings": {"red": {}}}})
        assert fault.line() == f"CONTRACT_INVALID: Network red in the contract: {told}"
