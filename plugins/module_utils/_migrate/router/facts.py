# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host passes on the packets of guests, as virt_network_info and virt_guest_info show it: typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Passage:
    """See passages.py and ruleset.Answer."""

    family: str
    direction: str
    state: Optional[str]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class StoppedPorts:
    """Connections to these ports of another host. See ruleset.Answer."""

    first: int
    last: int
    state: Optional[str]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Departure:
    """See connections.departures."""

    address: Optional[str]
    stopped: tuple[StoppedPorts, ...]


@dataclass(frozen=True)
class ForwardedPort:
    """Connections from outside that a host forwards (DNAT). protocol: None for all; ports: to which they come, with
    the last of each range, none for all; address: that they get; port: that they get, None if they keep theirs."""

    protocol: Optional[str]
    ports: tuple[tuple[int, int], ...]
    address: str
    port: Optional[int] = None

    @property
    def target(self) -> str:
        if self.port is None:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def shown(self) -> str:
        came = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ports)
        words = " ".join(word for word in (self.protocol or "", came) if word)
        return f"{self.target} ({words})" if words else self.target

    def includes(self, other: ForwardedPort) -> bool:
        """Whether all connections that `other` is about come to the same target by this, too."""
        if self.protocol not in (None, other.protocol) or self.address != other.address:
            return False
        if self.ports and not other.ports:
            return False
        inside = all(any(low <= first and last <= high for low, high in self.ports) for first, last in other.ports)
        return self._port_of(other) == other._port_of(other) and (inside or not self.ports)

    def _port_of(self, other: ForwardedPort) -> Optional[int]:
        """Which connections of `other` get by this, None if each keeps its own."""
        single = len(other.ports) == 1 and other.ports[0][0] == other.ports[0][1]
        return other.ports[0][0] if self.port is None and single else self.port


@dataclass(frozen=True)
class BridgeRouting:
    """See passages.routing_of_bridge; no_arp: the setting that keeps the host from answering ARP there; no_ndp: the one
    that keeps it from finding IPv6 neighbours; misrouted: parts of the bridge's networks that the host does not
    reach by asking for them on the bridge."""

    stopped: dict[str, str]
    passages: tuple[Passage, ...]
    no_arp: Optional[str]
    no_ndp: Optional[str]
    misrouted: tuple[str, ...]
    forwards: tuple[ForwardedPort, ...]


@dataclass(frozen=True)
class FamilyRoutes:
    """default: the links of the default route; others: further networks that are reached through a gateway; rules:
    those of routing beside the usual ones, None where they cannot be seen; rejected: networks to which the host sends
    nothing; detours: see _run/routing.py, None where an older version did not look."""

    default: tuple[str, ...]
    others: tuple[str, ...]
    rules: Optional[tuple[str, ...]]
    rejected: tuple[str, ...]
    detours: Optional[tuple[str, ...]] = None


NO_ROUTES = FamilyRoutes(default=(), others=(), rules=(), rejected=(), detours=())


@dataclass(frozen=True)
class NicRouting:
    """Of the host of a NIC, for the bridge that the NIC is in. addresses: the host's own on the bridge, with prefix;
    default_route: by family, whether the default route leads out (up, down, None when that is not known); nat: whether
    answers to the addresses of <nat> come back, "" without such; programs: on the bridge itself, that may drop packets.
    """

    addresses: tuple[str, ...]
    stopped: dict[str, str]
    passages: tuple[Passage, ...]
    routes: Optional[dict[str, FamilyRoutes]]
    default_route: dict[str, Optional[str]]
    nat: Optional[str]
    no_arp: Optional[str]
    no_ndp: Optional[str]
    misrouted: tuple[str, ...]
    programs: tuple[str, ...]
    forwards: tuple[ForwardedPort, ...]

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(sorted({"ipv6" if ":" in address else "ipv4" for address in self.addresses}))

    def passage(self, family: str, direction: str) -> Optional[Passage]:
        return next((one for one in self.passages if (one.family, one.direction) == (family, direction)), None)
