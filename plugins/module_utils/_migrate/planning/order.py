# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order guests move: no step needs what only a later step frees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .fleet import Destination, Fleet, PlannedGuest, Resource


@dataclass(frozen=True)
class PlannedMove:
    """after: indexes of the moves that must be over before, since they free what this one takes; detour: whether the
    guest goes on from there later."""

    guest: PlannedGuest
    source: str
    destination: Destination
    after: tuple[int, ...] = ()
    detour: bool = False


@dataclass(frozen=True)
class Sequence:
    """tangled: guests that could only go if others went first, and these only if they did; one must stop. circle: the
    moves (UUID -> host) that waited for one another at first, which a detour may have resolved."""

    moves: tuple[PlannedMove, ...]
    tangled: tuple[PlannedGuest, ...] = ()
    circle: Mapping[str, str] = field(default_factory=dict)


class _Stock:
    """What is free of each resource, and which moves it comes from: None for what was free from the start."""

    def __init__(self, room: Mapping[Resource, int]) -> None:
        self._free: dict[Resource, list[tuple[int, int | None]]] = {
            resource: [(amount, None)] if amount > 0 else [] for resource, amount in room.items()
        }
        # What is too much already has to go before anything is free.
        self._debt = {resource: -amount for resource, amount in room.items() if amount < 0}

    def fits(self, destination: Destination) -> bool:
        return all(
            resource not in self._free or sum(part for part, _move in self._free[resource]) >= amount
            for resource, amount in destination.takes.items()
        )

    def take(self, destination: Destination) -> set[int]:
        """The moves that freed what it takes. What was free from the start goes first, so that few have to wait."""
        waits: set[int] = set()
        for resource, amount in destination.takes.items():
            if resource in self._free:
                waits |= self._take(resource, amount)
        return waits

    def _take(self, resource: Resource, amount: int) -> set[int]:
        waits, parts = set(), self._free[resource]
        while amount > 0:
            part, move = parts[0]
            if move is not None:
                waits.add(move)
            used = min(part, amount)
            amount -= used
            parts[:1] = [(part - used, move)] if part > used else []
        return waits

    def give(self, amounts: Mapping[Resource, int], move: int) -> None:
        for resource, amount in amounts.items():
            if resource not in self._free:
                continue
            paid = min(self._debt.get(resource, 0), amount)
            if paid:
                self._debt[resource] -= paid
            if amount > paid:
                self._free[resource].append((amount - paid, move))


def order_moves(fleet: Fleet, targets: Mapping[str, str]) -> Sequence:
    """targets: UUID -> host. A guest on its way in a circle makes a detour by a host that has room for it. Guests that
    stay with one that is tangled are tangled too."""
    circle: Mapping[str, str] = {}
    moving = dict(targets)
    while True:
        ordering = _Ordering(fleet, moving)
        while ordering.waiting and ordering.advance():
            pass
        circle = circle or ordering.circle
        stuck = {guest.uuid for guest in ordering.waiting} | (targets.keys() - moving.keys())
        parted = {uuid for uuids in fleet.together if stuck & set(uuids) for uuid in uuids if uuid in moving} - stuck
        if not parted:
            tangled = tuple(guest for guest in fleet.guests if guest.uuid in stuck)
            return Sequence(tuple(ordering.moves), tangled, circle)
        moving = {uuid: host for uuid, host in moving.items() if uuid not in stuck | parted}


class _Ordering:
    """at: where guests on a detour are, and by which move they came; circle: as of the sequence."""

    def __init__(self, fleet: Fleet, targets: Mapping[str, str]) -> None:
        self.targets = targets
        self.stock = _Stock(fleet.room)
        self.moves: list[PlannedMove] = []
        self.at: dict[str, tuple[str, int]] = {}
        self.circle: dict[str, str] = {}
        self.waiting = [guest for guest in fleet.guests if guest.uuid in targets]

    def advance(self) -> bool:
        """One more move; whether there was one."""
        guest = self._next()
        if guest is not None:
            self.waiting.remove(guest)
            self._add(guest, self._goal(guest), False)
            return True
        self.circle = self.circle or {guest.uuid: self.targets[guest.uuid] for guest in self.waiting}
        aside = self._aside()
        if aside is not None:
            self._add(*aside, True)
        return aside is not None

    def _goal(self, guest: PlannedGuest) -> Destination:
        host = self.targets[guest.uuid]
        return next(one for one in guest.destinations if one.host == host)

    def _next(self) -> PlannedGuest | None:
        """Of those that have room, first one that leaves a host to which another goes."""
        fitting = [guest for guest in self.waiting if self.stock.fits(self._goal(guest))]
        wanted = {self.targets[guest.uuid] for guest in self.waiting}
        return next((guest for guest in fitting if guest.home in wanted), fitting[0] if fitting else None)

    def _aside(self) -> tuple[PlannedGuest, Destination] | None:
        for guest in self.waiting:
            for destination in () if guest.uuid in self.at else guest.destinations:
                if destination.host != self.targets[guest.uuid] and self.stock.fits(destination):
                    return guest, destination
        return None

    def _add(self, guest: PlannedGuest, destination: Destination, detour: bool) -> None:
        waits, source, freed = self.stock.take(destination), guest.home, guest.gives
        if guest.uuid in self.at:
            source, came = self.at[guest.uuid]
            waits.add(came)
            stop = guest.to(source)
            freed = stop.takes if stop is not None else {}
        number = len(self.moves)
        self.moves.append(PlannedMove(guest, source, destination, tuple(sorted(waits)), detour))
        self.stock.give(freed, number)
        self.at[guest.uuid] = (destination.host, number)
