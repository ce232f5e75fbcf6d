# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd fleets, taken over: any definition that the model can hold, names that look like patterns or like one another,
and hosts that agree on nothing. Through the files and back, each host has what it had."""

from __future__ import annotations

import copy
from typing import Any

import yaml
from ansible.plugins.filter.core import to_nice_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.adopt import adopt
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.difference import LEFT_OUT
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.observed_host import definition
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import host_networks
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.scope import contract_of_host
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.tests.unit.strategies import values

NAMES = ("lan", "LAN", "l.n", "la+n", "[lan]", "lan*", "^lan$", "10", "lan 1", "läñ")
HOST_NAMES = ("kvm1", "KVM1", "kvm.", "kvm*", "kvm10", "10")
# A host of that name, and a group.
GROUP_NAMES = ("all", "kvm", "rack.*", "kvm10")
# What a definition often has, so that many can be expressed.
USUAL = (
    {"forward": {"mode": "nat"}, "bridge": {"name": "virbr1"}, "ips": [{"address": "10.0.0.1", "prefix": 24}]},
    {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
    {"bridge": {"name": "virbr2"}},
    {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p1"}, {"dev": "p2"}]}},
    {"forward": {"mode": "route", "dev": "p1"}, "ips": [{"family": "ipv6", "address": "fd00::1", "prefix": 64}]},
)
OPTIONS = sorted(set(NETWORK.fields) - {"name", "forward", "bridge", "ips"})
LINKS = [{"name": "br0", "mtu": 1500}, {"name": "p1", "mtu": 1500}, {"name": "p2", "mtu": 9000}]


@st.composite
def networks(draw: st.DrawFn, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, **copy.deepcopy(draw(st.sampled_from(USUAL)))}
    for option in draw(st.lists(st.sampled_from(OPTIONS), max_size=2, unique=True)):
        found[option] = draw(values(NETWORK.fields[option]))
    found["uuid"] = draw(st.sampled_from(["u1", "u2"]))
    found["state"] = draw(st.sampled_from(["active", "active", "inactive"]))
    found["autostart"] = draw(st.booleans())
    if draw(st.booleans()):
        found["pending"] = draw(st.lists(st.sampled_from(["ips", "portgroups", "mtu"]), max_size=2, unique=True))
    return found


@st.composite
def fleets(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Hosts that agree on a network, differ in one option of it, or have another one of that name; and groups."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    usual = {name: draw(networks(name)) for name in names}
    hosts: dict[str, Any] = {}
    for host in draw(st.lists(st.sampled_from(HOST_NAMES), min_size=1, max_size=3, unique=True)):
        here, transient = [], []
        for name in names:
            kind = draw(st.sampled_from(("alike", "alike", "differs", "other", "transient", "none")))
            if kind == "none":
                continue
            network = draw(networks(name)) if kind == "other" else copy.deepcopy(usual[name])
            if kind == "differs":
                option = draw(st.sampled_from(OPTIONS))
                network[option] = draw(values(NETWORK.fields[option]))
            (transient if kind == "transient" else here).append(network)
        hosts[host] = {"networks": here, "transient": transient, "links": LINKS}
    groups = {name: draw(st.lists(st.sampled_from(HOST_NAMES), unique=True)) for name in GROUP_NAMES[1:]}
    return hosts, {"all": list(hosts), **groups}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(fleets())
def test_through_the_files_every_host_has_what_it_had(given_: Any) -> None:
    hosts, groups = given_
    before = copy.deepcopy(hosts)
    adopted = adopt(hosts, groups)
    assert hosts == before
    contract = yaml.safe_load(to_nice_yaml(adopted.contract, indent=2, sort_keys=False))
    assert contract == adopted.contract
    left_out = {one.network for one in adopted.differences if one.code in LEFT_OUT}
    for host, facts in hosts.items():
        bindings = yaml.safe_load(to_nice_yaml(adopted.bindings[host], indent=2, sort_keys=False))
        assert bindings == adopted.bindings[host]
        mine = {network["name"]: network for network in facts["networks"] if network["name"] not in left_out}
        assert set(bindings) == set(mine)
        joined, faults = host_networks(contract_of_host(contract, host, groups), bindings, host)
        assert faults == []
        assert {network["name"] for network in joined} == set(mine)
        for network in joined:
            there = mine[network["name"]]
            assert canonical(NETWORK, definition(network)) == canonical(NETWORK, definition(there))
            for setting, usual in (("state", "active"), ("autostart", True), ("pending", [])):
                assert (network.get(setting) or usual if setting == "pending" else network.get(setting, usual)) == (
                    there.get(setting, usual)
                )


def test_what_is_on_no_host() -> None:
    empty = {"networks": [], "transient": [], "links": []}
    adopted = adopt({"kvm1": empty, "kvm2": empty}, {})
    assert (adopted.contract, adopted.bindings, adopted.differences) == ([], {"kvm1": {}, "kvm2": {}}, [])
    assert adopt({}, {}) == ([], {}, [])
