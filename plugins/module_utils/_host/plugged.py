# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is plugged into a network: guests by libvirt's ports, anything else by the bridge's own ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .._model.bridge_port import BridgePort
from .._model.forward import is_virtual
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import DEVICE, Plugged
from .bridge_ports import FdbRead, read_bridge_ports
from .connection import sees_daemons
from .guests import read_guests
from .networks import find_network, read_network
from .ports import read_ports


def read_plugged(conn: Any, observed: Observed, host: Host, fdb: FdbRead = FdbRead.WHERE_NEEDED) -> tuple[Plugged, ...]:
    """Guests first, with their taps, as they are now; see plugged_in."""
    network = find_network(conn, observed.name)
    ports = () if network is None else read_ports(conn, network)
    guests = (read_guests(conn, {str(port.uuid) for port in ports}) or ()) if ports else ()
    return plugged_in(observed, ports, guests, host, fdb)


def plugged_in(
    observed: Observed,
    ports: tuple[Plugged, ...],
    running: Sequence[Guest],
    host: Host,
    fdb: FdbRead = FdbRead.WHERE_NEEDED,
) -> tuple[Plugged, ...]:
    """The ports with the taps of their guests, then the other devices in the bridge, where libvirt made it: those in
    the host's own bridge are the host's. How a tap is set is read on a local host only.

    running: guests, those of the ports among them.
    """
    guests = _with_taps(ports, running)
    live = observed.live or {}
    bridge = (live.get("bridge") or {}).get("name")
    if host.remote or not bridge or not (is_virtual(live) or guests):
        return guests
    rest = list(read_bridge_ports(bridge, fdb))
    found = []
    for guest in guests:
        mine = next((item for item in rest if _is_tap_of(item, guest)), None)
        if mine is not None:
            rest.remove(mine)
        found.append(guest if mine is None else replace(guest, tap=mine[0]))
    if not is_virtual(live):
        return tuple(found)
    return (*found, *(Plugged(DEVICE, tap.name, mac=mac, tap=tap) for tap, mac in rest))


def read_with_plugged(conn: Any, host: Host, name: str) -> Observed:
    """A network with what is plugged in, and whether it has a bypass; nothing is plugged in where it does not run."""
    observed = read_network(conn, name)
    if not host.remote and sees_daemons(conn.getURI()):
        from .bypass import is_own_bypass

        observed = replace(observed, bypassed=is_own_bypass(name))
    if not observed.active:
        return observed
    observed = with_bridge_settings(observed, host)
    return replace(observed, plugged=read_plugged(conn, observed, host, FdbRead.ALWAYS))


def with_bridge_settings(observed: Observed, host: Host) -> Observed:
    """With what someone has set for the bridge of a network that runs."""
    if host.remote or observed.live is None:
        return observed
    from .bridge_settings import read_bridge_settings

    return replace(observed, bridge_settings=read_bridge_settings(observed.live))


def _with_taps(ports: tuple[Plugged, ...], guests: Sequence[Guest]) -> tuple[Plugged, ...]:
    """A port does not say which tap its NIC has; the guest does."""
    names = {nic.port: nic.target for guest in guests for nic in guest.nics if nic.port and nic.target}
    return tuple(replace(port, tap=BridgePort(str(names[port.port]))) if port.port in names else port for port in ports)


def _is_tap_of(item: tuple[BridgePort, str], guest: Plugged) -> bool:
    """By name; by address where this connection shows no guests: a tap has its guest's, beginning with fe."""
    tap, mac = item
    if guest.tap is not None:
        return guest.tap.name == tap.name
    return bool(guest.mac) and str(guest.mac)[2:].lower() == mac[2:].lower()
