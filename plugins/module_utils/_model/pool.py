# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network's pool: each member with its holders, and how many more guests it can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

# Who holds a member. A guest may hold one without a port: when it was drained, or when libvirt lost count.
GUEST = "guest"
STALE = "stale"
NETWORK = "network"
DIRECT = "direct"
BRIDGE = "bridge"
LINK = "link"

FREE = "free"
HELD = "held"
FOREIGN = "foreign"
MISSING = "missing"


@dataclass(frozen=True)
class Holder:
    """kind: GUEST (a running guest of this network), STALE (a port whose guest does not run), NETWORK (another
    network), DIRECT (a guest that names the device itself), BRIDGE (a bridge or bond), LINK (a macvtap or macvlan
    of unknown origin). name: of the guest, bridge or link; network: through which it holds; port: the port's UUID,
    None when there is none; shares: whether others may use the member beside it, outside of exclusive pools.
    """

    kind: str
    name: str
    mac: Optional[str] = None
    uuid: Optional[str] = None
    network: Optional[str] = None
    port: Optional[str] = None
    shares: bool = True

    def as_dict(self) -> dict[str, Any]:
        names = ("kind", "name", "mac", "uuid", "network", "port", "shares")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        mac = f" ({self.mac})" if self.mac else ""
        if self.kind == GUEST:
            return f"{self.name}{mac}"
        if self.kind == STALE:
            return f"a stale port of {self.name}{mac}"
        if self.kind == NETWORK:
            return f"{self.name}{mac} through network '{self.network}'"
        if self.kind == DIRECT:
            return f"{self.name}{mac}, which uses it directly"
        if self.kind == BRIDGE:
            return f"bridge or bond {self.name}"
        return f"link {self.name}{mac}, which belongs to no guest"


@dataclass(frozen=True)
class Member:
    """state: HELD when a guest of this network holds it, else STALE, FOREIGN, MISSING or FREE; left: how many guests
    more it takes, None for any number.
    """

    name: str
    state: str = FREE
    holders: tuple[Holder, ...] = ()
    max_guests: Optional[int] = None
    left: Optional[int] = None

    def of_kind(self, *kinds: str) -> tuple[Holder, ...]:
        return tuple(holder for holder in self.holders if holder.kind in kinds)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "holders": [holder.as_dict() for holder in self.holders],
            "max_guests": self.max_guests,
            "left": self.left,
        }


@dataclass(frozen=True)
class Pool:
    """outside: devices that guests or ports of the network hold without their being members (any more); elsewhere:
    devices that are nothing to this network and that something else holds, left: the
    guests that the whole pool still takes, None for any number; miscounted: members, and '' for the network itself,
    of which libvirt's own counter differs from the ports.
    """

    network: str
    mode: str
    members: tuple[Member, ...] = ()
    outside: tuple[Member, ...] = ()
    elsewhere: tuple[Member, ...] = ()
    left: Optional[int] = None
    miscounted: tuple[str, ...] = ()

    @property
    def everything(self) -> tuple[Member, ...]:
        return self.members + self.outside

    def seen(self, aliases: frozenset[str]) -> Member:
        """Who holds a device, whether or not it has to do with this network."""
        found = [member for member in (*self.everything, *self.elsewhere) if member.name in aliases]
        holders = tuple(holder for member in found for holder in member.holders)
        return Member(min(aliases), found[0].state if found else FREE, holders)

    def as_dict(self) -> dict[str, Any]:
        states = [member.state for member in self.members]
        return {
            "mode": self.mode,
            "members": [member.as_dict() for member in self.members],
            "outside": [member.as_dict() for member in self.outside],
            "capacity": {
                "members": len(states),
                **{state: states.count(state) for state in (FREE, HELD, STALE, FOREIGN, MISSING)},
                "left": self.left,
            },
            "miscounted": list(self.miscounted),
        }
