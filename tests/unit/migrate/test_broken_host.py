# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix, plan and resilience of a fleet in which one host answers rubbish: it is unknown, the others are judged."""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.filter.migrate_candidates import migrate_candidates
from ansible_collections.virtfleet.network.plugins.filter.migrate_matrix import migrate_matrix
from ansible_collections.virtfleet.network.plugins.filter.migrate_plan import migrate_plan
from ansible_collections.virtfleet.network.plugins.filter.migrate_resilience import migrate_resilience
from ansible_collections.virtfleet.network.plugins.filter.migrate_verdicts import migrate_verdicts

from .paper import plain
from .test_migrate_plan import FAST, WEB, fleet, three

BROKEN, OTHERS = "kvm2", ("kvm1", "kvm3")
WRONG = (None, "", "x", 7, -1.5, True, [], {}, ["x"], [[]], {"x": 1}, b"x", float("nan"), "kvm1", "\udc80")


@cache
def _answers():
    return plain(fleet(three(), {"kvm1": FAST[:1], "kvm2": WEB[:1], "kvm3": [*FAST[1:], *WEB[1:]]}))


def answers():
    found, facts = copy.deepcopy(_answers())
    return found, facts


def places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def break_one(data, *told):
    """One or two of the broken host's answers lose or change a value."""
    for answer in data.draw(st.permutations(told))[: data.draw(st.integers(1, len(told)))]:
        place = (BROKEN, *data.draw(st.sampled_from([(), *places(answer[BROKEN])])))
        holder = answer
        for key in place[:-1]:
            holder = holder[key]
        if isinstance(holder, dict) and len(place) > 1 and data.draw(st.booleans()):
            del holder[place[-1]]
        else:
            holder[place[-1]] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))


def cells(matrix):
    """Of the guests of the other hosts, on the other hosts."""
    return {
        (row["guest"], host): cell
        for row in matrix["guests"]
        if row["host"] in OTHERS
        for host, cell in row["cells"].items()
        if host in OTHERS
    }


@cache
def expected_cells():
    return cells(migrate_candidates(*answers()))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_others_are_judged(data):
    found, facts = answers()
    break_one(data, found, facts)
    matrix = migrate_candidates(found, facts)
    assert cells(matrix) == expected_cells()
    json.dumps(matrix["lines"])


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_others_are_planned_for(data):
    found, facts = answers()
    break_one(data, found, facts)
    plan = migrate_plan(found, facts, sources=["kvm3"])
    assert {one["guest"] for one in (*plan["steps"], *plan["stays"])} >= {"fast4", "fast5", "web2"}
    assert {row["host"] for row in migrate_resilience(found, facts)["hosts"]} == {"kvm1", "kvm2", "kvm3"}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_verdicts_of_the_others_are_shown(data):
    found, facts = answers()
    guests = [guest for told in found.values() for guest in told["guests"]]
    checked = {host: migrate_verdicts(guests, {host: told})[host] for host, told in facts.items()}
    expected = cells(migrate_matrix(found, checked))
    broken = plain(checked)
    break_one(data, found, broken)
    assert cells(migrate_matrix(found, broken)) == expected


@pytest.mark.parametrize("answer", [None, 7, "off", [], {"networks": []}, {"networks": 1, "host": 2}])
def test_no_guest_goes_to_a_host_that_cannot_be_read(answer):
    found, facts = answers()
    facts[BROKEN] = answer
    plan = migrate_plan(found, facts, sources=["kvm3"])
    assert {step["destination"] for step in plan["steps"]} == {"kvm1"}
    row = next(row for row in migrate_candidates(found, facts)["guests"] if row["guest"] == "web2")
    assert row["cells"][BROKEN]["verdict"] == "unknown"


def test_a_member_without_its_device_makes_its_host_unknown():
    found, facts = answers()
    (pool,) = [network for network in facts[BROKEN]["networks"] if network["name"] == "fast"]
    del pool["forward"]["interfaces"][0]["dev"]
    plan = migrate_plan(found, facts, sources=["kvm3"])
    assert {step["destination"] for step in plan["steps"]} == {"kvm1"}
    (row, *_others) = [row for row in migrate_candidates(found, facts)["guests"] if row["host"] == "kvm3"]
    assert "lacks networks[1].forward.interfaces[0].dev" in row["cells"][BROKEN]["findings"][0]["sentence"]
