# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why guests stay, in numbers, and the least that would have to be added for all of them to go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._model.errors import VirtfleetError
from .assign import GuestGroup, group_guests, limit_resources
from .fleet import CPUS, HUGEPAGES, MEMBERS, MEMORY, PLACES, Fleet, PlannedGuest, Resource
from .linear import Program

# What an operator can add. Two guests of one name do not fit on a host whatever is added.
ADDABLE = (MEMORY, HUGEPAGES, CPUS, MEMBERS, PLACES)
# Of which each guest takes so few that what all of them lack can be summed over hosts.
_COUNTED = (MEMBERS, PLACES)


@dataclass(frozen=True)
class Shortage:
    """hosts: that have too little; amount: what is missing for all that need it, of memory for this one guest on the
    host that has most."""

    kind: str
    name: str
    amount: int
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Addition:
    """How much more of a resource would be enough."""

    resource: Resource
    amount: int


def after_moves(fleet: Fleet, moved: Mapping[str, str]) -> Fleet:
    """The fleet once these guests (UUID -> host) have moved; they are not in it any more."""
    room = dict(fleet.room)
    for guest in fleet.guests:
        destination = guest.to(moved[guest.uuid]) if guest.uuid in moved else None
        if destination is not None:
            for resource, amount in destination.takes.items():
                if resource in room:
                    room[resource] -= amount
            for resource, amount in guest.gives.items():
                if resource in room:
                    room[resource] += amount
    return replace(fleet, guests=tuple(one for one in fleet.guests if one.uuid not in moved), room=room)


def shortages(fleet: Fleet, staying: Sequence[PlannedGuest]) -> dict[str, list[Shortage]]:
    """fleet: after all moves. UUID -> what keeps the guest from going, the same for each host or not."""
    return {guest.uuid: _of(guest, fleet, staying) for guest in staying}


def _of(guest: PlannedGuest, fleet: Fleet, staying: Sequence[PlannedGuest]) -> list[Shortage]:
    lacking: dict[tuple[str, str], dict[str, int]] = {}
    for destination in guest.destinations:
        for resource, amount in destination.takes.items():
            short = amount - fleet.room.get(resource, amount)
            if short > 0:
                lacking.setdefault((resource.kind, resource.name), {})[resource.host] = short
    return [
        Shortage(kind, name, _amount(kind, name, hosts, staying, fleet), tuple(sorted(hosts)))
        for (kind, name), hosts in sorted(lacking.items())
    ]


def _amount(kind: str, name: str, hosts: Mapping[str, int], staying: Sequence[PlannedGuest], fleet: Fleet) -> int:
    if kind not in _COUNTED:
        return min(hosts.values())
    needed = sum(max((one.takes.get(Resource(one.host, kind, name), 0) for one in guest.destinations), default=0)
                 for guest in staying)  # fmt: skip
    free = {resource: room for resource, room in fleet.room.items() if (resource.kind, resource.name) == (kind, name)}
    offered = {one.host for guest in staying for one in guest.destinations}
    return max(needed - sum(max(room, 0) for resource, room in free.items() if resource.host in offered), 1)


def additions(fleet: Fleet, staying: Iterable[PlannedGuest], seconds: float) -> tuple[Addition, ...]:
    """fleet: after all moves. What would let all of these go that could go anywhere: of as few resources as can be, and
    of these as little. Nothing where no addition would do."""
    program = Program(seconds)
    groups = group_guests(staying, frozenset())
    for group in groups:
        for destination in group.one.destinations:
            group.to[destination.host] = program.variable(len(group.guests), True)
        program.row(dict.fromkeys(group.to.values(), 1), len(group.guests), len(group.guests))
    most = _needed(groups, fleet.room)
    more = {resource: program.variable(amount, True) for resource, amount in most.items()}
    limit_resources(program, groups, fleet.room, more)
    extended = {}
    for resource, variable in more.items():
        extended[resource] = program.variable(1, True)
        program.row({variable: 1, extended[resource]: -most[resource]}, high=0)
    try:
        fewest = program.minimize(dict.fromkeys(extended.values(), 1))
        program.row(dict.fromkeys(extended.values(), 1), high=round(fewest.cost))
        # Shares of what all would need there, so that KiB and members can be added up.
        least = program.minimize({variable: 1 / most[resource] for resource, variable in more.items()})
    except VirtfleetError as error:
        if error.code != "NO_PLAN":
            raise
        return ()
    found = ((resource, least.count(variable)) for resource, variable in more.items())
    return tuple(Addition(resource, amount) for resource, amount in sorted(found) if amount)


def _needed(groups: Iterable[GuestGroup], room: Mapping[Resource, int]) -> dict[Resource, int]:
    """The most that could ever have to be added: what all of them take, and what is too much there already."""
    found: dict[Resource, int] = {}
    for group in groups:
        for destination in group.one.destinations:
            for resource, amount in destination.takes.items():
                if resource.kind in ADDABLE:
                    debt = max(-room.get(resource, 0), 0)
                    found[resource] = found.get(resource, debt) + amount * len(group.guests)
    return found
