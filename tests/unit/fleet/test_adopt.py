# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that was built by hand, taken over into contract and bindings."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.adopt import Adopted, adopt
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.difference import difference_lines
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults, host_networks
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.scope import contract_of_host
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK

LINKS = [{"name": "br0", "mtu": 1500}, {"name": "br9", "mtu": 9000}]
GROUPS = {"all": ["kvm1", "kvm2", "kvm3", "kvm4"], "kvm": ["kvm1", "kvm2", "kvm3"], "rack2": ["kvm2", "kvm3"]}
RED = {"name": "red", "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
LAB = {"name": "lab", "forward": {"mode": "nat"}, "ips": [{"address": "10.20.0.1", "prefix": 24}], "mtu": 1400}


def info(*networks: dict[str, Any], transient: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    filled = [{"state": "active", "autostart": True, "uuid": f"u-{one['name']}", **one} for one in networks]
    return {"networks": filled, "transient": list(transient), "links": LINKS}


def codes(adopted: Adopted) -> list[tuple[str, str]]:
    return [(one.code, one.network) for one in adopted.differences]


def joined(adopted: Adopted, host: str) -> dict[str, Any]:
    own = contract_of_host(adopted.contract, host, GROUPS)
    networks, faults = host_networks(own, adopted.bindings[host], host, LINKS)
    assert faults == []
    return {network["name"]: network for network in networks}


def test_what_is_common_is_in_the_contract_once():
    adopted = adopt({"kvm1": info(RED, LAB), "kvm2": info(RED, LAB)}, GROUPS)
    assert adopted.contract == [
        {
            "name": "lab",
            "reach": "nat",
            "mtu": 1400,
            "subnets": ["10.20.0.0/24"],
            "ips": [{"address": "10.20.0.1", "prefix": 24}],
        },
        {"name": "red", "reach": "l2", "mtu": 1500, "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
    ]
    assert adopted.bindings == {"kvm1": {"lab": {}, "red": {}}, "kvm2": {"lab": {}, "red": {}}}
    assert adopted.differences == []


def test_a_host_keeps_what_only_it_has():
    other = {**LAB, "ips": [{"address": "10.20.0.2", "netmask": "255.255.255.0"}], "autostart": False}
    adopted = adopt({"kvm1": info(LAB), "kvm2": info(other)}, GROUPS)
    assert adopted.contract == [{"name": "lab", "reach": "nat", "mtu": 1400, "subnets": ["10.20.0.0/24"]}]
    assert adopted.bindings["kvm2"]["lab"] == {"ips": other["ips"], "autostart": False}
    assert codes(adopted) == [("BINDING_DIFFERS", "lab")] * 2
    assert not any(one.as_dict()["breaks"] for one in adopted.differences)


@pytest.mark.parametrize(
    ("code", "network", "change"),
    [
        ("MTU_DIFFERS", LAB, {"mtu": 1300}),
        ("MTU_DIFFERS", RED, {"bridge": {"name": "br9"}}),
        ("SUBNETS_DIFFER", LAB, {"ips": [{"address": "10.21.0.1", "prefix": 24}]}),
        ("PORTGROUPS_DIFFER", LAB, {"portgroups": [{"name": "a", "default": True}]}),
    ],
)
def test_what_breaks_a_contract_is_said_and_kept(code, network, change):
    hosts = {"kvm1": info(network), "kvm2": info({**network, **change})}
    adopted = adopt(hosts, GROUPS)
    assert adopted.differences[0].code == code
    assert adopted.differences[0].as_dict()["breaks"]
    same(adopted, hosts)


def test_a_name_with_two_meanings_is_listed_and_not_merged():
    adopted = adopt({"kvm1": info(RED, LAB), "kvm2": info({**LAB, "name": "red"}, LAB)}, GROUPS)
    assert [entry["name"] for entry in adopted.contract] == ["lab"]
    assert all("red" not in bindings for bindings in adopted.bindings.values())
    assert codes(adopted) == [("REACH_DIFFERS", "red")]
    assert "l2 on kvm1; nat on kvm2" in adopted.differences[0].sentence
    assert difference_lines(adopted.differences)[0] == "left out REACH_DIFFERS: kvm1, kvm2"


def test_a_network_of_some_hosts_is_said_in_the_contract():
    adopted = adopt({"kvm1": info(), "kvm2": info(LAB), "kvm3": info(LAB)}, GROUPS)
    assert adopted.contract[0]["hosts"] == ["rack2"]
    assert adopt({"kvm1": info(LAB), "kvm2": info()}, {}).contract[0]["hosts"] == ["kvm1"]
    assert joined(adopted, "kvm1") == {}
    assert list(joined(adopted, "kvm3")) == ["lab"]


def test_a_host_with_the_name_of_a_group_is_not_listed():
    """By that name the contract would give the network to the group's hosts too."""
    groups = {"all": ["kvm1", "kvm2", "kvm3"], "kvm1": ["kvm2"]}
    adopted = adopt({"kvm1": info(LAB), "kvm2": info(), "kvm3": info()}, groups)
    assert (adopted.contract, codes(adopted)) == ([], [("NOT_EXPRESSIBLE", "lab")])
    assert adopted.bindings == {"kvm1": {}, "kvm2": {}, "kvm3": {}}
    assert adopt({"kvm1": info(LAB), "kvm2": info(LAB), "kvm3": info()}, groups).contract[0]["hosts"] == ["kvm1"]


def test_a_transient_network_is_left_as_it_is():
    adopted = adopt({"kvm1": info(LAB), "kvm2": info(transient=(LAB,))}, GROUPS)
    assert adopted.contract[0]["hosts"] == ["kvm1"]
    assert adopted.bindings["kvm2"] == {}
    assert ("NETWORK_TRANSIENT", "lab") in codes(adopted)


def test_pending_changes_stay_pending():
    adopted = adopt({"kvm1": info({**LAB, "pending": ["ips"]}), "kvm2": info(LAB)}, GROUPS)
    assert codes(adopted) == [("CHANGES_PENDING", "lab")]
    assert joined(adopted, "kvm1")["lab"]["pending"] == ["ips"]
    assert "pending" not in joined(adopted, "kvm2")["lab"]


def test_what_a_contract_cannot_say_is_left_out():
    adopted = adopt({"kvm1": info({"name": "red", "forward": {"mode": "passthrough"}})}, GROUPS)
    assert adopted.contract == []
    assert codes(adopted) == [("NOT_EXPRESSIBLE", "red")]


def test_a_text_that_ansible_would_take_for_a_template_is_left_out():
    odd = {**LAB, "dns": {"txts": [{"name": "a", "value": "{{ x }}"}]}}
    assert codes(adopt({"kvm1": info(odd)}, GROUPS)) == [("NOT_EXPRESSIBLE", "lab")]


def test_hosts_names_hosts_and_groups():
    contract = [{"name": "red", "reach": "nat", "hosts": ["rack2", "kvm4"]}]
    there = [host for host in GROUPS["all"] if contract_of_host(contract, host, GROUPS)]
    assert there == ["kvm2", "kvm3", "kvm4"]
    assert contract_of_host(contract, "kvm4", GROUPS) == [{"name": "red", "reach": "nat"}]
    for wrong in (["kvm9"], [], "kvm1", [None]):
        with pytest.raises(ValueError, match=r"^Network 'red' in the contract: hosts .*\.$"):
            contract_of_host([{**contract[0], "hosts": wrong}], "kvm1", GROUPS)
    assert "networks_of_host" in find_faults(contract, {"kvm1": {"bindings": {"red": {}}}})[0].sentence


def same(adopted: Adopted, hosts: dict[str, Any]) -> None:
    """Each host's networks, joined again, are those that it has."""
    for host, facts in hosts.items():
        again = joined(adopted, host)
        assert set(again) <= {network["name"] for network in facts["networks"]}
        for network in facts["networks"]:
            if network["name"] not in again:
                continue
            made = again[network["name"]]
            assert [made.get(key) for key in ("state", "autostart", "pending")] == [
                network.get(key) for key in ("state", "autostart", "pending")
            ]
            said = {key: value for key, value in network.items() if key in NETWORK.fields and key != "uuid" and value}
            made = {key: value for key, value in made.items() if key in NETWORK.fields and value}
            assert canonical(NETWORK, made) == canonical(NETWORK, said)


def ips(number: int) -> st.SearchStrategy[Any]:
    address = st.integers(1, 3).map(lambda last: f"10.{number}.0.{last}")
    return st.builds(lambda at: [{"address": at, "prefix": 24}], address) | st.just(
        [{"address": f"10.{number}.0.1", "netmask": "255.255.255.0"}]
    )


@st.composite
def networks(draw: st.DrawFn, number: int) -> dict[str, Any]:
    mode = draw(st.sampled_from(["bridge", "nat", "route", "open", None]))
    found: dict[str, Any] = {
        "name": f"net{number}",
        "uuid": "u",
        "state": draw(st.sampled_from(["active", "inactive"])),
    }
    found["autostart"] = draw(st.booleans())
    if mode:
        found["forward"] = {"mode": mode}
    if mode == "bridge":
        found["bridge"] = {"name": draw(st.sampled_from(["br0", "br9"]))}
    else:
        found["ips"] = draw(ips(number) if mode else ips(number) | st.just([]))
        found["bridge"] = {"name": f"virbr{number}", "stp": draw(st.booleans())}
        if draw(st.booleans()):
            found["mtu"] = draw(st.sampled_from([1400, 9000]))
    if draw(st.booleans()):
        found["portgroups"] = draw(st.sampled_from([[{"name": "a"}], [{"name": "b", "default": True}, {"name": "a"}]]))
    if draw(st.booleans()):
        found["pending"] = ["portgroups"]
    return found


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Any]:
    """Hosts with any of three networks, mostly alike."""
    usual = [draw(networks(number)) for number in range(3)]
    hosts: dict[str, Any] = {}
    for host in draw(st.sampled_from([["kvm1"], ["kvm1", "kvm2"], ["kvm1", "kvm2", "kvm3"]])):
        own = [draw(st.just(one) | networks(number) | st.none()) for number, one in enumerate(usual)]
        hosts[host] = {"networks": [copy.deepcopy(one) for one in own if one], "transient": [], "links": LINKS}
    return hosts


@given(fleets())
def test_joined_again_every_host_has_what_it_had(hosts: dict[str, Any]) -> None:
    before = copy.deepcopy(hosts)
    adopted = adopt(hosts, GROUPS)
    assert hosts == before
    same(adopted, hosts)
    left_out = {one.network for one in adopted.differences if one.code == "REACH_DIFFERS"}
    there = {network["name"] for facts in hosts.values() for network in facts["networks"]}
    assert {entry["name"] for entry in adopted.contract} == there - left_out


@given(fleets())
def test_taken_over_again_it_is_the_same(hosts: dict[str, Any]) -> None:
    adopted = adopt(hosts, GROUPS)
    shown = {host: {"networks": list(joined(adopted, host).values()), "links": LINKS} for host in hosts}
    again = adopt(shown, GROUPS)
    assert (again.contract, again.bindings) == (adopted.contract, adopted.bindings)
