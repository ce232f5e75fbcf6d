# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests whose taps are in no bridge, or in one that is of no use: someone deleted it, took the tap out, or stopped
and started the network, or its stop was interrupted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._model.bypass import bypass_of
from .._model.forward import is_virtual
from .._model.host import Host
from .._model.observed import Observed
from .._plan.replug import bridge_of, plug_of
from .._plan.unplugged import with_unplugged
from .bridge_ports import exists, master_of
from .bridges import is_name_taken
from .connection import sees_daemons
from .guests import read_guests
from .plugged import read_plugged

_SYSFS = "/sys/class/net"
_IFF_TAP = 0x2  # linux/if_tun.h


def read_unplugged(conn: Any, host: Host, networks: Iterable[Observed]) -> dict[str, Observed]:
    """Those of the networks that lack guests, by name, with all that is plugged in; hardly ever any.

    Guests are read only where the host has a tap that is in no bridge.
    Raises VirtfleetError DAEMON_LOST, DAEMON_SILENT, DAEMON_UNREACHABLE or LIBVIRT_REFUSED.
    """
    if host.remote or not sees_daemons(conn.getURI()):
        return {}
    bridged = [seen for seen in networks if _has_bridge(seen)]
    if not bridged or not _loose_taps(bridged):
        return {}
    guests = read_guests(conn) or ()
    loose = _loose_taps(bridged)  # without the tap of a guest that was just starting
    lacking = {nic.network for guest in guests if guest.running for nic in guest.nics if nic.target in loose}
    found = (
        with_unplugged(replace(seen, plugged=read_plugged(conn, seen, host) if seen.active else ()), guests, loose)
        for seen in bridged
        if seen.name in lacking
    )
    return {seen.name: seen for seen in found if seen.unplugged}


def _has_bridge(seen: Observed) -> bool:
    """Or libvirt makes it, at a start of the network."""
    runs = seen.definition
    if plug_of(runs) != "tap":
        return False
    return is_virtual(runs) or os.path.isdir(os.path.join(_SYSFS, bridge_of(runs), "bridge"))


def _loose_taps(networks: Iterable[Observed]) -> set[str]:
    try:
        names = os.listdir(_SYSFS)
    except OSError:
        return set()
    left = {bridge for seen in networks for bridge in _left_bridges(seen)}
    return {name for name in names if _is_tap(name) and master_of(name) in (None, *left)}


def _left_bridges(seen: Observed) -> list[str]:
    """What an interrupted stop of a network left: a start removes the one, and guests do not stay in the other."""
    document = seen.definition
    if seen.active or not is_virtual(document):
        return []
    bridge, bypass = bridge_of(document), bypass_of(seen.name)
    own = [bridge] if exists(bridge) and not is_name_taken(bridge, document.get("mac")) else []
    return [*own, bypass] if exists(bypass) else own


def _is_tap(name: str) -> bool:
    try:
        with open(os.path.join(_SYSFS, name, "tun_flags"), encoding="ascii") as flags:
            return bool(int(flags.read(), 16) & _IFF_TAP)
    except (OSError, ValueError):  # no tap, or gone meanwhile
        return False
