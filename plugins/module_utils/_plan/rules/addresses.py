# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, subnets, DHCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..._model import address
from ..._model.errors import Problem
from ..._model.field import Document
from .values import lease

# What libvirt hands out at most in one range (virSocketAddrGetRange).
RANGE_ADDRESSES = 65535


def addresses(document: Document) -> Iterator[Problem]:
    """document: as declared or observed, not canonical (a netmask is judged as written)."""
    served: dict[int, str] = {}
    for item in document.get("ips") or ():
        where = f"ips {item.get('address')}"
        problem = _address(where, item)
        if problem:
            yield problem
            continue
        bits = len(address.packed(item["address"]) or b"") * 8
        dhcp = item.get("dhcp") or {}
        if dhcp.get("ranges") or dhcp.get("hosts"):
            if bits in served:
                yield Problem(
                    "DHCP_TWICE", f"{where} and {served[bits]} both have dhcp; one address of a family can serve it."
                )
            served[bits] = where
        yield from _dhcp(where, item, dhcp)
    subnets = [subnet_of(item) for item in document.get("ips") or ()]
    for item in document.get("routes") or ():
        where = f"routes {item.get('address')}"
        problem = _address(where, item)
        if problem:
            yield problem
        elif address.packed(str(item.get("gateway"))) is None:
            yield Problem("ADDRESS_INVALID", f"The gateway of {where} is {item.get('gateway')!a}, no IP address.")
        elif not any(_holds(subnet, str(item["gateway"])) for subnet in subnets):
            yield Problem(
                "ROUTE_UNREACHABLE", f"The gateway {item['gateway']} of {where} is in no subnet of the network."
            )


def _address(where: str, item: Document) -> Optional[Problem]:
    raw = address.packed(str(item.get("address", "")))
    if raw is None:
        return Problem("ADDRESS_INVALID", f"{where}: that is no IP address.")
    bits = len(raw) * 8
    family = item.get("family", "ipv4")
    if (family == "ipv6") != (bits == 128):
        return Problem(
            "FAMILY_INVALID", f"{where}: family is {family}; give family: {'ipv6' if bits == 128 else 'ipv4'}."
        )
    prefix, netmask = item.get("prefix"), item.get("netmask")
    if prefix is not None and netmask is not None:
        return Problem("PREFIX_INVALID", f"{where} has both prefix and netmask; give one.")
    if prefix is not None and not 0 <= prefix <= bits:
        return Problem("PREFIX_INVALID", f"{where}: prefix is {prefix}; it can be 0 to {bits}.")
    if netmask is not None and (bits == 128 or address.netmask_prefix(netmask) is None):
        return Problem("PREFIX_INVALID", f"{where}: netmask is {netmask!a}, which is no IPv4 netmask.")
    return None


def subnet_of(item: Document) -> Optional[tuple[int, int, int]]:
    """(bits, first, last) of an entry of ips; None when it makes no sense."""
    where = str(item.get("address", ""))
    prefix = item.get("prefix") or address.netmask_prefix(str(item.get("netmask", ""))) or address.default_prefix(where)
    return None if prefix is None else address.subnet(where, prefix)


def _holds(subnet: Optional[tuple[int, int, int]], where: str) -> bool:
    raw = address.packed(where)
    if subnet is None or raw is None or len(raw) * 8 != subnet[0]:
        return False
    return subnet[1] <= int.from_bytes(raw, "big") <= subnet[2]


def _dhcp(where: str, item: Document, dhcp: Document) -> Iterator[Problem]:
    subnet = subnet_of(item)
    for given in dhcp.get("ranges") or ():
        what = f"the DHCP range {given.get('start')} to {given.get('end')}"
        first, last = (address.packed(str(given.get(end, ""))) for end in ("start", "end"))
        if first is None or last is None:
            yield Problem("DHCP_RANGE_INVALID", f"{where}: {what} has an end that is no IP address.")
        elif not _holds(subnet, given["start"]) or not _holds(subnet, given["end"]):
            yield Problem("DHCP_RANGE_INVALID", f"{where}: {what} is outside the subnet.")
        elif int.from_bytes(last, "big") < int.from_bytes(first, "big"):
            yield Problem("DHCP_RANGE_INVALID", f"{where}: {what} ends before it starts.")
        elif int.from_bytes(last, "big") - int.from_bytes(first, "big") >= RANGE_ADDRESSES:
            yield Problem("DHCP_RANGE_INVALID", f"{where}: {what} has more than {RANGE_ADDRESSES} addresses.")
        yield from lease(what, given.get("lease"))
    seen: dict[Any, str] = {}
    ipv6 = subnet is not None and subnet[0] == 128
    for host in dhcp.get("hosts") or ():
        what = f"the DHCP host {host.get('ip')}"
        if address.packed(str(host.get("ip", ""))) is None:
            yield Problem("DHCP_HOST_INVALID", f"{where}: {what} has no IP address.")
        if host.get("mac") is not None and (ipv6 or not address.is_mac(host["mac"])):
            why = "has a mac; IPv6 hosts have an id or a name" if ipv6 else f"has the mac {host['mac']!a}"
            yield Problem("DHCP_HOST_INVALID", f"{where}: {what} {why}.")
        if not (host.get("id") if ipv6 else host.get("mac")) and not host.get("name"):
            yield Problem("DHCP_HOST_INVALID", f"{where}: {what} has neither {'id' if ipv6 else 'mac'} nor name.")
        for key in [(name, str(host[name]).lower()) for name in ("mac", "id", "ip") if host.get(name)]:
            if key in seen:
                yield Problem("DHCP_HOST_INVALID", f"{where}: {what} and {seen[key]} have the same {key[0]}.")
            seen[key] = what
        yield from lease(what, host.get("lease"))


def overlaps(name: str, document: Document, others: dict[str, Document]) -> Iterator[Problem]:
    """Subnets of a network against those of the host's other networks."""
    for item in document.get("ips") or ():
        mine = subnet_of(item)
        for other, theirs in sorted(others.items()):
            for their in theirs.get("ips") or ():
                found = subnet_of(their)
                if mine and found and mine[0] == found[0] and mine[1] <= found[2] and found[1] <= mine[2]:
                    yield Problem(
                        "SUBNET_OVERLAP",
                        f"The subnet of {item.get('address')} of network '{name}' overlaps that of "
                        f"{their.get('address')} of network '{other}' on this host.",
                    )
