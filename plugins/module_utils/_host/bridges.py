# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a bridge can be made under a name, and making room for it."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Optional

from .._model.bridge_link import UNUSED, ObservedBridge, bridge_link_of
from .._model.bridge_state import BridgeState
from .._model.field import Document
from .._model.forward import is_virtual
from .bridge_ports import bridge_port_names, exists, is_up, read_setting
from .links import delete_link, netlink
from .tables import read_optional_table

_SYSFS = "/sys/class/net"
_SIOCGIFCONF = 0x8912  # linux/sockios.h; netdevice(7)
_IFREQ = struct.Struct("16s4x4s16x")  # name, and of a sockaddr_in the address
_IPV6_ADDRESSES = "/proc/net/if_inet6"


def read_bridge_link(live: Document, addresses: Mapping[str, Collection[str]]) -> str:
    """A word of bridge_link.py. live: a running network of this host; addresses: as read_addresses gives them."""
    name = (live.get("bridge") or {}).get("name")
    if not name or not is_virtual(live):
        return UNUSED
    return bridge_link_of(live, _seen(name, addresses.get(name, ())))


def _seen(name: str, addresses: Collection[str]) -> Optional[ObservedBridge]:
    try:
        up = is_up(name)
    except OSError:
        return None
    if not os.path.isdir(os.path.join(_SYSFS, name, "bridge")):
        return None
    return ObservedBridge(up, frozenset(addresses))


def read_addresses() -> dict[str, list[str]]:
    """The IP addresses of every link, by its name.

    Without pyroute2, which is slow to import: every run of every module asks.
    """
    found: dict[str, list[str]] = {}
    for name, address in (*_ipv4_addresses(), *_ipv6_addresses()):
        found.setdefault(name, []).append(address)
    return found


def _ipv4_addresses() -> list[tuple[str, str]]:
    space = 64 * _IFREQ.size
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        while True:
            buffer = array.array("B", bytes(space))
            answer = struct.pack("iL", space, buffer.buffer_info()[0])
            used = int(struct.unpack("iL", fcntl.ioctl(asked.fileno(), _SIOCGIFCONF, answer))[0])
            if used < space:
                break
            space *= 4  # it may have been cut
    # An address that ifconfig gave another label (virbr1:1) is the link's all the same.
    return [
        (os.fsdecode(label.partition(b"\0")[0].partition(b":")[0]), socket.inet_ntoa(address))
        for label, address in _IFREQ.iter_unpack(buffer.tobytes()[:used])
    ]


def _ipv6_addresses() -> list[tuple[str, str]]:
    rows = read_optional_table(_IPV6_ADDRESSES)
    return [(row[5], socket.inet_ntop(socket.AF_INET6, bytes.fromhex(row[0]))) for row in rows if len(row) > 5]


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
        file.write(str(int(value)))


def _stp_of(name: str) -> str:
    return os.path.join(_SYSFS, name, "bridge", "stp_state")


def is_name_taken(name: str, mac: Optional[str]) -> bool:
    """Whether the host has a link of this name, other than a bridge that the network's own dead daemon left.

    That one has the network's MAC address. Where the daemon died while it started the network, nothing is in it;
    where it died while it stopped it, the bridge is down, with all that was in it (networkShutdownNetworkVirtual).
    Starting a network whose bridge has the name of a link fails, and from some version on (seen on 11.3, not on 9.0)
    libvirt then removes that link.
    """
    if not exists(name):
        return False
    if mac is None or not os.path.isdir(os.path.join(_SYSFS, name, "bridge")):
        return True
    if bridge_port_names(name) and is_up(name):
        return True
    return read_setting(name, "address").lower() != mac.lower()


def remove_leftover(bridge: str, mac: str) -> None:
    """Remove a bridge that a dying daemon left; see is_taken. Nothing is done if it does not exist, or may belong to
    something else.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    if not exists(bridge) or is_name_taken(bridge, mac):
        return
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        with suppress(NetlinkError):
            delete_link(route, bridge)
