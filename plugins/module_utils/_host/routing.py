# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which links a host sends packets on, and where it passes none on: routes, rules of routing, neighbours, policies
of IPsec, sysctls."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from .links import netlink
from .programs import output_of
from .tables import read_optional_table

_PROC = "/proc"
_SYS = "/sys"
# linux/route.h, linux/ipv6_route.h
_UP, _GATEWAY, _REJECT, _LOCAL, _ANYCAST = 0x1, 0x2, 0x200, 0x80000000, 0x100000
# Documentation/networking/ip-sysctl.rst; linux/if.h
_NEVER, _NOARP = "8", 0x80
NOARP_COMMAND = "ip link set arp off"
# Rules that every host has: local, main, default.
_NOWHERE = "*"
_USUAL_RULES = (0, 32766, 32767)
_FAMILIES = {"ipv4": 2, "ipv6": 10}
# linux/rtnetlink.h: RT_TABLE_LOCAL, RTN_LOCAL
_LOCAL_TABLE, _LOCAL_TYPE = 255, 2
_PERMANENT = 0x80  # linux/neighbour.h: NUD_PERMANENT
_SECONDS = 10
# linux/rtnetlink.h: the tables default, main and local, which every host has
_USUAL_TABLES = (0, 253, 254, 255)
_UNICAST = 1


@dataclass
class Routes:
    """default: the links of the default route that is preferred; others: further networks that are reached through a
    gateway, each with its link; links: that lead to any network; rules: those of routing beside the usual ones;
    rejected: networks to which no packets are sent; all: networks with the link that each is reached by, * for none."""

    default: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    all: list[tuple[str, str]] = field(default_factory=list)


def read_routes(proc: str = _PROC) -> dict[str, Routes]:
    """By family. Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
    found = {"ipv4": _routes(_ipv4(proc)), "ipv6": _routes(_ipv6(proc))}
    with netlink() as route:
        for family, number in _FAMILIES.items():
            rules = [message for message in route.get_rules(family=number) if not _is_usual(message)]
            tables = {_table_of(message) for message in rules} - {*_USUAL_TABLES}
            kept = {table: _told(route.get_routes(family=number, table=table)) for table in sorted(tables)}
            found[family].rules = sorted(_rule(message, kept.get(_table_of(message), "")) for message in rules)
    return found


def _is_usual(message: Any) -> bool:
    return (message.get_attr("FRA_PRIORITY") or 0) in _USUAL_RULES


def _table_of(rule: Any) -> int:
    return int(rule.get_attr("FRA_TABLE") or rule["table"])


def _told(routes: Iterable[Any]) -> str:
    """The networks in a table of routes, and which of them are not reached."""
    found = {
        f"{route.get_attr('RTA_DST') or 'default'}/{route['dst_len']}" + (" *" if route["type"] != _UNICAST else "")
        for route in routes
    }
    return ", ".join(sorted(found)) or "nothing"


def _rule(message: Any, table: str) -> str:
    """Its selectors, without what they are compared with by the kernel, and what is in the table that it selects."""
    said = {name[4:].lower(): value for name, value in message["attrs"] if name.startswith("FRA_")}
    said.pop("protocol", None)
    words = " ".join(f"{name} {value}" for name, value in sorted(said.items()))
    return f"{words} ({table})" if table else words


def _routes(lines: Iterable[tuple[str, int, str, int, bool]]) -> Routes:
    """lines: address, prefix, link, metric, whether through a gateway."""
    routes, best = Routes(), 1 << 32
    for address, prefix, link, metric, gateway in lines:
        routes.all.append((f"{address}/{prefix}", link))
        if link not in (*routes.links, _NOWHERE):
            routes.links.append(link)
        if prefix == 0:
            if metric < best:
                routes.default, best = [], metric
            if metric == best and link not in (*routes.default, _NOWHERE):
                routes.default.append(link)
        elif link == _NOWHERE:
            routes.rejected.append(f"{address}/{prefix}")
        elif gateway or prefix == (32 if "." in address else 128):
            routes.others.setdefault(f"{address}/{prefix}", link)
    return routes


def _ipv4(proc: str) -> Iterable[tuple[str, int, str, int, bool]]:
    for words in read_optional_table(os.path.join(proc, "net", "route"))[1:]:
        flags = int(words[3], 16)
        if flags & _UP:
            # The kernel prints them as they lie in memory.
            address, mask = (int.from_bytes(bytes.fromhex(words[place]), "little") for place in (1, 7))
            link = _NOWHERE if flags & _REJECT else words[0]
            yield str(IPv4Address(address)), bin(mask).count("1"), link, int(words[6]), bool(flags & _GATEWAY)


def _ipv6(proc: str) -> Iterable[tuple[str, int, str, int, bool]]:
    for words in read_optional_table(os.path.join(proc, "net", "ipv6_route")):
        flags, link = int(words[8], 16), words[9]
        address = IPv6Address(int(words[0], 16))
        if flags & _REJECT:
            link = _NOWHERE
        elif not flags & _UP or flags & (_LOCAL | _ANYCAST) or link == "lo":
            continue
        if not (address.is_link_local or address.is_multicast):
            yield str(address), int(words[1], 16), link, int(words[5], 16), bool(flags & _GATEWAY)


def read_local_addresses() -> set[str]:
    """Of IPv4, to which packets go to the host itself; those of IPv6 get there only once they are known as unique.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    with netlink() as route:
        messages = list(route.get_routes(family=_FAMILIES["ipv4"], table=_LOCAL_TABLE))
    return {str(one.get_attr("RTA_DST")) for one in messages if one["type"] == _LOCAL_TYPE}


