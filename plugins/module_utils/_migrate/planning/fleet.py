# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet as the planner sees it: guests, where each could go, what it takes there, and what room there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..finding import BLOCKED

# Kinds of resources. A resource has a host, one of these, and a name.
MEMORY = "memory"  # KiB, above the reserve
HUGEPAGES = "hugepages"  # KiB; name: the size of a page in KiB
CPUS = "cpus"  # virtual ones, as the ratio allows
MEMBERS = "members"  # of pools that give each guest its own; name: the network, or networks that share members
PLACES = "places"  # of pools with max_guests; name: the network
UNIQUE = "unique"  # 1; name: what two guests of one host cannot both have, such as a MAC address
APART = "apart"  # 1; name: the rule


@dataclass(frozen=True, order=True)
class Resource:
    host: str
    kind: str
    name: str = ""


Amounts = Mapping[Resource, int]


@dataclass(frozen=True)
class Destination:
    """A host that a guest may go to. takes: of that host's resources."""

    host: str
    verdict: str
    takes: Amounts


@dataclass(frozen=True)
class Obstacle:
    """Why a guest cannot go to a host at all. code: of the worst finding, PINNED, MAINTENANCE or HOST_TWICE; sentence:
    as the check has it, or empty; repair: what would repair it there, {host, module, arguments}; verdict: of the
    check."""

    code: str
    sentence: str = ""
    repair: Mapping[str, object] | None = None
    verdict: str = BLOCKED


@dataclass(frozen=True)
class PlannedGuest:
    """leaves: whether it is on a host that is to be emptied; gives: what its host has again when it is gone."""

    uuid: str
    name: str
    home: str
    leaves: bool
    destinations: tuple[Destination, ...] = ()
    gives: Amounts = field(default_factory=dict)
    obstacles: Mapping[str, Obstacle] = field(default_factory=dict)

    def to(self, host: str) -> Destination | None:
        return next((one for one in self.destinations if one.host == host), None)


@dataclass(frozen=True)
class Fleet:
    """room: what is free now; a resource that is not in it is not limited. memory: total of each host, KiB; used: of
    that, by now. together: UUIDs of guests that are on one host and stay with one another. never: sets of moves (UUID
    -> host) of which no plan has all. twins: names of hosts that have another name in the fleet, which is the value."""

    guests: tuple[PlannedGuest, ...]
    room: Amounts
    memory: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    never: tuple[Mapping[str, str], ...] = ()
    twins: Mapping[str, str] = field(default_factory=dict)
