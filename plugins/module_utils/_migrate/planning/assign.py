# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who goes where: guests left behind, then moves, warnings accepted, and the worst load, each as low as can be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..finding import OK
from .fleet import MEMORY, Amounts, Destination, Fleet, PlannedGuest, Resource
from .linear import Program, Solution
from .planning_options import PlanningOptions

# Of the solver, where guests count in parts.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Assignment:
    """targets: UUID -> host, of the guests that move; proven: that no plan is better."""

    targets: Mapping[str, str]
    proven: bool


def assign(fleet: Fleet, wanted: PlanningOptions) -> Assignment:
    """Raises VirtfleetError SOLVER_MISSING."""
    leaving = [guest for guest in fleet.guests if guest.leaves]
    found = _assign(fleet, leaving, wanted)
    if not wanted.others or len(found.targets) == sum(bool(guest.destinations) for guest in leaving):
        return found
    # A plan that leaves no guest behind and moves no other is the best there is; only otherwise all are looked at.
    return _assign(fleet, list(fleet.guests), wanted)


def least_behind(fleet: Fleet, seconds: float) -> int:
    """No plan leaves fewer behind of the guests that could go. May be too low: guests count in parts here."""
    program = Program(seconds)
    groups = group_guests(fleet.guests, frozenset())
    _choose_hosts(program, groups)
    limit_resources(program, groups, fleet.room)
    program.integer = [False] * len(program.integer)
    leaving = [group for group in groups if group.one.leaves]
    solution = program.minimize({variable: -1 for group in leaving for variable in group.to.values()})
    number = sum(len(group.guests) for group in leaving)
    return math.ceil(number + solution.cost - _ROUNDING) if solution.proven else 0


@dataclass
class GuestGroup:
    """Guests that no rule tells apart. to: a variable for each destination, how many of them go there."""

    guests: list[PlannedGuest]
    to: dict[str, int] = field(default_factory=dict)

    @property
    def one(self) -> PlannedGuest:
        return self.guests[0]


def group_guests(guests: Iterable[PlannedGuest], single: frozenset[str]) -> list[GuestGroup]:
    """single: UUIDs of guests that are a group each."""
    found: dict[object, GuestGroup] = {}
    for guest in guests:
        if not guest.destinations:
            continue
        key = guest.uuid if guest.uuid in single else _key(guest)
        found.setdefault(key, GuestGroup([])).guests.append(guest)
    return list(found.values())


def _key(guest: PlannedGuest) -> object:
    options = tuple((one.host, one.verdict, _frozen(one.takes)) for one in guest.destinations)
    return guest.home, guest.leaves, options, _frozen(guest.gives)


def _frozen(amounts: Amounts) -> tuple[tuple[Resource, int], ...]:
    return tuple(sorted(amounts.items()))


def _assign(fleet: Fleet, movable: list[PlannedGuest], wanted: PlanningOptions) -> Assignment:
    program = Program(wanted.seconds)
    groups = group_guests(movable, frozenset(uuid for uuids in (*fleet.together, *fleet.never) for uuid in uuids))
    _choose_hosts(program, groups)
    limit_resources(program, groups, fleet.room)
    _keep_together(program, groups, fleet)
    _rule_out(program, groups, fleet.never)
    load = _load(program, groups, fleet)
    steps: list[dict[int, float]] = [
        {variable: -1 for group in groups if group.one.leaves for variable in group.to.values()},
        {variable: 1 for group in groups for variable in group.to.values()},
        {group.to[one.host]: 1 for group in groups for one in group.one.destinations if one.verdict != OK},
        {load: 1} if wanted.balance else {},
    ]
    solution, proven = Solution({}, 0.0, True), True
    for terms in steps:
        if not terms:
            continue
        solution = program.minimize(terms)
        proven = proven and solution.proven
        if load not in terms:
            program.row(terms, high=round(solution.cost))
    return Assignment(_targets(groups, solution), proven)


