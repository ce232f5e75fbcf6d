# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: which guests move, where and in which order, which stay, why, and what would let them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Optional

from ..verdicts import Policy
from . import words
from .assign import assign
from .companions import Companions, group_companions, join_companions
from .fleet import MEMORY, Destination, Fleet, PlannedGuest, Resource
from .order import PlannedMove, Sequence, order_moves
from .planning_options import PlanningOptions, read_planning_options
from .read import read_fleet
from .shortage import Addition, Shortage, additions, after_moves, shortages

# How many are looked at where guests wait for one another.
_ASSIGNMENTS = 20


def plan_migrations(
    found: Mapping[str, Any], facts: Mapping[str, Any], options: Mapping[str, Any], policy: Optional[Policy] = None
) -> dict[str, Any]:
    """found, facts: host -> what virt_guest_info and virt_network_info returned there; options: as of the filter.

    Raises VirtfleetError PLAN_INVALID or SOLVER_MISSING.
    """
    wanted = read_planning_options(options, {*found, *facts})
    return plan_fleet(read_fleet(found, facts, wanted, policy or {}), wanted)


def plan_fleet(fleet: Fleet, wanted: PlanningOptions) -> dict[str, Any]:
    """steps, stays, additions, load, optimal and lines, as migrate_plan returns them. Raises VirtfleetError
    SOLVER_MISSING."""
    found = _best(fleet, wanted)
    sequence, moved = found.sequence, found.moved
    tangled = {guest.uuid for guest in sequence.tangled}
    after = after_moves(fleet, moved)
    # Those that wait for one another too: what is added for others must be enough when they need not wait.
    staying = [guest for guest in after.guests if guest.leaves]
    companions = group_companions(staying, after.together)
    joined = {uuid: join_companions(group) for uuid, group in companions.items()}
    able = [one for one in {one.uuid: one for one in joined.values()}.values() if one.destinations]
    short = shortages(after, able)
    short_of = {uuid: short.get(one.uuid, []) for uuid, one in joined.items()}
    needed = additions(after, able, wanted.seconds) if able else ()
    rounds = in_rounds(sequence.moves, wanted)
    plan: dict[str, Any] = {
        "steps": [_step(move, number) for move, number in zip(sequence.moves, rounds)],
        "stays": [
            *(
                _stay(guest, companions[guest.uuid], short_of[guest.uuid], needed)
                for guest in staying
                if guest.uuid not in tangled
            ),
            *(
                _tangled(guest, sequence.tangled, _meant_for(guest.destinations, short_of[guest.uuid], needed))
                for guest in staying
                if guest.uuid in tangled
            ),
        ],
        "additions": [_addition(one) for one in needed],
        "load": _load(fleet, moved),
        "optimal": found.proven,
    }
    return {**plan, "lines": words.plan_lines(plan)}


class _Found(NamedTuple):
    """moved: UUID -> host, of the guests that come to where they are to; cost: guests left behind, then moves; proven:
    that no plan costs less."""

    sequence: Sequence
    moved: Mapping[str, str]
    cost: tuple[int, int]
    proven: bool


def _best(fleet: Fleet, wanted: PlanningOptions) -> _Found:
    """Where guests wait for one another, an assignment without their moves may need no detour, and none to stop."""
    found: list[_Found] = []
    least = (0, 0)
    for number in range(_ASSIGNMENTS):
        assignment = assign(fleet, wanted)
        could = _left_behind(fleet, assignment.targets), len(assignment.targets)
        if found and could >= min(one.cost for one in found):
            break
        least = least if number else could
        sequence = order_moves(fleet, assignment.targets)
        tangled = {guest.uuid for guest in sequence.tangled}
        moved = {uuid: host for uuid, host in assignment.targets.items() if uuid not in tangled}
        cost = _left_behind(fleet, moved), len(sequence.moves)
        found.append(_Found(sequence, moved, cost, assignment.proven and cost == least))
        if cost == could:
            break
        fleet = replace(fleet, never=(*fleet.never, sequence.circle))
    return min(found, key=lambda one: one.cost)


