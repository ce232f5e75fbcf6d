# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having libvirt move running guests' NICs to their network's bridge of another name.

libvirt plugs a NIC in again when it is updated with its own definition and its network has another bridge by now
(qemuDomainChangeNet); it then keeps the new name with the guest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .._model.errors import VirtfleetError
from .._model.plugged import Plugged
from .._xml.guest import find_interface, find_place, read_recorded_bridge
from .bridge_ports import exists, master_of
from .connection import is_remote, libvirt
from .links import netlink
from .plug_in import TapMove, attach_by, unplug_tap, without_stp
from .ports import is_running


def move_nics(conn: Any, ports: Sequence[Plugged], bridge: str) -> dict[str, TapMove]:
    """When each tap came into the bridge, by name. Guests that are gone, and NICs that are there already, are left
    out.

    Raises VirtfleetError LIBVIRT_REFUSED with all that could not be moved, or what attach() of plug_in.py raises.
    """
    lost: list[str] = []
    done: dict[str, TapMove] = {}
    if is_remote(conn.getURI()):
        # Links of these names on this host are others.
        for port in ports:
            _update(conn, port, _outdated(conn, port, bridge, lost), lost)
    else:
        taps = [port.tap.name for port in ports if port.tap is not None]
        with netlink() as route, without_stp(bridge, [name for name in taps if exists(name)]):
            for port in ports:
                if port.tap is not None:
                    done.update(_moved(conn, route, port, bridge, lost))
    if lost:
        raise VirtfleetError("LIBVIRT_REFUSED", f"libvirt refused to move NICs to bridge {bridge}: {', '.join(lost)}.")
    return done


def _moved(conn: Any, route: Any, port: Plugged, bridge: str, lost: list[str]) -> dict[str, TapMove]:
    tap = port.tap
    if tap is None:
        return {}
    left, out = master_of(tap.name), None
    if left != bridge and exists(tap.name):
        outdated = _outdated(conn, port, bridge, lost)
        if outdated:
            out = time.monotonic() if left is not None else None
            unplug_tap(route, tap)
            _update(conn, port, outdated, lost)
    done = attach_by(route, bridge, [tap])
    return {name: span if out is None else TapMove(out, span.back) for name, span in done.items()}


def _outdated(conn: Any, port: Plugged, bridge: str, lost: list[str]) -> str:
    """The definition of a NIC for which libvirt has a bridge of another name; empty where its tap only has to be
    attached, and its port is put back under its old UUID."""
    try:
        domain = conn.lookupByUUIDString(port.uuid)
        live, mac = domain.XMLDesc(0), str(port.mac)
        place = 0 if port.tap is None else find_place(live, mac, port.tap.name)
        if read_recorded_bridge(live, mac, place) == bridge:
            return ""
        return find_interface(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE), mac, place) or ""
    except libvirt.libvirtError as error:
        _note(conn, port, error, lost)
        return ""


def _update(conn: Any, port: Plugged, definition: str, lost: list[str]) -> None:
    """lost: gets those that libvirt does not move."""
    if not definition:
        return
    try:
        conn.lookupByUUIDString(port.uuid).updateDeviceFlags(definition, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError as error:
        _note(conn, port, error, lost)


def _note(conn: Any, port: Plugged, error: Exception, lost: list[str]) -> None:
    if is_running(conn, port.uuid):
        lost.append(f"{port} ({error})")
