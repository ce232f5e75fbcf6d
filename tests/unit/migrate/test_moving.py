# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan, on paper: rounds, the check just before each, and what became of the steps."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.filter.migrate_plan import migrate_plan
from ansible_collections.virtfleet.network.plugins.filter.migrate_recheck import migrate_recheck
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import DataError
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guest
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.needs_migration import needs_migration
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.outcome import (
    judge_outcome,
    show_outcome,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.plan_to import plan_to
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.recheck import (
    RecheckedHosts,
    RecheckOptions,
    recheck,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.statistics import (
    explain_delay,
    progress_line,
    progress_of,
    statistics_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.steps import (
    arrange_rounds,
    read_steps,
    show_plan,
    waits_for,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.move import LIVE, OFFLINE, Move, Place

from .paper import described, domain, info, interface, look_up, plain, refusals

FAST = (
    "<network><name>fast</name><forward mode='passthrough'>"
    "<interface dev='p1'/><interface dev='p2'/></forward></network>"
)
HOSTS = ("kvm1", "kvm2", "kvm3")


def host(name: str, *guests: str) -> dict[str, Any]:
    return {"name": name, "networks": [FAST], "links": ["p1", "p2"], "guests": guests}


def xml(number: int) -> str:
    return domain(interface("fast", number), name=f"web{number}", number=number)


def found(name: str, *numbers: int, running: bool = True) -> dict[str, Any]:
    guests = [described(host(name), xml(number), running) for number in numbers]
    for nic in (nic for guest in guests for nic in guest["nics"]):
        nic["attached"] = True if running else None
    return {"guests": guests}


def facts(name: str, guests: list[dict[str, Any]], *there: int) -> dict[str, Any]:
    """Of a host with its guests on members of the pool."""
    told = host(name, *(plugged(number, f"p{place}") for place, number in enumerate(there, 1)))
    told["networks"] = [{"xml": FAST, "connections": {f"p{place}": 1 for place, _number in enumerate(there, 1)}}]
    asked = [load_guest(guest) for guest in guests]
    return plain({**info(told), "lookups": look_up({**told, "paths": ["/usr/bin/qemu-system-x86_64"]}, asked),
                  "refusals": refusals(guest.question for guest in asked)})  # fmt: skip


def plugged(number: int, device: str) -> str:
    return (
        xml(number)
        .replace("<source network='fast'/>", f"<source network='fast' dev='{device}' mode='passthrough'/>")
        .replace("type='network'", "type='direct'")
    )


def steps(*told: tuple[int, str, str] | tuple[int, str, str, list[int]]) -> Any:
    return read_steps(
        {
            "steps": [
                {"guest": f"web{one[0]}", "source": one[1], "destination": one[2], "after": one[3] if one[3:] else []}
                for one in told
            ]
        }
    )


ENDS = {name: {"uri": f"qemu+ssh://{name}/system", "traffic_uri": ""} for name in HOSTS}


def orders(plan: Any, here: dict[str, Any], there: dict[str, Any], **rules: Any) -> list[dict[str, Any]]:
    return recheck(plan, range(len(plan)), RecheckedHosts(here, there, ENDS), {}, RecheckOptions(**rules))


@st.composite
def plans(draw: st.DrawFn) -> Any:
    told = []
    for number in range(draw(st.integers(0, 12))):
        source, there = draw(st.permutations(HOSTS))[:2]
        after = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        told.append((draw(st.integers(1, 9)), source, there, after))
    return steps(*told)


@given(plans(), st.integers(1, 4), st.integers(1, 4))
def test_every_step_runs_once_after_what_it_waits_for_and_within_the_limits(plan, per_host, at_once):
    rounds = arrange_rounds(plan, per_host, at_once)
    assert sorted(place for chosen in rounds for place in chosen) == list(range(len(plan)))
    when = {place: number for number, chosen in enumerate(rounds) for place in chosen}
    for place, needs in enumerate(waits_for(plan)):
        assert all(when[other] < when[place] for other in needs)
    for chosen in rounds:
        assert len(chosen) <= at_once
        for name in HOSTS:
            assert sum(name in (plan[place].source, plan[place].destination) for place in chosen) <= per_host


@given(plans())
def test_without_limits_a_step_waits_for_nothing_else(plan):
    """As few rounds as the longest chain has steps."""
    needs, longest = waits_for(plan), {}
    for place in range(len(plan)):
        longest[place] = 1 + max((longest[other] for other in needs[place]), default=0)
    assert len(arrange_rounds(plan, 99, 99)) == max(longest.values(), default=0)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ([(1, "kvm1", "kvm2", [1]), (2, "kvm1", "kvm2", [0])], "has steps that wait for each other: 0, 1"),
        ([(1, "kvm1", "kvm2", [3])], "has step 0 after step 3, which does not exist"),
        ([(1, "kvm1", "kvm1")], "has step 0 from kvm1 to kvm1"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(told, problem):
    with pytest.raises(DataError) as caught:
        arrange_rounds(steps(*told), 1, 1)
    assert caught.value.problem == problem


def test_a_plan_is_shown_with_its_rounds_and_what_stays():
    plan = {
        "steps": [
            {
                "guest": "web1",
                "source": "kvm1",
                "destination": "kvm2",
                "after": [1],
                "why": "makes_room",
                "changes": ["MTU"],
            },
            {"guest": "web2", "source": "kvm2", "destination": "kvm3", "after": []},
        ],
        "stays": [{"guest": "web3", "sentence": "It has a local disk.", "repairs": []}],
    }
    read = read_steps(plan)
    assert show_plan(plan, read, arrange_rounds(read, 2, 4)) == [
        "guest  from  to    round  why                    changes",
        "-----  ----  ----  -----  ---------------------  -------",
        "web2   kvm2  kvm3  1",
        "web1   kvm1  kvm2  2      makes room for others  MTU",
        "web3 stays: It has a local disk.",
    ]


def test_a_guest_that_can_go_goes():
    here, there = found("kvm1", 1), found("kvm2")
    (order,) = orders(
        steps((1, "kvm1", "kvm2")),
        {"kvm1": here, "kvm2": there},
        {"kvm2": facts("kvm2", here["guests"])},
        origin="keep",
    )
    uuid = here["guests"][0]["uuid"]
    assert (order["do"], order["uuid"]) == ("move", uuid), order
    assert order["move"] == {
        "name": uuid, "destination": "qemu+ssh://kvm2/system", "mode": "live", "origin": "kvm1",
    }  # fmt: skip


def test_of_two_for_the_last_member_the_first_goes():
    here = found("kvm1", 1, 2)
    told = orders(
        steps((1, "kvm1", "kvm2"), (2, "kvm1", "kvm2")),
        {"kvm1": here, "kvm2": found("kvm2", 3)},
        {"kvm2": facts("kvm2", here["guests"], 3)},
    )
    assert [order["do"] for order in told] == ["move", "refused"], told
    assert told[1]["code"] == "POOL_BATCH_EXHAUSTED"


def test_a_pool_that_filled_up_refuses():
    here = found("kvm1", 1)
    (order,) = orders(
        steps((1, "kvm1", "kvm2")), {"kvm1": here, "kvm2": {"guests": []}},
        {"kvm2": facts("kvm2", here["guests"], 3, 4)},
    )  # fmt: skip
    assert (order["do"], order["code"]) == ("refused", "POOL_EXHAUSTED"), order


def test_what_waits_for_a_step_that_did_not_succeed_is_skipped():
    plan = steps((1, "kvm1", "kvm2"), (2, "kvm1", "kvm2", [0]))
    here = {"kvm1": found("kvm1", 2), "kvm2": {"guests": []}}
    for status, done in (("failed", "skipped"), ("broken", "skipped"), ("there", "move"), ("moved", "move")):
        there = {"kvm2": facts("kvm2", here["kvm1"]["guests"])}
        (order,) = recheck(plan, [1], RecheckedHosts(here, there, ENDS), {0: status}, RecheckOptions())
        assert order["do"] == done


def test_a_guest_that_is_there_is_left_alone_and_one_that_is_not_seen_is_not_guessed():
    plan = steps((1, "kvm1", "kvm2"))
    silent = {"unreachable": True, "msg": "Failed to connect\nto the host"}
    cases = [
        ({"kvm1": {"guests": []}, "kvm2": found("kvm2", 1)}, "there", None),
        ({"kvm1": silent, "kvm2": {"guests": []}}, "unknown", "HOST_SILENT"),
        ({"kvm1": {"guests": []}, "kvm2": silent}, "unknown", "HOST_SILENT"),
        ({"kvm1": {"guests": []}, "kvm2": {"guests": []}}, "refused", "GUEST_MISSING"),
        ({"kvm1": {"guests": []}, "kvm2": {"guests": []}, "kvm3": found("kvm3", 1)}, "refused", "GUEST_ELSEWHERE"),
        ({"kvm1": found("kvm1", 1), "kvm2": {"guests": []}}, "unknown", "HOST_SILENT"),
        ({"kvm1": found("kvm1", 1, running=False), "kvm2": {"guests": []}}, "left", "GUEST_OFF"),
    ]
    for here, done, code in cases:
        (order,) = orders(plan, here, {"kvm2": silent})
        assert (order["do"], order["code"]) == (done, code), order


def test_a_migration_under_way_is_left_to_the_module():
    both = {"kvm1": found("kvm1", 1), "kvm2": found("kvm2", 1)}
    (order,) = orders(steps((1, "kvm1", "kvm2")), both, {})
    assert (order["do"], order["move"]["mode"]) == ("move", "live")


def test_a_guest_that_does_not_run_moves_offline_when_that_is_asked_for():
    here = found("kvm1", 1, running=False)
    (order,) = orders(
        steps((1, "kvm1", "kvm2")), {"kvm1": here, "kvm2": {"guests": []}},
        {"kvm2": facts("kvm2", here["guests"])}, stopped="offline",
    )  # fmt: skip
    assert order["move"]["mode"] == "offline"


def outcome_of(migration: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, Any]:
    before = {"kvm1": found("kvm1", 1), "kvm2": {"guests": []}}
    plan = steps((1, "kvm1", "kvm2"))
    told = orders(plan, before, {"kvm2": facts("kvm2", before["kvm1"]["guests"])})
    moved = {"kvm1": {"migrations": [{"guest": told[0]["uuid"], **migration}]} if migration else {"msg": "lost"}}
    (outcome,) = judge_outcome(plan, told, before, moved, {"kvm2": after})
    return outcome


def test_what_became_of_a_step():
    there = found("kvm2", 1)
    there["guests"][0]["host"]["name"] = "kvm2"
    good = outcome_of({"moved": True, "statistics": {"downtime_ms": 30, "total_ms": 1500}}, there)
    assert (good["status"], good["sentence"], len(good["nics"])) == ("moved", None, 1)
    shown = show_outcome([good], [{"guest": "web9", "sentence": "It has a local disk."}])
    assert shown["lines"][2].split() == ["web1", "kvm1", "kvm2", "moved", "1.5", "s", "30", "ms"]
    assert shown["problems"] == ["web9 stays: It has a local disk."]
    failed = outcome_of({"moved": False, "failed": True, "code": "MIGRATION_TIMEOUT", "sentence": "Too long."}, there)
    assert (failed["status"], failed["code"]) == ("failed", "MIGRATION_TIMEOUT")
    assert show_outcome([failed], [])["problems"] == ["web1: Too long."]
    # The source died after the guest had left it.
    assert outcome_of(None, there)["status"] == "moved"
    assert outcome_of(None, {"guests": []})["status"] == "failed"
    assert outcome_of({"moved": True}, {"msg": "no answer"})["status"] == "unknown"
    assert outcome_of({"moved": True}, {"guests": []})["status"] == "failed"


def test_a_guest_that_arrived_without_its_network_is_broken():
    there = found("kvm2", 1)
    there["guests"][0]["nics"][0]["settings"]["mtu"] = 1400
    broken = outcome_of({"moved": True}, there)
    assert (broken["status"], broken["code"]) == ("broken", "NETWORK_LOST")
    assert "1400" in broken["sentence"]


ON, OFF = Place(True, True), Place(False, True)


@pytest.mark.parametrize(
    ("mode", "here", "there", "told"),
    [
        (LIVE, ON, None, True),
        (LIVE, ON, OFF, True),
        (LIVE, OFF, ON, False),
        (LIVE, None, ON, False),
        (LIVE, OFF, None, "GUEST_OFF"),
        (LIVE, ON, ON, "GUEST_TWICE"),
        (OFFLINE, OFF, None, True),
        (OFFLINE, OFF, OFF, True),
        (OFFLINE, None, OFF, False),
        (OFFLINE, ON, None, "GUEST_RUNNING"),
        (LIVE, None, None, "GUEST_MISSING"),
    ],
)
def test_whether_a_guest_has_to_move(mode, here, there, told):
    move = Move("web1", "qemu+ssh://kvm2/system", mode)
    if isinstance(told, bool):
        assert needs_migration(move, here, there) is told
        return
    with pytest.raises(VirtfleetError) as caught:
        needs_migration(move, here, there)
    assert caught.value.code == told


def test_guests_that_all_go_to_one_host():
    here, away = found("kvm1", 1, 2), found("kvm2", 3)
    told = plan_to(
        {"kvm1": here, "kvm2": away}, {"kvm2": facts("kvm2", here["guests"], 3)}, "kvm2",
        ["web1", "web3", "nobody"], None,
    )  # fmt: skip
    assert [(step["guest"], step["source"], step["destination"]) for step in told["steps"]] == [
        ("web1", "kvm1", "kvm2")
    ]
    assert told["stays"] == [
        {"guest": "nobody", "code": "GUEST_MISSING", "sentence": "It is not on any host of this play."}
    ]
    assert told["problems"] == ["nobody cannot migrate to kvm2: It is not on any host of this play."]
    both = plan_to(
        {"kvm1": here, "kvm2": away}, {"kvm2": facts("kvm2", here["guests"], 3)}, "kvm2", ["web1", "web2"], None
    )  # fmt: skip
    assert not both["steps"]
    assert [stay["guest"] for stay in both["stays"]] == ["web1", "web2"]


def test_a_guest_that_is_on_its_way_to_that_host_is_waited_for():
    here, there = found("kvm1", 1), found("kvm2", 1)
    there["guests"][0].update(paused=True, arriving=True)
    here["guests"][0]["blockers"] = ["another libvirt job is running on it"]
    told = plan_to(
        {"kvm1": here, "kvm2": there}, {"kvm2": facts("kvm2", here["guests"], 1)}, "kvm2", ["web1"], None
    )  # fmt: skip
    assert [(step["guest"], step["source"], step["destination"], step["verdict"]) for step in told["steps"]] == [
        ("web1", "kvm1", "kvm2", "ok")
    ]
    assert told["problems"] == []


@pytest.mark.parametrize(
    ("rule", "value"),
    [("accept", "unknown"), ("accept", "blocked"), ("accept", []), ("stopped", "live"), ("origin", None)],
)
def test_rules_take_the_documented_words_only(rule, value):
    """A plan refuses them too, so no step may move a guest with a verdict that no plan accepts."""
    with pytest.raises(AnsibleFilterError, match=f"PLAN_INVALID: {rule} is "):
        migrate_recheck({"steps": []}, [], {"found": {}, "facts": {}, "ends": {}}, (), {rule: value})
    if rule == "accept" and value:
        with pytest.raises(AnsibleFilterError, match=f"PLAN_INVALID: {rule} is "):
            migrate_plan({"kvm1": {"guests": []}}, {}, sources=["kvm1"], accept=value)


def test_a_delay_is_explained_when_the_guest_is_the_reason():
    assert explain_delay(3) == ""
    assert "passed over the memory 12 times" in explain_delay(12)


def test_progress_and_statistics():
    job = {"memory_processed": 30 << 20, "memory_remaining": 10 << 20, "memory_bps": 5 << 20, "memory_iteration": 2}
    told = progress_of(job, post_copy=False)
    assert told == {"share": 0.75, "rate": 5.0, "pass": 2, "post_copy": False}
    line = progress_line("web1", "kvm2", 12.4, told)
    assert line == "web1 -> kvm2: 12 s, 75% of memory at 5.0 MiB/s, pass 2"
    assert progress_line("web1", "kvm2", 12.4, progress_of(job, post_copy=True)) == (
        f"{line}, running at the destination"
    )
    assert progress_line("web1", "kvm2", 0.2, None) == "web1 -> kvm2: 0 s"
    assert statistics_of({"downtime": 30, "time_elapsed": 900, "memory_processed": 1 << 20}) == {
        "downtime_ms": 30, "total_ms": 900, "transferred_mib": 1.0,
    }  # fmt: skip
    assert statistics_of({}) == {}
