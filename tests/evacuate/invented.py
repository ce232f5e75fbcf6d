# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets by chance, and the best that can be done to empty one of their hosts, by trying all guests that could move.

The planner's code is not used here.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

HOSTS = ("kvm1", "kvm2", "kvm3", "kvm4", "kvm5", "kvm6")
GUESTS = 24
# The NICs of each host that a pool may have, in order; p1 is in a bridge.
NICS = {"fast": [f"p{number}" for number in range(2, 9)], "slow": [f"p{number}" for number in range(9, 16)]}
# Of the guests for which a pool has a free member, the share that gets one: one of these for each fleet.
PLUGGED = (0.3, 0.5, 0.6)


@dataclass(frozen=True)
class Invented:
    """members: host -> pool -> how many; guests: name -> host and the networks of its NICs."""

    members: dict[str, dict[str, int]]
    guests: dict[str, tuple[str, list[str]]]

    def on(self, host: str) -> set[str]:
        return {name for name, (home, _networks) in self.guests.items() if home == host}


def invent(seed: int) -> Invented:
    """At least two guests are on each host; some need members of both pools."""
    dice = random.Random(seed)
    plugged = dice.choice(PLUGGED)
    members = {host: {"fast": dice.randint(1, 4), "slow": dice.randint(1, 3)} for host in HOSTS}
    free = {host: Counter(pools) for host, pools in members.items()}
    guests = {}
    for number in range(GUESTS):
        host = HOSTS[number % len(HOSTS)] if number < 2 * len(HOSTS) else dice.choice(HOSTS)
        networks = dice.sample(["red", "lan"], dice.randint(0, 2))
        networks += [pool for pool in NICS if free[host][pool] and dice.random() < plugged]
        dice.shuffle(networks)
        free[host].subtract(net for net in networks if net in NICS)
        guests[f"g{number:02}"] = (host, networks or ["red"])
    return Invented(members, guests)


@dataclass(frozen=True)
class Best:
    """left: the fewest guests that stay on the host; moves: the fewest that leave no more behind."""

    left: int
    moves: int


def best_for(fleet: Invented, source: str) -> Best:
    """Only members of pools are scarce. Guests in none fit everywhere."""
    leaving = sorted(fleet.on(source))
    others = [name for name in sorted(fleet.guests) if name not in leaving and _pools(fleet, name)]
    for left in range(len(leaving) + 1):
        found = [
            number
            for staying in itertools.combinations(leaving, left)
            if (number := _fewest_moves(fleet, source, set(leaving) - set(staying), others)) is not None
        ]
        if found:
            return Best(left, min(found))
    raise AssertionError("guests that all stay always fit")


def _fewest_moves(fleet: Invented, source: str, going: set[str], others: list[str]) -> Optional[int]:
    if not _fits(fleet, source, {*going, *others}):
        return None
    for number in range(len(others)):
        if any(_fits(fleet, source, {*going, *more}) for more in itertools.combinations(others, number)):
            return len(going) + number
    return len(going) + len(others)


def _pools(fleet: Invented, name: str) -> list[str]:
    return [net for net in fleet.guests[name][1] if net in NICS]


def _fits(fleet: Invented, source: str, moving: Iterable[str]) -> bool:
    """Whether these guests have places on other hosts than the source while all others stay."""
    moving = set(moving)
    free = {host: Counter(pools) for host, pools in fleet.members.items() if host != source}
    for name, (host, _networks) in fleet.guests.items():
        if name not in moving and host != source:
            free[host].subtract(_pools(fleet, name))
    wanted = Counter("+".join(sorted(_pools(fleet, name))) for name in moving)
    both = wanted["fast+slow"]
    return (
        both <= sum(min(pools["fast"], pools["slow"]) for pools in free.values())
        and both + wanted["fast"] <= sum(pools["fast"] for pools in free.values())
        and both + wanted["slow"] <= sum(pools["slow"] for pools in free.values())
    )


def with_members(fleet: Invented, added: Mapping[tuple[str, str], int]) -> Invented:
    """added: host and pool -> how many more."""
    members = {host: dict(pools) for host, pools in fleet.members.items()}
    for (host, pool), number in added.items():
        members[host][pool] += number
    return Invented(members, fleet.guests)
