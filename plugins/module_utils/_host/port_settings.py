# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of bridge ports that sysfs does not show or that are newer than this collection, and permanent entries of
forwarding tables."""

from __future__ import annotations

import socket
import struct
from typing import Optional

from .raw_netlink import dump_route, parse_attributes

# linux/rtnetlink.h, if_link.h
_GETLINK, _GETNEIGH = 18, 30
_LINKINFO, _SLAVE_KIND, _SLAVE_DATA = 18, 4, 5
# IFLA_BRPORT_*: what is state or in sysfs; and what means nothing for frames that are let through.
SYSFS_SETTINGS = frozenset((*range(1, 29), 30, 31, 32, 33, 38, 41))
_KNOWN = SYSFS_SETTINGS | {34, 35, 36, 37, 44}
# MAB is of ports that are locked.
_NAMES = {29: "vlan_tunnel", 39: "locked", 40: "locked", 42: "multicast_limit", 43: "neigh_vlan_suppress"}
# linux/neighbour.h: NUD_PERMANENT (the host's own), NTF_STICKY, NDA_LLADDR, NDA_MASTER
_PERMANENT, _STICKY, _ADDRESS, _MASTER = 0x80, 0x40, 2, 9


def read_port_settings() -> dict[int, dict[str, bool]]:
    """By the index of a port: what is set, by the names of link_kinds.USUAL, or as "attribute 45".

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    found = map(settings_of_port, dump_route(_GETLINK, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)))
    return {index: settings for index, settings in found if settings}


def read_bound_addresses() -> dict[int, set[str]]:
    """By the index of a port: MAC addresses that its bridge's forwarding table has there for good, in contrast to
    learned ones. A table may be long.

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    found: dict[int, set[str]] = {}
    for answer in dump_route(_GETNEIGH, struct.pack("=BBHiHBB", socket.AF_BRIDGE, 0, 0, 0, 0, 0, 0)):
        entry = bound_address_of(answer)
        if entry is not None:
            found.setdefault(entry[0], set()).add(entry[1])
    return found


def bound_address_of(answer: bytes) -> Optional[tuple[int, str]]:
    """Index of the port and MAC address; None of an entry that was learned, or is of no bridge."""
    index, state, flags = struct.unpack_from("=iHB", answer, 4)
    if not (state & _PERMANENT or flags & _STICKY):  # any other entry moves to the port by which its owner sends
        return None
    told = dict(parse_attributes(answer[12:]))
    return (index, told[_ADDRESS].hex(":")) if _ADDRESS in told and _MASTER in told else None


def settings_of_port(answer: bytes) -> tuple[int, dict[str, bool]]:
    """answer: of netlink, without its first header."""
    index, settings = parse_bridge_port(answer)
    return index, {
        _NAMES.get(number, f"attribute {number}"): True
        for number, value in settings or ()
        if number not in _KNOWN and any(value)
    }


def parse_bridge_port(answer: bytes) -> tuple[int, Optional[list[tuple[int, bytes]]]]:
    """Index of a link, and IFLA_BRPORT_* with their values, None of a link in no bridge. answer: of netlink, without
    its first header."""
    index = struct.unpack_from("=i", answer, 4)[0]
    info = dict(parse_attributes(answer[16:])).get(_LINKINFO, b"")
    inside = dict(parse_attributes(info))
    if not inside.get(_SLAVE_KIND, b"").startswith(b"bridge"):
        return index, None
    return index, list(parse_attributes(inside.get(_SLAVE_DATA, b"")))
