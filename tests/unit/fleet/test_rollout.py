# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host has what at the end of a rollout."""

from __future__ import annotations

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.rollout import rollout


def made(*names, **more):
    """What virt_networks returns of networks that it created, or as more says."""
    return [{"name": name, "changed": True, "effect": "created", "steps": [], **more} for name in names]


REFUSED = {"state": "old", "failed": True, "code": "IN_USE", "reason": "Network 'lab' is in use by web1."}


def test_hosts_that_are_alike_are_one_line_in_natural_order():
    hosts = {f"kvm{number}": {"state": "new", "networks": made("lab", "red")} for number in (10, 9, 2, 1, 11)}
    hosts["kvm3"] = {"state": "new", "networks": []}
    hosts["kvm4"] = REFUSED
    hosts["kvm5"] = {}
    told = rollout(hosts, False)
    assert told["lines"] == [
        "Hosts: 8; new 6, old 2, unknown 0.",
        "new      kvm1, kvm2, kvm9-kvm11",
        "         +2 networks: lab, red",
        "new      kvm3",
        "         nothing to change",
        "old      kvm4",
        "         IN_USE: Network 'lab' is in use by web1.",
        "old      kvm5",
        "         The rollout did not reach this host.",
    ]
    assert told["new"] == ["kvm1", "kvm2", "kvm3", "kvm9", "kvm10", "kvm11"]
    assert told["old"] == ["kvm4", "kvm5"]
    assert told["hosts"]["kvm4"] == {**REFUSED, "networks": [], "changes": [], "guests_on_old_settings": []}


def test_a_host_that_was_being_changed_is_unknown():
    told = rollout({"kvm1": {"state": "begun"}, "kvm2": {"state": "new"}}, False)
    assert told["unknown"] == ["kvm1"]
    assert "being changed" in told["hosts"]["kvm1"]["reason"]


def test_check_mode_says_that_nothing_was_changed():
    lines = rollout({"kvm1": {"state": "new", "networks": made("lab")}}, True)["lines"]
    assert lines[0].startswith("Check mode, nothing was changed.")
    assert lines[-1].strip() == "+1 network: lab"


def test_guests_that_wait_are_counted_in_the_table_and_told_in_the_data():
    old = {
        "guest": "web1",
        "mac": "52:54:00:00:00:01",
        "differs": ["vlan"],
        "reason": "No.",
        "takes_effect": ["next_start"],
    }
    hosts = {
        f"kvm{number}": {
            "state": "new",
            "networks": made("red"),
            "guests_on_old_settings": {"red": [{**old, "uuid": "u", "methods": []}]},
        }
        for number in (1, 2)
    }
    hosts["kvm3"] = {"state": "new", "guests_on_old_settings": {"lab": [old, {**old, "guest": "web2"}]}}
    told = rollout(hosts, False)
    assert told["lines"][1:] == [
        "new      kvm1, kvm2",
        "         +1 network: red",
        "         1 guest on old settings until the next migration or start",
        "new      kvm3",
        "         nothing to change",
        "         2 guests on old settings until the next migration or start",
    ]
    assert told["hosts"]["kvm1"]["guests_on_old_settings"] == [{"network": "red", **old}]


def test_fifty_hosts_fit_into_the_terminal():
    hosts = {
        f"kvm{number}": {"state": "new", "networks": made(*(f"network-{one}" for one in range(number % 3, 20)))}
        for number in range(1, 51)
    }
    hosts["kvm7"] = {"state": "unknown", "reason": "It became unreachable " + "and did not answer again " * 20}
    lines = rollout(hosts, False)["lines"]
    assert max(map(len, lines)) < 100
    assert len(lines) < 30


def test_a_change_says_what_guests_notice():
    seat = {"kind": "guest", "mac": "52:54:00:00:00:01"}
    replugged = [{**seat, "name": "web2", "gap_ms": 12.4}, {**seat, "name": "web10", "gap_ms": 310.0}]
    networks = [
        *made("new2", "new10"),
        *made("old", effect="removed"),
        *made(
            "lab", effect="changed", steps=[{"disruption": "none"}, {"disruption": "restart"}], plugged=replugged,
            replugged=replugged,
        ),
        *made("red", effect="changed", steps=[{"disruption": "next_start"}], pending=["mtu"], blocked_by_guests=[
            {**seat, "name": "db1"}]),
        {"name": "same", "changed": False, "effect": "none"},
    ]  # fmt: skip
    pools = [
        {"changed": True, "networks_pool": {"name": "fast"}, "steps": [{"disruption": "none"}]},
        {"changed": True, "networks_pool": {"name": "new2"}},
        {"changed": False, "networks_pool": {"name": "slow"}},
    ]
    told = rollout({"kvm1": {"state": "new", "networks": networks, "pools": pools}}, False)
    assert told["lines"][2:] == [
        "         +2 networks: new2, new10",
        "         ~1 network: fast",
        "         ~1 network: lab; restarted with 2 guests (web2, web10), gap 310 ms",
        "         ~1 network: red; mtu at the next start, after 1 guest (db1)",
        "         -1 network: old",
    ]
    assert told["hosts"]["kvm1"]["networks"] == ["new2", "new10", "old", "lab", "red", "fast"]
    assert told["hosts"]["kvm1"]["changes"][3] == {
        "network": "lab", "effect": "changed", "disruption": "restart", "guests": ["web2", "web10"], "gap_ms": 310.0,
        "pending": [],
    }  # fmt: skip


def test_a_plan_says_the_gap_to_expect():
    networks = made("lab", effect="changed", steps=[{"disruption": "restart"}], expected_gaps={"host_ms": 830.0})
    told = rollout({"kvm1": {"state": "new", "networks": networks}}, True)
    assert told["lines"][-1].strip() == "~1 network: lab; restarted, gap 830 ms"
