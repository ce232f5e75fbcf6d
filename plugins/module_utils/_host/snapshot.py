# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run reads from a host: each thing at its first use, and only once."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional

from .._model.device import Device
from .._model.foreseen import Foreseen
from .._model.forward import has_pool, members_of, mode_of
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import GUEST, Plugged
from .._model.pool import Pool
from .._plan.pool.occupancy import PoolUsage, occupancy
from .._xml.mark import read_limits
from .guests import read_guests
from .networks import find_network, read_network, read_networks
from .plugged import plugged_in
from .port_settings import read_bound_addresses, read_port_settings
from .ports import read_ports
from .sysfs import bridge_port_settings, had_carrier, has_queues, is_vf

if TYPE_CHECKING:
    from .._model.host_link import HostLink

# Forward modes through which guests may hold devices of the host.
_DEVICE_MODES = ("bridge", "private", "vepa", "passthrough", "hostdev")


class HostSnapshot:
    """A host as this run sees it. To see what a change made of it, take another.

    None stands for what this connection cannot show; an empty collection is an answer. Every property raises
    VirtfleetError DAEMON_LOST, DAEMON_SILENT, DAEMON_UNREACHABLE or LIBVIRT_REFUSED, links and devices also
    DEPENDENCY_MISSING or LINKS_UNREADABLE.

    Round trips to libvirt: networks four lists and two calls each; guests two lists and up to three calls each; ports
    two calls for each network and one for each port.
    """

    def __init__(
        self, conn: Any, host: Host, network: Optional[str] = None, foreseen: Optional[Foreseen] = None
    ) -> None:
        """network: read this network only, as far as the others are not asked for. foreseen: networks that will have
        changed before this run changes anything."""
        self.conn = conn
        self.host = host
        self._only = network
        self._foreseen = foreseen or Foreseen()
        self._one: Optional[Observed] = None
        self._ports: dict[str, tuple[Plugged, ...]] = {}

    @cached_property
    def networks(self) -> dict[str, Observed]:
        """All networks of the host, by name."""
        return self._foreseen.over(read_networks(self.conn))

    @cached_property
    def guests(self) -> Optional[tuple[Guest, ...]]:
        return read_guests(self.conn)

    @cached_property
    def links(self) -> Optional[list[HostLink]]:
        if self.host.remote:
            return None
        from .netlink import read_netlink

        found = read_netlink()
        with_ports = any(link["port_state"] is not None for link in found)
        newer = read_port_settings() if with_ports else {}
        bound = read_bound_addresses() if with_ports else {}
        return [
            {
                **link,
                "bound": sorted(bound.get(link["index"], set()) - {link["mac"]}),
                "vf": is_vf(link["name"]),
                "had_carrier": None if link["admin"] == "up" else had_carrier(link["name"]),
                "multi_queue": has_queues(link["name"]) if link["kind"] == "tun" else None,
                "port_settings": {**settings, **newer.get(link["index"], {})} if settings is not None else None,
            }
            for link in found
            for settings in [bridge_port_settings(link["name"]) if link["master"] else None]
        ]

    @cached_property
    def devices(self) -> Optional[tuple[Device, ...]]:
        if self.links is None:
            return None
        from .devices import read_devices

        return read_devices(links=self.links)

    def network(self, name: str) -> Observed:
        """One network; Observed.exists is false when no network has that name."""
        if name != self._only or "networks" in self.__dict__:
            return self.networks.get(name) or Observed(name)
        if self._one is None:
            self._one = self._foreseen.networks.get(name) or read_network(self.conn, name)
        return self._one

    def ports(self, name: str) -> tuple[Plugged, ...]:
        """libvirt's ports of a network; none of one that does not run."""
        ahead = self._foreseen.networks.get(name)
        if ahead is not None:
            return tuple(port for port in ahead.plugged or () if port.kind == GUEST)
        if name not in self._ports:
            network = find_network(self.conn, name) if self.network(name).active else None
            self._ports[name] = () if network is None else read_ports(self.conn, network)
        return self._ports[name]

    def with_ports(self, name: str) -> Observed:
        """A network with its ports, without their taps."""
        return replace(self.network(name), plugged=self.ports(name))

    def with_plugged(self, name: str) -> Observed:
        """A network with all that is plugged in, guests with their taps."""
        observed, ports = self.network(name), self.ports(name)
        guests = (self.guests or ()) if ports else ()
        return (
            replace(observed, plugged=plugged_in(observed, ports, guests, self.host)) if observed.active else observed
        )

    def pool(self, name: str) -> Pool:
        """The pool of a network as it runs, or as it would start."""
        observed = self.network(name)
        document = observed.definition
        ports = {other: self.ports(other) for other, seen in self.networks.items() if _hands_out_devices(seen)}
        return occupancy(name, document, self.limits(name), PoolUsage(ports, self.guests, self.devices))

    def limits(self, name: str) -> dict[str, int]:
        """How many guests each member of a pool takes, where that is limited."""
        observed = self.network(name)
        return read_limits(observed.persistent if observed.persistent is not None else observed.live or {})

    def members_elsewhere(self, name: str) -> dict[str, str]:
        """Members of the other networks' pools, live or persistent -> the network."""
        return {
            member: other
            for other, observed in sorted(self.networks.items())
            for document in (observed.persistent, observed.live)
            for member in members_of(document or {})
            if other != name
        }


def _hands_out_devices(observed: Observed) -> bool:
    """Whether guests may hold host devices through it, also such as it handed out before it was redefined."""
    live = observed.live or {}
    return observed.active and (has_pool(live) or mode_of(live) in _DEVICE_MODES)