def _choose_hosts(program: Program, groups: list[GuestGroup]) -> None:
    for group in groups:
        for destination in group.one.destinations:
            group.to[destination.host] = program.variable(len(group.guests), True)
        program.row(dict.fromkeys(group.to.values(), 1), high=len(group.guests))


def limit_resources(
    program: Program, groups: list[GuestGroup], room: Amounts, more: Mapping[Resource, int] | None = None
) -> None:
    """No host gives more than it has after all moves. more: variables that add to a resource."""
    incoming: dict[Resource, dict[int, float]] = {}
    leaving: dict[Resource, dict[int, float]] = {}
    for group in groups:
        for one in group.one.destinations:
            for resource, amount in one.takes.items():
                incoming.setdefault(resource, {})[group.to[one.host]] = amount
        for resource, amount in group.one.gives.items():
            for variable in group.to.values():
                leaving.setdefault(resource, {})[variable] = amount
    for resource, takes in incoming.items():
        if resource not in room:
            continue
        terms: dict[int, float] = dict(takes)
        for variable, freed in leaving.get(resource, {}).items():
            terms[variable] = terms.get(variable, 0) - freed
        if more and resource in more:
            terms[more[resource]] = -1
        free = room[resource]
        if free < 0:
            # Too much is there already, which obliges no one to leave: either nothing comes, or all of it fits.
            used = program.variable(1, True)
            most = sum(number * program.upper[variable] for variable, number in takes.items())
            program.row({**takes, used: -most}, high=0)
            program.row({**terms, used: most - free}, high=most)
        else:
            program.row(terms, high=free)


def _keep_together(program: Program, groups: list[GuestGroup], fleet: Fleet) -> None:
    by_uuid = {group.one.uuid: group for group in groups if len(group.guests) == 1}
    for uuids in fleet.together:
        first = by_uuid.get(uuids[0])
        for uuid in uuids[1:]:
            other = by_uuid.get(uuid)
            hosts = {*(first.to if first else ()), *(other.to if other else ())}
            for host in hosts:
                terms: dict[int, float] = {}
                for group, sign in ((first, 1), (other, -1)):
                    if group is not None and host in group.to:
                        terms[group.to[host]] = sign
                program.row(terms, 0, 0)


def _rule_out(program: Program, groups: list[GuestGroup], never: Iterable[Mapping[str, str]]) -> None:
    by_uuid = {group.one.uuid: group for group in groups if len(group.guests) == 1}
    for moves in never:
        if moves.keys() <= by_uuid.keys():
            program.row({by_uuid[uuid].to[host]: 1 for uuid, host in moves.items()}, high=len(moves) - 1)


def _load(program: Program, groups: list[GuestGroup], fleet: Fleet) -> int:
    """A variable that is at least the share of memory in use on each host that guests come to."""
    load = program.variable(float("inf"), False)
    for host, total in fleet.memory.items():
        terms: dict[int, float] = {}
        for group in groups:
            coming = group.to.get(host)
            if coming is not None:
                terms[coming] = _memory(group.one.to(host)) / total
            if group.one.home == host:
                gives = group.one.gives.get(Resource(host, MEMORY), 0)
                terms.update(dict.fromkeys(group.to.values(), -gives / total))
        if any(value > 0 for value in terms.values()):
            program.row({**terms, load: -1}, high=-fleet.used.get(host, 0) / total)
    return load


def _memory(destination: Destination | None) -> int:
    return 0 if destination is None else destination.takes.get(Resource(destination.host, MEMORY), 0)


def _targets(groups: list[GuestGroup], solution: Solution) -> dict[str, str]:
    found: dict[str, str] = {}
    for group in groups:
        waiting = list(group.guests)
        for host, variable in group.to.items():
            for _number in range(solution.count(variable)):
                found[waiting.pop(0).uuid] = host
    return found
