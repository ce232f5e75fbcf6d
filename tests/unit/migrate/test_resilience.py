# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""N-1: held against a plan for each host, and on what the modules return."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings

from ansible_collections.virtfleet.network.plugins.filter.migrate_resilience import migrate_resilience
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning import resilience
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.assign import least_behind
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.plan import plan_fleet

from .test_migrate_plan import FAST, WEB, fleet, three
from .test_plan_fleet import SOURCE, WANTED, every_assignment, fleets


def rows(result):
    return {row["host"]: row for row in result["hosts"]}


@settings(max_examples=250)
@given(fleets())
def test_no_plan_leaves_fewer_behind(small):
    """The short ways to a proof say what the whole program says."""
    emptied = resilience.without(small, SOURCE)
    plan, proven = resilience._plan(emptied, WANTED)
    whole = plan_fleet(emptied, WANTED)
    assert proven or not whole["optimal"]
    assert len(plan["stays"]) == len(whole["stays"])
    able = {guest.uuid for guest in emptied.guests if guest.leaves and guest.destinations}
    fewest = min(len(able - set(targets)) for targets in every_assignment(emptied))
    assert least_behind(emptied, WANTED.seconds) <= fewest


def test_every_host_is_emptied_in_turn():
    """kvm3 has three guests for two members elsewhere; the others have none."""
    result = migrate_resilience(*fleet(three(members=("p1",)), {"kvm3": FAST}))
    assert {host: (row["verdict"], row["guests"]) for host, row in rows(result).items()} == {
        "kvm1": ("ok", 0),
        "kvm2": ("ok", 0),
        "kvm3": ("blocked", 3),
    }
    (bind,) = rows(result)["kvm3"]["binds"]
    assert (bind["kind"], bind["name"], bind["amount"], len(bind["guests"])) == ("members", "fast", 1, 1)
    assert result["verdict"] == "blocked"
    assert result["problems"] == [
        f"kvm3: 1 of 3 guests cannot go to other hosts: short by 1 member of network 'fast' ({bind['guests'][0]})."
    ]
    assert "This would be enough:" in result["lines"]


def test_what_is_not_known_is_not_blocked():
    found, facts = fleet(three(), {"kvm3": WEB})
    found["kvm1"] = facts["kvm1"] = {"msg": "Failed to connect.", "unreachable": True}
    result = rows(migrate_resilience(found, facts, pin={"web1": ["kvm1", "kvm3"]}))
    assert (result["kvm1"]["verdict"], result["kvm1"]["guests"]) == ("unknown", None)
    assert result["kvm1"]["reason"] == "Failed to connect."
    assert result["kvm2"]["verdict"] == "ok"
    assert result["kvm3"]["verdict"] == "unknown"
    pinned = rows(migrate_resilience(*fleet(three(), {"kvm3": WEB}), pin={"web1": ["kvm3"]}))
    assert pinned["kvm3"]["verdict"] == "blocked"
    assert [one["kind"] for one in pinned["kvm3"]["binds"]] == ["PINNED"]


def test_the_table_is_narrow():
    found, facts = fleet(three(), {"kvm3": [*WEB, *FAST]})
    found["kvm1"] = facts["kvm1"] = {"msg": "Failed to connect to the host via ssh: " + "no route to it, " * 20}
    result = migrate_resilience(found, facts)
    assert max(map(len, result["lines"])) < 100
    assert result["lines"][0].split() == ["host", "guests", "verdict", "stay", "obstacles"]


def test_no_hosts():
    assert migrate_resilience({}, {})["hosts"] == []


def test_what_cannot_be_used():
    with pytest.raises(AnsibleFilterError, match="migrate_resilience has no option sources"):
        migrate_resilience({}, {}, sources=["kvm1"])
    with pytest.raises(AnsibleFilterError, match="two mappings"):
        migrate_resilience([], {})
