# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a bridge can be made under a name, and making room for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Optional

from .._model.bridge_state import BridgeState

_SYSFS = "/sys/class/net"


def read_bridges(names: Iterable[str]) -> tuple[BridgeState, ...]:
    """Those that there are."""
    found = []
    for name in names:
        # A name that none has (yet) is left out.
        with suppress(OSError), open(_stp_of(name), encoding="ascii") as file:
            found.append(BridgeState(name, socket.if_nametoindex(name), file.read().strip() != "0"))
    return tuple(found)


def set_stp(name: str, value: bool) -> None:
    """Raises OSError."""
    with open(_stp_of(name), "w", encoding="ascii") as file:
        file.write("1" if value else "0")


def _stp_of(name: str) -> str:
    return os.path.join(_SYSFS, name, "bridge", "stp_state")


def is_taken(name: str, mac: Optional[str]) -> bool:
    """Whether the host has a link of this name, other than a bridge that the network's own dead daemon left.

    That one has the network's MAC address and nothing in it. Starting a network whose bridge has the name of a
    link fails, and from some version on (seen on 11.3, not on 9.0) libvirt then removes that link.
    """
    link = os.path.join(_SYSFS, name)
    if not os.path.exists(link):
        return False
    ports = os.path.join(link, "brif")
    if mac is None or not os.path.isdir(ports) or os.listdir(ports):
        return True
    with open(os.path.join(link, "address"), encoding="ascii") as address:
        return address.read().strip().lower() != mac.lower()


def remove_leftover(bridge: str, mac: str) -> bool:
    """Remove a bridge that a dying daemon left: of this name, with this MAC address, and with nothing in it.

    False when the bridge does not exist, or may belong to something else.
    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    if not os.path.exists(os.path.join(_SYSFS, bridge)) or is_taken(bridge, mac):
        return False
    from .links import netlink

    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            route.link("del", index=socket.if_nametoindex(bridge))
        except NetlinkError:
            return False
    return True
