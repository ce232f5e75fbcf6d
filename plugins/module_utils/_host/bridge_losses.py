# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a network's bridge beyond its definition, and goes with it when the network stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Any

from .._model.canonical import canonical
from .._model.field import Document
from .._model.network import NETWORK
from .bridge_ports import read_setting
from .bridges import read_addresses
from .links import netlink
from .port_netlink import read_fdb, read_port_netlink

_SYSFS = "/sys/class/net"
_UPPER = "upper_"
_UPPER = "upper_"
# linux/rtnetlink.h: RTPROT_KERNEL, RTPROT_RA; RTN_LOCAL, _BROADCAST, _ANYCAST, _MULTICAST
_BY_KERNEL, _HOSTS_OWN = (2, 9), (2, 3, 4, 5)
# The address of a default route, which the kernel leaves out.
_UNSPECIFIED = {socket.AF_INET: str(IPv4Address(0)), socket.AF_INET6: str(IPv6Address(0))}
_NUD_PERMANENT = 0x80  # linux/neighbour.h
_NO_QDISC = {"noqueue", "noop"}


def read_bridge_losses(bridge: str, live: Document) -> tuple[str, ...]:
    """live: the running network of this bridge. Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
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
    index = socket.if_nametoindex(bridge)
    with netlink() as route:
        families = (socket.AF_INET, socket.AF_INET6)
        routes = [message for family in families for message in route.get_routes(family=family)]
        neighbours = [message for family in families for message in route.get_neighbours(family=family)]
        qdiscs = [message for message in route.get_qdiscs() if message["index"] == index]
    defined = _defined_routes(live)
    for network in (_network_of(message) for message in routes if index in _links_of(message)):
        if network and network not in defined:
            yield f"route {network}"
    for message in neighbours:
        if message["ifindex"] == index and message["state"] & _NUD_PERMANENT:
            yield f"permanent neighbour {message.get_attr('NDA_DST')}"
    if {message.get_attr("TCA_KIND") for message in qdiscs} - _NO_QDISC and not live.get("bandwidth"):
        yield "tc"


def _links_of(route: Any) -> set[int]:
    """By index."""
    return {route.get_attr("RTA_OIF"), *(hop["oif"] for hop in route.get_attr("RTA_MULTIPATH") or ())}


def _network_of(message: Any) -> str:
    """The network that it leads to, as "10.0.0.0/8"; empty for one that the kernel made."""
    if message["proto"] in _BY_KERNEL or message["type"] in _HOSTS_OWN:
        return ""
    address = message.get_attr("RTA_DST") or _UNSPECIFIED[message["family"]]
    return f"{address}/{message['dst_len']}"


def _defined_routes(live: Document) -> set[str]:
    routes = canonical(NETWORK, {"routes": live.get("routes") or []}).get("routes", ())
    return {str(ip_interface(f"{route['address']}/{route.get('prefix', 0)}").network) for route in routes}
