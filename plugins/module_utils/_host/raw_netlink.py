# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink without pyroute2, which ignores attributes that it does not know and is slow with long tables.

Callers pack the body of a request; answers are returned without the netlink header.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

from .._model.errors import VirtfleetError

# linux/netlink.h
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
NESTED = 0x8000
_REQUEST_ACK, _DUMP, _ERROR, _DONE = 0x005, 0x301, 2, 3
_TYPE = 0x3FFF  # without the flags of nested attributes
# NLM_F_DUMP_INTR: the table changed while the kernel sent it, so entries may be missing.
_INTERRUPTED, _ATTEMPTS = 0x10, 5
_HEADER, _SECONDS = 16, 5


def dump_route(kind: int, body: bytes) -> list[bytes]:
    """All links, routes, neighbours, ...; empty if the kernel does not support them.

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    try:
        return request_dump(NETLINK_ROUTE, kind, body)
    except (OSError, struct.error) as error:
        if isinstance(error, OSError) and error.errno == errno.EOPNOTSUPP:
            return []
        raise VirtfleetError("LINKS_UNREADABLE", f"The links of this host cannot be read: {error}.") from None


def request_dump(protocol: int, kind: int, body: bytes) -> list[bytes]:
    """All entries of a kernel table. Raises OSError, and struct.error for a malformed answer."""
    for _attempt in range(_ATTEMPTS - 1):
        answers, is_whole = _dump(protocol, kind, body)
        if is_whole:
            return answers
    return _dump(protocol, kind, body)[0]


def request_change(kind: int, flags: int, body: bytes) -> None:
    """Changes a link or a table of links. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as asked:
        asked.settimeout(_SECONDS)
        asked.send(_pack_request(kind, _REQUEST_ACK | flags, body))
        answer = asked.recv(1 << 16)
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR:
        raise_error_of(answer[_HEADER:])


def _dump(protocol: int, kind: int, body: bytes) -> tuple[list[bytes], bool]:
    """The answers, and whether nothing changed meanwhile."""
    answers: list[bytes] = []
    is_whole = True
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as asked:
        asked.settimeout(_SECONDS)
        asked.send(_pack_request(kind, _DUMP, body))
        while True:
            data, place = asked.recv(1 << 17), 0
            while place < len(data):
                size, form, flags = struct.unpack_from("=IHH", data, place)
                is_whole = is_whole and not flags & _INTERRUPTED
                if form in (_DONE, _ERROR):
                    raise_error_of(data[place + _HEADER : place + size])
                    return answers, is_whole
                if size < _HEADER:
                    raise struct.error("a message without an end")
                answers.append(data[place + _HEADER : place + size])
                place += (size + 3) & ~3


def _pack_request(kind: int, flags: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", _HEADER + len(body), kind, flags, 1, 0) + body


def raise_error_of(answer: bytes) -> None:
    """answer: the message with which the kernel ends its answer. Raises OSError."""
    code = struct.unpack_from("=i", answer)[0] if len(answer) >= 4 else 0
    if code < 0:
        raise OSError(-code, os.strerror(-code))


def parse_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and value of each attribute."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            return
        yield kind & _TYPE, data[4:size]
        data = data[(size + 3) & ~3 :]


def pack_attribute(kind: int, value: bytes) -> bytes:
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(-size % 4)
