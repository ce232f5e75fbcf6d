# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of several tasks, pools and portgroups among them, that are confirmed or rolled back as one."""

from __future__ import annotations

import pytest
from batch import assert_refused, task

from .conftest import NETWORK, SHARED, as_user, assert_until, definition

pytestmark = pytest.mark.lab

POOL = {"name": "fast", "forward": {"mode": "passthrough"}}
JOIN = {"confirm_timeout": 8, "confirm_run": "{{ (filled | default(made)).confirm.run }}"}


def chain(timeout: int) -> list[dict]:
    join = {**JOIN, "confirm_timeout": timeout}
    return [
        task("virt_networks", {"networks": [NETWORK, POOL], "confirm_timeout": timeout}, register="made"),
        task("virt_iface_pool", {"name": "fast", "members": ["p0"], **join}, register="filled"),
        task("virt_portgroup", {"network": "lan", "name": "eng", **join}, **as_user("alice")),
    ]


def test_confirmed_together(runs, host):
    confirm = task("virt_network_confirm", {"run": "{{ made.confirm.run }}"}, **as_user("bob"))
    *changes, meanwhile, confirmed = runs.run(
        host, [*chain(60), task("virt_portgroup", {"network": "lan", "name": "ops"}), confirm]
    )
    assert all(change["changed"] for change in changes), changes
    assert len({change["confirm"]["run"] for change in changes}) == 1
    assert_refused(meanwhile, "UNCONFIRMED", "fast", "lan")
    assert confirmed["networks"] == ["lan", "fast"]
    assert "eng" in definition(runs, host)
    assert "p0" in definition(runs, host, "fast")


def test_rolled_back_together(runs, host):
    """By the process that the first one left, when the time of the last one is over."""
    changes = runs.run(host, chain(12))
    assert all(change["changed"] for change in changes), changes
    assert_until(lambda: not runs.virsh(host, "net-list", "--all", "--name").split(), 40)
    assert_until(lambda: "journal" not in runs.on(host, "ls", SHARED), 5)
    late = runs.run(host, [task("virt_portgroup", {"network": "lan", "name": "x", "confirm_timeout": 5,
                                                   "confirm_run": changes[0]["confirm"]["run"]})])[0]  # fmt: skip
    assert_refused(late, "NOT_PENDING", "nothing was changed")


def test_rolled_back_at_once(runs, host):
    before = runs.snapshot(host)
    decide = {"run": "{{ made.confirm.run }}"}
    silent = {**decide, "verify_reach": ["10.40.0.77"]}
    *_changes, asked, unreached, planned, done, late = runs.run(
        host,
        [
            *chain(60),
            task("virt_network_confirm", decide, check=True),
            task("virt_network_confirm", silent),
            task("virt_network_confirm", {**decide, "decision": "roll_back"}, check=True),
            task("virt_network_confirm", {**decide, "decision": "roll_back"}, **as_user("bob")),
            task("virt_network_confirm", {**decide, "decision": "roll_back"}),
        ],
    )
    assert not asked["failed"], asked
    assert_refused(unreached, "REACH_LOST", "10.40.0.77")
    assert not planned["failed"], planned
    assert not done["failed"], done
    assert sorted(done["networks"]) == ["fast", "lan"]
    assert "not confirmed in time" not in done["rolled_back"]
    assert_refused(late, "NOT_PENDING")
    assert runs.snapshot(host) == before
    assert "journal" not in runs.on(host, "ls", SHARED)


def test_reach_is_verified_for_pools_and_portgroups_too(runs, host):
    runs.run(host, [task("virt_networks", {"networks": [NETWORK, POOL]})])
    before = runs.snapshot(host)
    reach = {"verify_reach": ["10.40.0.77"]}
    pool, group, options = runs.run(
        host,
        [
            task("virt_iface_pool", {"name": "fast", "members": ["p0"], **reach}),
            task("virt_portgroup", {"network": "lan", "name": "eng", **reach}),
            task("virt_portgroup", {"network": "lan", "name": "eng", "confirm_run": "x"}),
        ],
    )
    assert_refused(pool, "REACH_MISSING", "10.40.0.77")
    assert_refused(group, "REACH_MISSING", "10.40.0.77")
    assert_refused(options, "OPTIONS_INVALID", "confirm_timeout")
    assert runs.snapshot(host) == before


def role(**more) -> dict:
    contract = [{"name": "lan", "reach": "isolated"}, {"name": "fast", "reach": "l2"}, {"name": "wide", "reach": "l2"}]
    bindings = {
        "fast": {"forward": {"mode": "passthrough"}, "pool": {"members": ["p0"]}},
        "lan": {},
        "wide": {"forward": {"mode": "vepa"}, "pool": {"members": ["p1"]}},
    }
    variables = {
        "networks_contract": contract, "networks_bindings": bindings, "networks_confirm_timeout": 60, **more,
    }  # fmt: skip
    return {"ansible.builtin.include_role": {"name": "virtfleet.network.networks"}, "vars": variables}


def test_the_role_confirms_after_it_has_filled_the_pools(runs, host):
    process, lines = runs.start(host, [role()])
    results = runs.results(process, lines)
    assert not [result for result in results if result["failed"]], results
    confirmed = [result for result in results if "networks" in result and "steps" not in result and result["changed"]]
    assert [sorted(result["networks"]) for result in confirmed if isinstance(result["networks"][0], str)] == [
        ["fast", "lan", "wide"]
    ]
    assert "p0" in definition(runs, host, "fast")
    assert "p1" in definition(runs, host, "wide")
    assert runs.on(host, "sh", "-c", f"ls {SHARED}").split() == ["system.lock"]
    process, lines = runs.start(host, [role()])
    assert not [result for result in runs.results(process, lines) if result["failed"] or result.get("changed")]
    # Only the pools: they are confirmed too, as one.
    other = role()
    bindings = other["vars"]["networks_bindings"]
    bindings["fast"]["pool"] = {"members": ["p2"]}
    bindings["wide"]["pool"] = {"members": ["p3"]}
    process, lines = runs.start(host, [other])
    results = runs.results(process, lines)
    assert not [result for result in results if result["failed"]], results
    assert "p2" in definition(runs, host, "fast")
    assert "p3" in definition(runs, host, "wide")
    assert runs.on(host, "sh", "-c", f"ls {SHARED}").split() == ["system.lock"]
