# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a bridge can be made under a name, and making room for it."""

from __future__ import annotations

import os
import socket
from typing import Optional

_SYSFS = "/sys/class/net"


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

    False when there is no such bridge, or it may be somebody else's.
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