def _left_behind(fleet: Fleet, moved: Mapping[str, str]) -> int:
    return sum(guest.leaves and guest.uuid not in moved for guest in fleet.guests)


def in_rounds(moves: tuple[PlannedMove, ...], wanted: PlanningOptions) -> list[int]:
    """For each move the round in which it can run, from 1: no more moves at a time than wanted."""
    rounds: list[int] = []
    busy: dict[tuple[int, str], int] = {}
    running: dict[int, int] = {}
    for move in moves:
        number = max((rounds[before] for before in move.after), default=0) + 1
        ends = (move.source, move.destination.host)
        while running.get(number, 0) >= wanted.at_once or any(
            busy.get((number, host), 0) >= wanted.per_host for host in ends
        ):
            number += 1
        rounds.append(number)
        running[number] = running.get(number, 0) + 1
        for host in ends:
            busy[number, host] = busy.get((number, host), 0) + 1
    return rounds


def _step(move: PlannedMove, number: int) -> dict[str, Any]:
    guest = move.guest
    why = "detour" if move.detour else "leaves" if guest.leaves else "makes_room"
    return {
        "guest": guest.name,
        "uuid": guest.uuid,
        "source": move.source,
        "destination": move.destination.host,
        "verdict": move.destination.verdict,
        "why": why,
        "after": list(move.after),
        "round": number,
    }


def _stay(
    guest: PlannedGuest, companions: Companions, short: list[Shortage], needed: tuple[Addition, ...]
) -> dict[str, Any]:
    destinations = join_companions(companions).destinations
    hosts = {one.host for one in destinations}
    repairs = [dict(one.repair) for _host, one in sorted(guest.obstacles.items()) if one.repair] if not hosts else []
    others = [one.name for one in companions if one is not guest]
    return {
        "guest": guest.name,
        "uuid": guest.uuid,
        "host": guest.home,
        "code": "ROOM_SHORT" if hosts else "NO_DESTINATION",
        "short": [
            {"kind": one.kind, "name": one.name, "amount": one.amount, "hosts": list(one.hosts)} for one in short
        ],
        "obstacles": {host: one.code for host, one in sorted(guest.obstacles.items())},
        "sentence": words.stay(guest, others, hosts, short),
        "additions": _meant_for(destinations, short, needed),
        "repairs": repairs,
    }


def _meant_for(
    destinations: Iterable[Destination], short: Iterable[Shortage], needed: Iterable[Addition]
) -> list[dict[str, Any]]:
    """The additions on hosts that a guest could go to, of what it is short of there."""
    wanted = {Resource(to.host, one.kind, one.name) for to in destinations for one in short}
    return [_addition(one) for one in needed if one.resource in wanted]


def _tangled(
    guest: PlannedGuest, all_of_them: tuple[PlannedGuest, ...], additions_for_it: list[dict[str, Any]]
) -> dict[str, Any]:
    others = [one.name for one in all_of_them if one is not guest]
    return {
        "guest": guest.name,
        "uuid": guest.uuid,
        "host": guest.home,
        "code": "STOP_NEEDED",
        "short": [],
        "obstacles": {},
        "sentence": words.tangled(others),
        "additions": additions_for_it,
        "repairs": [],
    }


def _addition(one: Addition) -> dict[str, Any]:
    resource = one.resource
    return {
        "host": resource.host,
        "kind": resource.kind,
        "name": resource.name,
        "amount": one.amount,
        "sentence": words.addition(one),
    }


def _load(fleet: Fleet, moved: Mapping[str, str]) -> dict[str, float]:
    """The share of each host's memory that is in use after all moves."""
    used = dict(fleet.used)
    for guest in fleet.guests:
        destination = guest.to(moved[guest.uuid]) if guest.uuid in moved else None
        if destination is not None:
            used[destination.host] = used.get(destination.host, 0) + _memory(destination.takes, destination.host)
            used[guest.home] = used.get(guest.home, 0) - _memory(guest.gives, guest.home)
    return {host: round(used.get(host, 0) / total, 3) for host, total in sorted(fleet.memory.items())}


def _memory(amounts: Mapping[Resource, int], host: str) -> int:
    return amounts.get(Resource(host, MEMORY), 0)
