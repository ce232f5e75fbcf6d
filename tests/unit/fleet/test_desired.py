# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract and a host's bindings come to."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import host_networks

NAT = {"address": "10.20.0.1", "prefix": 24}


def one(promise: dict[str, Any], binding: Any = None) -> dict[str, Any]:
    networks, faults = host_networks([{"name": "red", **promise}], {"red": binding})
    assert faults == []
    assert len(networks) == 1
    return networks[0]


@pytest.mark.parametrize(
    ("reach", "binding", "forward"),
    [
        ("nat", {"ips": [NAT]}, {"mode": "nat"}),
        ("nat", {"forward": {"dev": "eth1"}}, {"mode": "nat", "dev": "eth1"}),
        ("nat", {"forward": {"nat": {"ipv6": True}}}, {"mode": "nat", "nat": {"ipv6": True}}),
        ("routed", None, {"mode": "route"}),
        ("routed", {"forward": {"mode": "open"}}, {"mode": "open"}),
        ("isolated", {}, {}),
        ("isolated", {"forward": {}}, {}),
        ("l2", {"forward": {"mode": "vepa", "interfaces": [{"dev": "p0"}]}}, None),
        ("l2", {"forward": {"mode": "hostdev", "addresses": [{"address": "0000:03:10.1"}]}}, None),
        ("l2", {"forward": {"mode": "hostdev", "pf": {"dev": "ens1f0"}}}, None),
        ("l2", {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}, None),
        ("l2", {"forward": {"mode": "bridge", "dev": "eth1"}}, None),
    ],
)
def test_forward(reach: str, binding: Any, forward: Any) -> None:
    assert one({"reach": reach}, binding)["forward"] == (binding["forward"] if forward is None else forward)


def test_contract_and_binding_are_one_network() -> None:
    joined = one({"reach": "nat", "mtu": 1400, "domain": {"name": "lab"}}, {"ips": [NAT], "bridge": {"name": "vb0"}})
    assert joined == {
        "name": "red",
        "forward": {"mode": "nat"},
        "bridge": {"name": "vb0"},
        "mtu": 1400,
        "domain": {"name": "lab"},
        "ips": [NAT],
        "state": "active",
        "autostart": True,
    }


def test_state_and_autostart_are_the_hosts_to_say() -> None:
    joined = one({"reach": "isolated"}, {"state": "present", "autostart": False})
    assert (joined["state"], joined["autostart"]) == ("present", False)


def test_mtu_of_l2_is_the_devices() -> None:
    assert "mtu" not in one({"reach": "l2", "mtu": 9000}, {"forward": {"mode": "bridge", "dev": "eth1"}})


def test_bindings_mtu_stays_where_none_is_promised() -> None:
    assert one({"reach": "isolated"}, {"mtu": 1400})["mtu"] == 1400


def test_null_is_not_given() -> None:
    assert "dns" not in one({"reach": "isolated", "dns": None, "mtu": None}, {"dns": None, "forward": None})


def test_numbers_and_flags_as_templates_write_them() -> None:
    joined = one(
        {"reach": "nat", "mtu": "1400", "ipv6": "yes", "title": 5},
        {"autostart": "no", "ips": [{"address": "10.0.0.1", "prefix": "24"}]},
    )
    assert (joined["mtu"], joined["ipv6"], joined["title"], joined["autostart"]) == (1400, True, "5", False)
    assert joined["ips"] == [{"address": "10.0.0.1", "prefix": 24}]


def test_numbers_as_names() -> None:
    networks, faults = host_networks([{"name": 100, "reach": "isolated"}], {100: {}})
    assert faults == []
    assert [network["name"] for network in networks] == ["100"]


def test_subclasses_leave_as_plain_data() -> None:
    class Text(str):
        """As tagged strings are."""

        __slots__ = ()

    networks, faults = host_networks(
        [{Text("name"): Text("red"), Text("reach"): Text("nat"), Text("dns"): {Text("enable"): True}}],
        {Text("red"): {Text("ips"): [{Text("address"): Text("10.20.0.1"), "prefix": Text("24")}]}},
    )
    assert faults == []

    def exact(value: Any) -> bool:
        if isinstance(value, dict):
            return value.__class__ is dict and all(exact(k) and exact(v) for k, v in value.items())
        if isinstance(value, list):
            return value.__class__ is list and all(map(exact, value))
        return value.__class__ in (str, int, bool)

    assert exact(networks)


def test_subnets_are_kept() -> None:
    promise = {"reach": "nat", "subnets": ["10.20.0.0/24", "fd00:1::/64"]}
    six = {"family": "ipv6", "address": "fd00:1::1", "prefix": 64}
    netmask = {"address": "10.20.0.7", "netmask": "255.255.255.0"}
    assert one(promise, {"ips": [netmask, six]})["ips"] == [netmask, six]


def test_an_isolated_host_may_stay_out_of_the_subnet() -> None:
    assert "ips" not in one({"reach": "isolated", "subnets": ["10.20.0.0/24"]})
