# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a network's bridge beyond its definition, and goes with it when the network stops."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_interface

from .._model.canonical import canonical
from .._model.field import Document
from .._model.network import NETWORK
from .bridge_ports import read_setting
from .bridges import read_addresses
from .port_netlink import read_fdb, read_port_netlink
from .raw_netlink import dump_route, parse_attributes

_SYSFS = "/sys/class/net"
_UPPER = "upper_"
# linux/rtnetlink.h, neighbour.h: requests, sizes of their headers, attributes
_GETROUTE, _GETNEIGH, _GETQDISC = 26, 30, 38
_ROUTE_SIZE, _NEIGHBOUR_SIZE, _QDISC_SIZE, _HOP_SIZE = 12, 12, 20, 8
_ROUTE_TO, _ROUTE_BY, _ROUTE_BY_SEVERAL, _NEIGHBOUR_ADDRESS, _QDISC_KIND = 1, 4, 9, 1, 1
# RTPROT_KERNEL, RTPROT_RA; RTN_LOCAL, _BROADCAST, _ANYCAST, _MULTICAST
_BY_KERNEL, _HOSTS_OWN = (2, 9), (2, 3, 4, 5)
# The address of a default route, which the kernel leaves out.
_UNSPECIFIED = {socket.AF_INET: bytes(4), socket.AF_INET6: bytes(16)}
_NUD_PERMANENT = 0x80
_NO_QDISC = {"", "noqueue", "noop"}


def read_bridge_losses(bridge: str, live: Document) -> tuple[str, ...]:
    """live: the running network of this bridge. Raises VirtfleetError LINKS_UNREADABLE."""
    found = (*_uppers(bridge), *_foreign_addresses(bridge, live), *_table_entries(bridge), *_of_link(bridge, live))
    return tuple(dict.fromkeys(found))


def _uppers(bridge: str) -> Iterator[str]:
    """The kernel removes them with the bridge, or takes it out of them."""
    for name in sorted(os.listdir(os.path.join(_SYSFS, bridge))):
        if name.startswith(_UPPER):
            yield f"device {name[len(_UPPER) :]} on top of it"


def _foreign_addresses(bridge: str, live: Document) -> Iterator[str]:
    own = {str(ip.get("address")) for ip in canonical(NETWORK, {"ips": live.get("ips") or []}).get("ips", ())}
    for address in read_addresses().get(bridge, ()):
        if address not in own and not address.startswith("fe80:"):
            yield f"address {address}"


def _table_entries(bridge: str) -> Iterator[str]:
    """Those that lead to the host, less the bridge's own."""
    index = socket.if_nametoindex(bridge)
    mac = read_setting(bridge, "address")
    if any(entry.index == index and entry.is_set and entry.mac != mac for entry in read_fdb()):
        yield "forwarding table entries"
    if index in (told := read_port_netlink()) and told[index].groups:
        yield "multicast groups"


def _of_link(bridge: str, live: Document) -> Iterator[str]:
    """Read without pyroute2, which a restart of a network without guests does not need."""
    index = socket.if_nametoindex(bridge)
    defined = _defined_routes(live)
    for answer in dump_route(_GETROUTE, bytes(_ROUTE_SIZE)):
        network = network_of_route(answer, index)
        if network and network not in defined:
            yield f"route {network}"
    for answer in dump_route(_GETNEIGH, bytes(_NEIGHBOUR_SIZE)):
        neighbour = permanent_neighbour_of(answer, index)
        if neighbour:
            yield f"permanent neighbour {neighbour}"
    kinds = {kind_of_qdisc(answer, index) for answer in dump_route(_GETQDISC, bytes(_QDISC_SIZE))}
    if kinds - _NO_QDISC and not live.get("bandwidth"):
        yield "tc"


def network_of_route(answer: bytes, index: int) -> str:
    """The network that it leads to by the link of this index, as "10.0.0.0/8"; empty for another link, and for a route
    that the kernel made."""
    family, length, _source, _tos, _table, protocol, _scope, kind = struct.unpack_from("=8B", answer)
    told = dict(parse_attributes(answer[_ROUTE_SIZE:]))
    if protocol in _BY_KERNEL or kind in _HOSTS_OWN or family not in _UNSPECIFIED or index not in _links_of(told):
        return ""
    return f"{ip_address(told.get(_ROUTE_TO, _UNSPECIFIED[family]))}/{length}"


def _links_of(told: Mapping[int, bytes]) -> set[int]:
    """By index. told: attributes of a route."""
    found = {struct.unpack_from("=i", told[_ROUTE_BY])[0]} if _ROUTE_BY in told else set()
    hops = told.get(_ROUTE_BY_SEVERAL, b"")
    while len(hops) >= _HOP_SIZE:
        size, _flags, _weight, index = struct.unpack_from("=HBBi", hops)
        found.add(index)
        if size < _HOP_SIZE:
            break
        hops = hops[(size + 3) & ~3 :]
    return found


def permanent_neighbour_of(answer: bytes, index: int) -> str:
    """Its address, of the link of this index; empty for others, and for entries of bridges."""
    family, of, state = struct.unpack_from("=BxxxiH", answer)
    address = dict(parse_attributes(answer[_NEIGHBOUR_SIZE:])).get(_NEIGHBOUR_ADDRESS)
    is_set = family in _UNSPECIFIED and of == index and bool(state & _NUD_PERMANENT)
    return str(ip_address(address)) if is_set and address else ""


def kind_of_qdisc(answer: bytes, index: int) -> str:
    """Empty for that of another link."""
    kind = dict(parse_attributes(answer[_QDISC_SIZE:])).get(_QDISC_KIND, b"")
    return kind.rstrip(b"\0").decode("ascii", "replace") if struct.unpack_from("=Bxxxi", answer)[1] == index else ""


def _defined_routes(live: Document) -> set[str]:
    routes = canonical(NETWORK, {"routes": live.get("routes") or []}).get("routes", ())
    return {str(ip_interface(f"{route['address']}/{route.get('prefix', 0)}").network) for route in routes}
