# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every contract and every fleet."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults, host_networks

REACHES = ("l2", "routed", "nat", "isolated")
HOSTS = ("kvm1", "kvm2", "kvm3")
LINKS = [{"name": name, "mtu": 9000} for name in ("br0", "p0", "p1")]

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=12,
)
# Words that lead anything further in.
word = st.sampled_from(
    ["name", "reach", "mtu", "subnets", "forward", "mode", "bridge", "ips", "address", "prefix", "portgroups", "red"]
)
near_misses = st.recursive(
    anything | word | st.sampled_from([*REACHES, "10.0.0.0/24", "10.0.0.1", "passthrough"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=6),
    max_leaves=30,
)


@given(near_misses, near_misses, near_misses)
def test_no_input_makes_a_traceback(contract: Any, bindings: Any, links: Any) -> None:
    before = repr((contract, bindings, links))
    host_networks(contract, bindings, "kvm1", links)
    find_faults(contract, {"kvm1": {"bindings": bindings, "links": links}})
    find_faults(contract, bindings)
    assert repr((contract, bindings, links)) == before


def promise(index: int, reach: str) -> dict[str, Any]:
    return {"name": f"net{index}", "reach": reach, "mtu": 1500, "subnets": [f"10.{index}.0.0/24"]}


def binding(index: int, reach: str) -> dict[str, Any]:
    if reach == "l2":
        return {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
    return {"ips": [{"address": f"10.{index}.0.1", "prefix": 24}]}


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """A contract and hosts that keep it."""
    reaches = draw(st.lists(st.sampled_from(REACHES), min_size=1, max_size=5))
    contract = [promise(index, reach) for index, reach in enumerate(reaches)]
    hosts = {
        host: {"bindings": {f"net{i}": binding(i, r) for i, r in enumerate(reaches)}, "links": LINKS} for host in HOSTS
    }
    return contract, hosts


def no_binding(bindings: dict[str, Any], name: str) -> None:
    del bindings[name]


def unknown_binding(bindings: dict[str, Any], name: str) -> None:
    bindings[f"no{name}"] = {}


def override(bindings: dict[str, Any], name: str) -> None:
    bindings[name]["mtu"] = 1280


def other_reach(bindings: dict[str, Any], name: str) -> None:
    forward = bindings[name].get("forward", {})
    bindings[name]["forward"] = {"mode": "nat"} if forward.get("mode") == "bridge" else {"mode": "vepa", "dev": "p0"}


def misspelt(bindings: dict[str, Any], name: str) -> None:
    bindings[name]["brigde"] = {}


def other_subnet(bindings: dict[str, Any], name: str) -> None:
    bindings[name]["ips"] = [{"address": "172.16.0.1", "prefix": 24}]


BREAKS = (no_binding, unknown_binding, override, other_reach, misspelt, other_subnet)


def broken(contract: list[dict[str, Any]], hosts: dict[str, Any], wrongs: list[tuple[Any, str, int]]) -> set[Any]:
    hosts = copy.deepcopy(hosts)
    for break_it, host, index in wrongs:
        break_it(hosts[host]["bindings"], f"net{index % len(contract)}")
    return set(find_faults(contract, hosts))


@given(fleets())
def test_a_kept_contract_has_no_fault(fleet: Any) -> None:
    assert find_faults(*fleet) == []


# Two wrongs in one network of one host may be one and the same; everywhere else each counts.
wrongs = st.lists(
    st.tuples(st.sampled_from(BREAKS), st.sampled_from(HOSTS), st.integers(0, 4)),
    min_size=1,
    max_size=6,
    unique_by=lambda wrong: (wrong[1], wrong[2]),
)


@given(fleets(), wrongs)
def test_a_fault_hides_no_other(fleet: Any, wrongs: list[tuple[Any, str, int]]) -> None:
    contract, hosts = fleet
    places = {(host, index % len(contract)): (break_it, host, index) for break_it, host, index in wrongs}
    chosen = list(places.values())
    together = broken(contract, hosts, chosen)
    apart = [broken(contract, hosts, [wrong]) for wrong in chosen]
    assert all(apart)
    assert together == set().union(*apart)


def shuffled(draw: st.DataObject, value: Any) -> Any:
    """The same mappings with their keys in another order; lists stay."""
    if isinstance(value, dict):
        return {key: shuffled(draw, value[key]) for key in draw.draw(st.permutations(list(value)))}
    return [shuffled(draw, item) for item in value] if isinstance(value, list) else value


@given(fleets(), st.lists(st.tuples(st.sampled_from(BREAKS), st.sampled_from(HOSTS), st.integers(0, 4))), st.data())
def test_the_order_of_keys_means_nothing(fleet: Any, wrongs: list[tuple[Any, str, int]], data: Any) -> None:
    contract, hosts = copy.deepcopy(fleet)
    for break_it, host, index in wrongs:
        name = f"net{index % len(contract)}"
        if name in hosts[host]["bindings"]:
            break_it(hosts[host]["bindings"], name)
    other_contract, other_hosts = shuffled(data, contract), shuffled(data, hosts)
    assert find_faults(other_contract, other_hosts) == find_faults(contract, hosts)
    for host, facts in hosts.items():
        networks, _faults = host_networks(contract, facts["bindings"])
        again, _faults = host_networks(other_contract, other_hosts[host]["bindings"])
        assert again == networks
        assert [list(network) for network in again] == [list(network) for network in networks]


@given(fleets(), st.data())
def test_the_order_of_the_contract_is_only_an_order(fleet: Any, data: Any) -> None:
    contract, hosts = fleet
    other = data.draw(st.permutations(contract))
    assert find_faults(other, hosts) == find_faults(contract, hosts)
    bindings = hosts["kvm1"]["bindings"]
    networks = {network["name"]: network for network in host_networks(contract, bindings)[0]}
    assert networks == {network["name"]: network for network in host_networks(other, bindings)[0]}
