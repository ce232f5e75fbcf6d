# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that stay with one another: they have only hosts that all of them can go to, and need room for all there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .fleet import Destination, PlannedGuest, Resource

Companions = tuple[PlannedGuest, ...]


def group_companions(guests: Sequence[PlannedGuest], together: Sequence[Sequence[str]]) -> dict[str, Companions]:
    """UUID -> the guests that must be where this one is, itself among them; rules that share a guest count as one."""
    number = {guest.uuid: place for place, guest in enumerate(guests)}
    groups: dict[str, set[str]] = {uuid: {uuid} for uuid in number}
    for uuids in together:
        joined = {other for uuid in uuids if uuid in groups for other in groups[uuid]}
        groups.update(dict.fromkeys(joined, joined))
    return {uuid: tuple(guests[place] for place in sorted(map(number.__getitem__, group)))
            for uuid, group in groups.items()}  # fmt: skip


def join_companions(companions: Companions) -> PlannedGuest:
    """The first of them, with the hosts that all can go to, and what all take there."""
    first, *others = companions
    if not others:
        return first
    found = []
    for one in first.destinations:
        everyones = [one, *(other for guest in others if (other := guest.to(one.host)) is not None)]
        if len(everyones) == len(companions):
            found.append(Destination(one.host, one.verdict, _sum([each.takes for each in everyones])))
    return replace(first, destinations=tuple(found), gives=_sum([guest.gives for guest in companions]))


def _sum(amounts: Sequence[Mapping[Resource, int]]) -> Mapping[Resource, int]:
    found: Counter[Resource] = Counter()
    for one in amounts:
        found.update(one)
    return dict(found)
