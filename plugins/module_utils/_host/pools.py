# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that tells who holds which member of a host's pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from .._model.device import Device
from .._model.forward import has_pool, members_of
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._model.pool import Pool
from .._plan.pool.occupancy import occupancy
from .._xml.mark import read_limits
from .guests import read_guests
from .networks import find
from .ports import read_ports


@dataclass(frozen=True)
class Facts:
    """ports: of every network that runs and has a pool, or might have had one; guests, devices: None where this
    connection cannot show them."""

    networks: dict[str, Observed]
    ports: dict[str, tuple[Plugged, ...]]
    guests: Optional[tuple[Guest, ...]]
    devices: Optional[tuple[Device, ...]]

    def pool(self, name: str) -> Pool:
        """As it runs, or as it would start."""
        observed = self.networks[name]
        document = observed.live if observed.live is not None else observed.persistent or {}
        return occupancy(name, document, self.ports, self.guests, self.devices, self.limits(name))

    def limits(self, name: str) -> dict[str, int]:
        observed = self.networks[name]
        return read_limits(observed.persistent if observed.persistent is not None else observed.live or {})

    def other_pools(self, name: str) -> dict[str, str]:
        """Members of the other networks' pools, live or persistent -> the network."""
        return {
            member: other
            for other, observed in sorted(self.networks.items())
            for document in (observed.persistent, observed.live)
            for member in members_of(document or {})
            if other != name
        }


def read_facts(
    conn: Any,
    host: Host,
    networks: dict[str, Observed],
    guests: Optional[tuple[Guest, ...]] = None,
    links: Optional[list[dict[str, Any]]] = None,
) -> Facts:
    """networks: all of the host; guests, links (netlink's facts): where they have been read already.

    Raises VirtfleetError, that of read_links among them.
    """
    ports = {}
    for name, observed in networks.items():
        network = find(conn, name) if observed.live is not None and _hands_out(observed) else None
        if network is not None:
            ports[name] = read_ports(conn, network)
    devices = None
    if not host.remote:
        from .devices import read_devices

        devices = read_devices(links=links)
    return Facts(networks, ports, read_guests(conn) if guests is None else guests, devices)


def _hands_out(observed: Observed) -> bool:
    """Whether guests may hold host devices through it, those it had before among them."""
    forward = (observed.live or {}).get("forward") or {}
    return has_pool(observed.live or {}) or forward.get("mode") in (
        "bridge",
        "private",
        "vepa",
        "passthrough",
        "hostdev",
    )
