# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is plugged into a network: guests by libvirt's ports, anything else by the bridge's own ports."""

from __future__ import annotations

from typing import Any

from .._model.forward import is_virtual
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import DEVICE, Plugged
from .networks import find
from .ports import read_ports


def read_plugged(conn: Any, observed: Observed, host: Host) -> tuple[Plugged, ...]:
    """Guests first. Devices in the bridge are seen on a local host only, and only where libvirt made the bridge."""
    network = find(conn, observed.name)
    guests = () if network is None else read_ports(conn, network)
    bridge = ((observed.live or {}).get("bridge") or {}).get("name")
    if host.remote or not bridge or not is_virtual(observed.live or {}):
        return guests
    from .links import bridge_ports

    return guests + tuple(_device(link) for link in bridge_ports(bridge) if not _is_tap_of(link, guests))


def _device(link: dict[str, Any]) -> Plugged:
    return Plugged(DEVICE, link["name"], mac=link["mac"])


def _is_tap_of(link: dict[str, Any], guests: tuple[Plugged, ...]) -> bool:
    """A guest's tap has the guest's MAC with the first byte set to fe."""
    tail = str(link["mac"])[2:].lower()
    return any(guest.mac and guest.mac[2:].lower() == tail for guest in guests)
