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
from .._xml.guest import interface_with, recorded_bridge
from .bridge_ports import attach, master_of, without_stp
from .connection import is_remote, libvirt
from .ports import is_running


def move_nics(conn: Any, ports: Sequence[Plugged], bridge: str) -> dict[str, float]:
    """When each tap came into the bridge (time.monotonic), by name. Guests that are gone, and NICs that are there
    already, are left out.

    Raises VirtfleetError PORTS_LOST with all that could not be moved, or what attach raises.
    """
    if is_remote(conn.getURI()):
        # Links of these names on this host are others.
        return _updated(conn, ports, bridge)
    with without_stp(bridge):
        away = [port for port in ports if port.tap is not None and master_of(port.tap.name) != bridge]
        done = _updated(conn, away, bridge)
        return {**attach(bridge, [port.tap for port in ports if port.tap is not None]), **done}


def _updated(conn: Any, ports: Sequence[Plugged], bridge: str) -> dict[str, float]:
    done: dict[str, float] = {}
    lost = []
    for port in ports:
        if port.tap is None:
            continue
        try:
            domain = conn.lookupByUUIDString(port.uuid)
            if recorded_bridge(domain.XMLDesc(0), str(port.mac)) == bridge:
                continue  # its tap is attached, and its port is put back under its old UUID
            found = interface_with(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE), str(port.mac))
            if found is not None:
                domain.updateDeviceFlags(found, libvirt.VIR_DOMAIN_AFFECT_LIVE)
                done[port.tap.name] = time.monotonic()
        except libvirt.libvirtError as error:
            if is_running(conn, port.uuid):
                lost.append(f"{port} ({error.get_error_message()})")
    if lost:
        raise VirtfleetError("PORTS_LOST", f"These NICs could not be moved to bridge {bridge}: {', '.join(lost)}.")
    return done