def bound_neighbours() -> dict[int, list[str]]:
    """By the index of a link, the addresses that the host never asks for, with where it sends their packets.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    found: dict[int, list[str]] = {}
    with netlink() as route:
        for family in _FAMILIES.values():
            for message in route.get_neighbours(family=family):
                address = message.get_attr("NDA_DST")
                if message["state"] & _PERMANENT and address and not ip_address(address).is_multicast:
                    found.setdefault(int(message["ifindex"]), []).append(
                        f"{address} always at {message.get_attr('NDA_LLADDR')} (ip neigh)"
                    )
    return found


def read_ipsec_policies() -> str:
    """As `ip -oneline xfrm policy` shows them; nothing where the kernel has no IPsec."""
    return output_of(["ip", "-oneline", "xfrm", "policy"], _SECONDS) or ""


def links_that_pass_nothing_on(proc: str = _PROC) -> list[str]:
    """IPv4 packets that come in by these go no further, whatever the host does in general."""
    directories = glob.glob(os.path.join(proc, "sys", "net", "ipv4", "conf", "*"))
    return sorted(os.path.basename(one) for one in directories if _read(os.path.join(one, "forwarding")) == "0")


def links_without_arp(proc: str = _PROC, sys: str = _SYS) -> dict[str, str]:
    """Links on which the host does not answer ARP, with the setting that keeps it from that."""
    conf = os.path.join(proc, "sys", "net", "ipv4", "conf")
    everywhere = _read(os.path.join(conf, "all", "arp_ignore"))
    found = {}
    for directory in glob.glob(os.path.join(conf, "*")):
        name = os.path.basename(directory)
        if _NEVER in (everywhere, _read(os.path.join(directory, "arp_ignore"))):
            found[name] = f"net.ipv4.conf.{name}.arp_ignore={_NEVER}"
        elif has_noarp(name, sys):
            found[name] = NOARP_COMMAND
    return found


def has_noarp(name: str, sys: str = _SYS) -> bool:
    """Whether the host does not look for neighbours on this link, for both IPv4 and IPv6."""
    flags = _read(os.path.join(sys, "class", "net", name, "flags"))
    return bool(flags) and bool(int(flags, 16) & _NOARP)


def bridged_packets_seen(bridges: Iterable[str], proc: str = _PROC, sys: str = _SYS) -> dict[str, list[str]]:
    """By bridge, the families of which the firewall sees what stays in the bridge (br_netfilter)."""
    files = {"ipv4": "iptables", "ipv6": "ip6tables"}
    everywhere = {
        family: _read(os.path.join(proc, "sys", "net", "bridge", f"bridge-nf-call-{name}")) == "1"
        for family, name in files.items()
    }
    own = {bridge: os.path.join(sys, "class", "net", bridge, "bridge") for bridge in bridges}
    return {
        bridge: [
            family
            for family, name in files.items()
            if everywhere[family] or _read(os.path.join(directory, f"nf_call_{name}")) == "1"
        ]
        for bridge, directory in own.items()
    }


def _read(path: str) -> str:
    with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().strip()
    return ""
