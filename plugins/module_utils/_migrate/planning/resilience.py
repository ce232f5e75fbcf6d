# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""N-1: for each host of a fleet, can all its guests go to other hosts now, and if not, what binds?

The fleet is read once; each host is planned for as if it alone were to be emptied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from ..answers import guest_answers
from ..finding import BLOCKED, OK, UNKNOWN, worst_of
from ..verdicts import Policy
from . import resilience_words as words
from .assign import least_behind
from .fleet import Fleet, PlannedGuest, Resource
from .plan import plan_fleet
from .planning_options import PlanningOptions, read_planning_options
from .read import read_fleet


def check_resilience(
    found: Mapping[str, Any], facts: Mapping[str, Any], options: Mapping[str, Any], policy: Optional[Policy] = None
) -> dict[str, Any]:
    """found, facts: host -> what virt_guest_info and virt_network_info returned there, or why they did not (msg).

    Returns verdict, hosts, problems and lines, as the filter migrate_resilience does. Raises VirtfleetError
    PLAN_INVALID or SOLVER_MISSING.
    """
    found = guest_answers(found)
    hosts = sorted({*found, *facts})
    if not hosts:
        return {"verdict": OK, "hosts": [], "problems": [], "lines": ["There are no hosts to check."]}
    wanted = read_planning_options({**options, "sources": hosts}, hosts)
    fleet = read_fleet(found, facts, replace(wanted, sources=()), policy or {})
    wanted = replace(wanted, balance=False)
    rows = [_check_host(host, found.get(host), fleet, replace(wanted, sources=(host,))) for host in hosts]
    return {
        "verdict": worst_of(row["verdict"] for row in rows),
        "hosts": rows,
        "problems": [words.problem(row) for row in rows if row["verdict"] in (BLOCKED, UNKNOWN)],
        "lines": words.lines(rows),
    }


def without(fleet: Fleet, host: str) -> Fleet:
    """The fleet in which this host is to be emptied and takes no guest."""
    return replace(
        fleet,
        guests=tuple(
            replace(
                guest,
                leaves=guest.home == host,
                destinations=tuple(one for one in guest.destinations if one.host != host),
            )
            for guest in fleet.guests
        ),
    )


def _check_host(host: str, answer: Any, fleet: Fleet, wanted: PlanningOptions) -> dict[str, Any]:
    answer = answer or {}
    if "guests" not in answer:
        return _row(host, None, UNKNOWN, {"reason": str(answer.get("msg") or "There is no result.").strip()})
    if host in fleet.twins:
        return _row(host, None, UNKNOWN, {"reason": f"It is the same host as {fleet.twins[host]}."})
    emptied = without(fleet, host)
    plan, proven = _plan(emptied, wanted)
    leaving = [guest for guest in emptied.guests if guest.leaves]
    return _row(host, len(leaving), _verdict(plan, leaving, proven), plan)


def _plan(fleet: Fleet, wanted: PlanningOptions) -> tuple[dict[str, Any], bool]:
    """A plan, and whether it is proven that none leaves fewer behind. Most hosts need no guest of others to move, or
    only such as have what the guests are short of: all guests are looked at only when these do not do."""
    plan = plan_fleet(fleet, replace(wanted, others=False))
    if not _short(plan) or not wanted.others:
        return plan, bool(plan["optimal"])
    plan = plan_fleet(_near(fleet, plan), wanted)
    if len(_short(plan)) > least_behind(fleet, wanted.seconds):
        plan = plan_fleet(fleet, wanted)
        return plan, bool(plan["optimal"])
    return plan, True


def _short(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of the guests that stay, those that another host would take if it had room."""
    return [one for one in plan["stays"] if one["code"] != "NO_DESTINATION"]


def _near(fleet: Fleet, plan: Mapping[str, Any]) -> Fleet:
    """With those guests of other hosts only that have some of what is short."""
    short = {
        Resource(host, one["kind"], one["name"])
        for stay in plan["stays"]
        for one in stay["short"]
        for host in one["hosts"]
    }
    return replace(fleet, guests=tuple(one for one in fleet.guests if one.leaves or short & set(one.gives)))


def _verdict(plan: Mapping[str, Any], leaving: Sequence[PlannedGuest], proven: bool) -> str:
    stays = {one["uuid"] for one in plan["stays"]}
    if not stays:
        return worst_of(step["verdict"] for step in plan["steps"])
    # Blocked: a guest is left that no host of unknown verdict could take either.
    certain = proven and any(_has_no_doubt(guest) for guest in leaving if guest.uuid in stays)
    return BLOCKED if certain else UNKNOWN


def _has_no_doubt(guest: PlannedGuest) -> bool:
    return all(obstacle.verdict != UNKNOWN for obstacle in guest.obstacles.values())


def _row(host: str, guests: Optional[int], verdict: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """plan: of plan_fleet, or the reason why there is none."""
    stays = list(plan.get("stays", ()))
    return {
        "host": host,
        "guests": guests,
        "verdict": verdict,
        "moves": len(plan.get("steps", ())),
        "stays": stays,
        "binds": _binds(stays),
        "additions": list(plan.get("additions", ())),
        "reason": plan.get("reason", ""),
    }


def _binds(stays: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What keeps guests, that of most guests first."""
    guests: dict[tuple[str, str], list[str]] = {}
    amounts: Counter[tuple[str, str]] = Counter()
    for one in stays:
        for kind, name, amount in _causes(one):
            guests.setdefault((kind, name), []).append(one["guest"])
            amounts[kind, name] = max(amounts[kind, name], amount)
    found = [
        {"kind": kind, "name": name, "amount": amounts[kind, name], "guests": sorted(names)}
        for (kind, name), names in guests.items()
    ]
    return sorted(found, key=lambda one: (-len(one["guests"]), one["kind"], one["name"]))


def _causes(stay: Mapping[str, Any]) -> Iterable[tuple[str, str, int]]:
    """Kind, name and amount: of what is short, or codes of what is in the way on other hosts."""
    short = [(one["kind"], one["name"], one["amount"]) for one in stay["short"]]
    if short:
        return short
    codes = sorted(set(stay["obstacles"].values()))
    return [(code, "", 0) for code in codes or [stay["code"]]]
