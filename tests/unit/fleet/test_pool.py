# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools that a binding says by what their members are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.filter import networks_pools
from ansible_collections.virtfleet.network.plugins.filter.networks_desired import networks_desired
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults

RED = [{"name": "red", "reach": "l2"}]
PASSTHROUGH = {"forward": {"mode": "passthrough"}}


def bound(pool: Any, **more: Any) -> dict[str, Any]:
    return {"red": {**PASSTHROUGH, "pool": pool, **more}}


def told(contract: Any, bindings: Any, links: Any = None) -> list[str]:
    faults = find_faults(contract, {"kvm1": {"bindings": bindings, "links": links}})
    return [f"{fault.code}: {fault.sentence}" for fault in faults]


@pytest.mark.parametrize(
    ("pool", "more", "words"),
    [
        ("p0", {}, "pool must be a mapping, not 'p0'"),
        ({"match": {"vendor": "Intel"}}, {}, "pool.match.vendor is not an option here"),
        ({"match": {"speed": "fast"}}, {}, "pool.match.speed must be an integer"),
        ({"state": "absent"}, {}, "pool.state is not an option here"),
        ({}, {}, "one of members, match, pf"),
        ({"match": {}}, {}, "pool.match is empty"),
        ({"match": {"name": "p*"}, "vfs": "0-3"}, {}, "vfs requires pf"),
        ({"members": ["p[1-0]"]}, {}, "which is neither a number nor a valid range"),
        ({"members": ["p0"], "max_guests": -1}, {}, "max_guests must be 0"),
        ({"members": ["p0"]}, {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}, "pool needs forward mode"),
        (
            {"members": ["p0"]},
            {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p1"}]}},
            "pool and forward.interfaces both name members",
        ),
    ],
)
def test_invalid(pool: Any, more: dict[str, Any], words: str) -> None:
    (sentence,) = told(RED, bound(pool, **more))
    assert sentence.startswith("BINDING_INVALID: The binding of network red: ")
    assert words in sentence


def test_only_where_devices_are_handed_out() -> None:
    (sentence,) = told([{"name": "red", "reach": "nat"}], {"red": {"pool": {"match": {"name": "p*"}}}})
    assert "pool needs forward mode" in sentence


def test_members_that_are_named_are_looked_at() -> None:
    contract = [{"name": "red", "reach": "l2", "mtu": 9000}]
    links = [{"name": "p0", "mtu": 9000}, {"name": "p1", "mtu": 1500}]
    said = told(contract, bound({"members": ["p[0-2]"]}), links)
    assert [sentence.partition(":")[0] for sentence in said] == ["MTU_BROKEN", "LINK_MISSING"]
    assert "p1, which it is bound to, has MTU 1500" in said[0]
    assert "p2" in said[1]
    assert told(contract, bound({"match": {"name": "p*"}}), links) == []
    assert told(RED, bound({"pf": "ens1"}), links)[0].startswith("LINK_MISSING")


def test_a_match_asks_for_the_promised_mtu() -> None:
    contract = [{"name": "red", "reach": "l2", "mtu": 9000}]
    for mtu, least in ((None, 9000), (1500, 9000), (9600, 9600)):
        match = {"driver": "ixgbe", **({} if mtu is None else {"mtu": mtu})}
        (pool,) = networks_pools.networks_pools(contract, bound({"match": match}))
        assert pool == {"name": "red", "match": {"driver": "ixgbe", "mtu": least}}


@pytest.mark.parametrize(
    ("mode", "there", "kept"),
    [
        ("passthrough", {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}, {"interfaces": [{"dev": "p0"}]}),
        ("passthrough", {"mode": "bridge", "interfaces": [{"dev": "p0"}]}, {"interfaces": [{"dev": "p0"}]}),
        ("hostdev", {"mode": "hostdev", "pf": {"dev": "ens1"}, "managed": True}, {"pf": {"dev": "ens1"}}),
        ("hostdev", {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}, {}),
        ("passthrough", {"mode": "hostdev", "addresses": [{"address": "0000:03:10.0"}]}, {}),
        ("passthrough", {"mode": "nat", "dev": "eth0"}, {}),
    ],
)
def test_the_network_keeps_its_members(mode: str, there: dict[str, Any], kept: dict[str, Any]) -> None:
    binding = {"red": {"forward": {"mode": mode}, "pool": {"match": {"name": "p*"}}}}
    (network,) = networks_desired(RED, binding, [{"name": "red", "forward": there}, {"name": "blue"}])
    assert network["forward"] == {"mode": mode, **kept}
    assert "pool" not in network


def test_a_host_bridge_has_no_members_to_keep() -> None:
    there = {"name": "red", "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
    (network,) = networks_desired(RED, bound({"match": {"name": "p*"}}), [there])
    assert network["forward"] == {"mode": "passthrough"}


def test_a_new_network_starts_empty() -> None:
    (network,) = networks_desired(RED, bound({"match": {"name": "p*"}}), [])
    assert network["forward"] == {"mode": "passthrough"}


def test_what_the_host_has_must_be_known() -> None:
    with pytest.raises(AnsibleFilterError, match="binding of red has pool"):
        networks_desired(RED, bound({"match": {"name": "p*"}}))


def test_the_contract_may_say_it_for_all_hosts() -> None:
    contract = [{"name": "red", "reach": "l2", "pool": {"match": {"driver": "ixgbe"}}}]
    assert networks_pools.networks_pools(contract, {"red": PASSTHROUGH}) == [
        {"name": "red", "match": {"driver": "ixgbe"}}
    ]
    assert told(contract, bound({"pf": "ens1"}))[0].startswith("BINDING_OVERRIDES")


def test_the_filters_example_is_true() -> None:
    (task,) = yaml.safe_load(networks_pools.EXAMPLES)
    filters = networks_pools.FilterModule().filters()
    pools = filters["networks_pools"](task["vars"]["contract"], task["vars"]["bindings"])
    assert pools == yaml.safe_load(networks_pools.RETURN)["_value"]["sample"]
