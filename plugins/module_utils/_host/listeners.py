# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP and UDP ports of this host that something listens on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Optional, Union

from .tables import read_optional_table

_PROC = "/proc/net"
# Their files, and the states (linux/net/tcp_states.h) of sockets that are bound and not connected.
_FILES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
_LISTENS = {"tcp": "0A", "udp": "07"}
_NAMES = {"localhost": "127.0.0.1", "": "0.0.0.0"}  # noqa: S104 - nothing listens there because of this

Address = Union[IPv4Address, IPv6Address]


@dataclass(frozen=True)
class Listener:
    protocol: str
    address: Address
    port: int


def read_listeners(proc: str = _PROC) -> tuple[Listener, ...]:
    found = []
    for protocol, names in _FILES.items():
        for name in names:
            for row in read_optional_table(os.path.join(proc, name))[1:]:
                if len(row) > 3 and row[3] == _LISTENS[protocol]:
                    address, _colon, port = row[1].rpartition(":")
                    found.append(Listener(protocol, _address(address), int(port, 16)))
    return tuple(found)


def _address(text: str) -> Address:
    """The kernel prints words of 32 bits as they lie in memory."""
    data = b"".join(bytes.fromhex(text[place : place + 8])[::-1] for place in range(0, len(text), 8))
    if len(data) == 4:
        return IPv4Address(data)
    found = IPv6Address(data)
    return found.ipv4_mapped or found


def is_free(there: Iterable[Listener], protocol: str, address: str, port: int) -> Optional[bool]:
    """Whether a program could listen there. None for an address that is a name."""
    own = _parsed(address)
    if own is None:
        return None
    taken = (one.address for one in there if (one.protocol, one.port) == (protocol, port))
    return not any(one.is_unspecified or own.is_unspecified or one == own for one in taken)


def answers(there: Iterable[Listener], protocol: str, address: str, port: int) -> Optional[bool]:
    """Whether a program listens there. None for an address that is not only this host's."""
    own = _parsed(address)
    if own is None or not own.is_loopback:
        return None
    taken = (one.address for one in there if (one.protocol, one.port) == (protocol, port))
    return any(one.is_unspecified or one == own for one in taken)


def _parsed(address: str) -> Optional[Address]:
    try:
        return ip_address(_NAMES.get(address, address))
    except ValueError:
        return None
