# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a NIC in a running network and is not plugged into it."""

from __future__ import annotations

from dataclasses import replace

from .._model.forward import is_virtual
from .._model.guest import Guest, Nic
from .._model.observed import Observed
from .._model.plugged import DEVICE, GUEST, Plugged
from .._model.tap import Tap
from .._xml.port import write_port
from .replug import bridge_of


def unplugged(now: Observed, before: tuple[Plugged, ...], guests: tuple[Guest, ...] | None) -> tuple[Plugged, ...]:
    """Of the guests that run, and of the devices that were in the bridge before.

    now: the network, with all that is plugged in. guests: None when this connection shows none, and then none of
    them counts as missing but those of before whose port is not there.
    """
    plugged = now.plugged or ()
    bridge = is_virtual(now.live or {})
    there = {port.port for port in plugged if not bridge or port.tap is None or port.tap.mtu is not None}
    devices = {port.name for port in plugged if port.kind == DEVICE}
    known = {port.port: port for port in before}
    missing = [port for port in before if port.kind == DEVICE and bridge and port.name not in devices]
    if guests is None:
        return (*missing, *(port for port in before if port.kind == GUEST and port.port not in there))
    missing += [
        known.get(nic.port) or _port(guest, nic, now)
        for guest in guests
        for nic in guest.nics
        if guest.running and nic.network == now.name and nic.port and nic.port not in there
    ]
    return tuple(missing)


def _port(guest: Guest, nic: Nic, now: Observed) -> Plugged:
    port = Plugged(
        GUEST,
        guest.name,
        mac=nic.mac,
        uuid=guest.uuid,
        portgroup=nic.portgroup,
        port=nic.port,
        member=nic.source if nic.actual == "direct" else None,
        tap=Tap(nic.target) if nic.target else None,
    )
    bridge = bridge_of(now.live or {})
    return replace(port, xml=write_port(port, mode=nic.mode or "", bridge=bridge))
