# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of ports of Linux bridges that sysfs does not show, those that are newer than this collection, and what was
set in forwarding tables.

Read without pyroute2, which passes over attributes that it does not know, and takes long for long tables.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from typing import Optional

from .._model.errors import VirtfleetError

# linux/netlink.h, rtnetlink.h, if_link.h
_NETLINK_ROUTE, _GETLINK, _GETNEIGH, _DUMP, _DONE, _ERROR = 0, 18, 30, 0x301, 3, 2
_LINKINFO, _SLAVE_KIND, _SLAVE_DATA = 18, 4, 5
_TYPE = 0x3FFF  # without the flags of nested attributes
# IFLA_BRPORT_*: what is state or in sysfs; and what means nothing for frames that are let through.
SYSFS_SETTINGS = frozenset((*range(1, 29), 30, 31, 32, 33, 38, 41))
_KNOWN = SYSFS_SETTINGS | {34, 35, 36, 37, 44}
# MAB is of ports that are locked.
_NAMES = {29: "vlan_tunnel", 39: "locked", 40: "locked", 42: "multicast_limit", 43: "neigh_vlan_suppress"}
# linux/neighbour.h: NUD_PERMANENT (the host's own), NTF_STICKY, NDA_LLADDR, NDA_MASTER
_PERMANENT, _STICKY, _ADDRESS, _MASTER = 0x80, 0x40, 2, 9
_SECONDS = 5
# NLM_F_DUMP_INTR: a link came or went while the kernel answered, so that one may be missing.
_INTERRUPTED, _ATTEMPTS = 0x10, 5


def read_port_settings() -> dict[int, dict[str, bool]]:
    """By the index of a port: what is set, by the names of link_kinds.USUAL, or as "attribute 45".

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    found = map(settings_of_port, dump_of(_GETLINK, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)))
    return {index: settings for index, settings in found if settings}


def read_bound_addresses() -> dict[int, set[str]]:
    """By the index of a port: MAC addresses that its bridge's forwarding table has there for good, in contrast to
    learned ones. A table may be long.

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    found: dict[int, set[str]] = {}
    for answer in dump_of(_GETNEIGH, struct.pack("=BBHiHBB", socket.AF_BRIDGE, 0, 0, 0, 0, 0, 0)):
        entry = bound_address_of(answer)
        if entry is not None:
            found.setdefault(entry[0], set()).add(entry[1])
    return found


def bound_address_of(answer: bytes) -> Optional[tuple[int, str]]:
    """Index of the port and MAC address; None of an entry that was learned, or is of no bridge."""
    index, state, flags = struct.unpack_from("=iHB", answer, 4)
    if not (state & _PERMANENT or flags & _STICKY):  # any other entry moves to the port by which its owner sends
        return None
    told = dict(attributes_of(answer[12:]))
    return (index, told[_ADDRESS].hex(":")) if _ADDRESS in told and _MASTER in told else None


def dump_of(kind: int, body: bytes) -> list[bytes]:
    """The kernel's answers, without their first header; none of a kernel without what is asked for.

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    try:
        for _attempt in range(_ATTEMPTS - 1):
            answers, is_whole = _dump(kind, body)
            if is_whole:
                return answers
        return _dump(kind, body)[0]
    except (OSError, struct.error) as error:
        if isinstance(error, OSError) and error.errno == errno.EOPNOTSUPP:
            return []
        raise VirtfleetError("LINKS_UNREADABLE", f"The links of this host cannot be read: {error}.") from None


def _dump(kind: int, body: bytes) -> tuple[list[bytes], bool]:
    """The answers, and whether nothing changed meanwhile."""
    answers: list[bytes] = []
    is_whole = True
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as asked:
        asked.settimeout(_SECONDS)
        asked.send(struct.pack("=IHHII", 16 + len(body), kind, _DUMP, 1, 0) + body)
        while True:
            data, place = asked.recv(1 << 17), 0
            while place < len(data):
                size, form, flags = struct.unpack_from("=IHH", data, place)
                is_whole = is_whole and not flags & _INTERRUPTED
                if form in (_DONE, _ERROR):
                    raise_error_of(data[place + 16 : place + size])
                    return answers, is_whole
                if size < 16:
                    raise struct.error("a message without an end")
                answers.append(data[place + 16 : place + size])
                place += (size + 3) & ~3


def raise_error_of(answer: bytes) -> None:
    """answer: of the kernel when it is done, without its first header. Raises OSError."""
    code = struct.unpack_from("=i", answer)[0] if len(answer) >= 4 else 0
    if code < 0:
        raise OSError(-code, os.strerror(-code))


def settings_of_port(answer: bytes) -> tuple[int, dict[str, bool]]:
    """answer: of netlink, without its first header."""
    index, settings = bridge_port_attributes(answer)
    return index, {
        _NAMES.get(number, f"attribute {number}"): True
        for number, value in settings or ()
        if number not in _KNOWN and any(value)
    }


def bridge_port_attributes(answer: bytes) -> tuple[int, Optional[list[tuple[int, bytes]]]]:
    """Index of a link, and IFLA_BRPORT_* with their values, None of a link in no bridge. answer: of netlink, without
    its first header."""
    index = struct.unpack_from("=i", answer, 4)[0]
    info = dict(attributes_of(answer[16:])).get(_LINKINFO, b"")
    inside = dict(attributes_of(info))
    if not inside.get(_SLAVE_KIND, b"").startswith(b"bridge"):
        return index, None
    return index, list(attributes_of(inside.get(_SLAVE_DATA, b"")))


def attributes_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Of a netlink message."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            return
        yield kind & _TYPE, data[4:size]
        data = data[(size + 3) & ~3 :]
