# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, subnets, DHCP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from ..._model import address
from ..._model.errors import Path, Problem
from ..._model.field import Document
from ..._model.ip import prefix_of
from .values import check_lease

_ID = re.compile(r"[0-9a-fA-F:]*")
_ALNUM = re.compile(r"[0-9a-zA-Z]")
# How many leading bits the ends of a range must share, by the family's bits (virSocketAddrGetRange).
ALIKE = {32: 16, 128: 112}


def check_addresses(document: Document) -> Iterator[Problem]:
    """document: as declared or observed, not canonical (a netmask is judged as written)."""
    served: dict[int, Path] = {}
    for item in document.get("ips") or ():
        where = Path(("ips", item.get("address")))
        problem = _check_address(where, item) or _check_mask(where, item)
        if problem:
            yield problem
            continue
        bits = len(address.packed(item["address"]) or b"") * 8
        if bits == 128 and "tftp" in item:
            yield Problem("OPTION_NOT_IN_MODE", where, "{path} has tftp, which is supported only for IPv4 addresses.")
        dhcp = item.get("dhcp") or {}
        if dhcp.get("ranges") or dhcp.get("hosts"):
            if bits in served:
                yield Problem(
                    "DHCP_TWICE",
                    where,
                    "{path} and {other} both have dhcp; only one address of a family can have it.",
                    other=served[bits],
                )
            served[bits] = where
        if bits == 32 and "bootp" in dhcp and "file" not in dhcp["bootp"]:
            yield Problem("VALUE_INVALID", where / "dhcp.bootp", "{path} has no file, which is required.")
        yield from _check_dhcp(where, item, dhcp)
    subnets = [bounds_of(item) for item in document.get("ips") or ()]
    for item in document.get("routes") or ():
        where = Path(("routes", item.get("address")))
        problem = _check_address(where, item) or _check_route(where, item)
        if problem:
            yield problem
        elif address.packed(str(item.get("gateway"))) is None:
            yield Problem(
                "ADDRESS_INVALID",
                where / "gateway",
                "The {path} is {gateway!a}, which is not an IP address.",
                gateway=item.get("gateway"),
            )
        elif not any(_holds(subnet, str(item["gateway"])) for subnet in subnets):
            yield Problem(
                "ROUTE_UNREACHABLE",
                where / "gateway",
                "The gateway {gateway} of {route} is not in a subnet of the network.",
                gateway=item["gateway"],
                route=where,
            )


def _check_address(where: Path, item: Document) -> Optional[Problem]:
    raw = address.packed(str(item.get("address", "")))
    if raw is None:
        return Problem("ADDRESS_INVALID", where, "{path}: the address is not a valid IP address.")
    bits = len(raw) * 8
    family = item.get("family", "ipv4")
    if (family == "ipv6") != (bits == 128):
        return Problem(
            "FAMILY_INVALID",
            where,
            "{path}: family is {family}; set family: {right}.",
            family=family,
            right="ipv6" if bits == 128 else "ipv4",
        )
    prefix, netmask = item.get("prefix"), item.get("netmask")
    if prefix is not None and not 0 <= prefix <= bits:
        return Problem(
            "PREFIX_INVALID", where, "{path}: prefix is {prefix}; it must be 0 to {bits}.", prefix=prefix, bits=bits
        )
    if netmask is not None and (bits == 128 or len(address.packed(netmask) or b"") != 4):
        return Problem(
            "PREFIX_INVALID",
            where,
            "{path}: netmask is {netmask!a}, which is not a valid IPv4 netmask.",
            netmask=netmask,
        )
    return None


def _check_mask(where: Path, item: Document) -> Optional[Problem]:
    """Of an address: libvirt treats prefix 0 as not given."""
    prefix, netmask = item.get("prefix"), item.get("netmask")
    if prefix and netmask is not None:
        return Problem("PREFIX_INVALID", where, "{path} has both prefix and netmask; remove one of them.")
    if netmask is not None and address.netmask_prefix(netmask) is None:
        return Problem(
            "PREFIX_INVALID",
            where,
            "{path}: netmask is {netmask!a}, which is not a valid IPv4 netmask.",
            netmask=netmask,
        )
    if prefix_of(item) is None:
        return Problem("PREFIX_INVALID", where, "{path} needs a prefix: its address class has no default prefix.")
    return None


def _check_route(where: Path, item: Document) -> Optional[Problem]:
    """libvirt requires a route's address to be a network address, without bits beyond its prefix."""
    prefix, netmask = item.get("prefix"), item.get("netmask")
    if prefix is not None and netmask is not None:
        return Problem("PREFIX_INVALID", where, "{path} has both prefix and netmask; remove one of them.")
    raw = address.packed(item["address"]) or b""
    number, bits = int.from_bytes(raw, "big"), len(raw) * 8
    gateway = address.packed(str(item.get("gateway", "")))
    if gateway is not None and len(gateway) != len(raw):
        return Problem(
            "FAMILY_INVALID",
            where,
            "{path} and its gateway {gateway} are of different address families.",
            gateway=item["gateway"],
        )
    if netmask is not None:
        rest = number & ~int.from_bytes(address.packed(netmask) or b"", "big")
    else:
        rest = number & ((1 << (bits - (prefix or 0))) - 1)
    if not rest:
        return None
    if prefix is None and netmask is None:
        return Problem("PREFIX_INVALID", where, "{path} has neither prefix nor netmask; set one of them.")
    return Problem("ROUTE_INVALID", where, "{path} is not a network address: it has bits beyond its prefix or netmask.")


def bounds_of(item: Document) -> Optional[tuple[int, int, int]]:
    """(bits, first, last) of an entry of ips; None when it makes no sense."""
    prefix = prefix_of(item)
    return None if prefix is None else address.subnet(str(item.get("address", "")), prefix)


def _holds(subnet: Optional[tuple[int, int, int]], where: str) -> bool:
    raw = address.packed(where)
    if subnet is None or raw is None or len(raw) * 8 != subnet[0]:
        return False
    return subnet[1] <= int.from_bytes(raw, "big") <= subnet[2]


def _check_dhcp(where: Path, item: Document, dhcp: Document) -> Iterator[Problem]:
    subnet = bounds_of(item)
    for given in dhcp.get("ranges") or ():
        what = f"the DHCP range {given.get('start')} to {given.get('end')}"
        first, last = (address.packed(str(given.get(end, ""))) for end in ("start", "end"))
        if first is None or last is None:
            yield Problem("DHCP_RANGE_INVALID", where, "{path}: an end of {what} is not a valid IP address.", what=what)
        elif len(first) != len(last) or not _holds(subnet, given["start"]) or not _holds(subnet, given["end"]):
            yield Problem("DHCP_RANGE_INVALID", where, "{path}: {what} is outside the subnet.", what=what)
        elif int.from_bytes(last, "big") < int.from_bytes(first, "big"):
            yield Problem("DHCP_RANGE_INVALID", where, "{path}: {what} ends before it starts.", what=what)
        elif _differ_too_early(first, last):
            yield Problem(
                "DHCP_RANGE_INVALID",
                where,
                "{path}: {what} is too large: its ends may differ only in the last 16 bits.",
                what=what,
            )
        elif len(first) == 4 and subnet and subnet[1] == int.from_bytes(first, "big"):
            yield Problem("DHCP_RANGE_INVALID", where, "{path}: {what} starts with the network address.", what=what)
        elif len(last) == 4 and subnet and subnet[2] == int.from_bytes(last, "big"):
            yield Problem("DHCP_RANGE_INVALID", where, "{path}: {what} ends with the broadcast address.", what=what)
        yield from check_lease(where, what, given.get("lease"))
    ipv6 = subnet is not None and subnet[0] == 128
    for host in dhcp.get("hosts") or ():
        what = f"the DHCP host {host.get('ip')}"
        if address.packed(str(host.get("ip", ""))) is None:
            yield Problem("DHCP_HOST_INVALID", where, "{path}: {what} has no valid IP address.", what=what)
        yield from (_check_ipv6_identity if ipv6 else _check_ipv4_identity)(where, what, host)
        yield from check_lease(where, what, host.get("lease"))


def _differ_too_early(first: bytes, last: bytes) -> bool:
    alike = ALIKE[len(first) * 8] // 8
    return first[:alike] != last[:alike]


def _check_ipv6_identity(where: Path, what: str, host: Document) -> Iterator[Problem]:
    if host.get("mac") is not None:
        yield Problem(
            "DHCP_HOST_INVALID", where, "{path}: {what} has mac; IPv6 hosts need id or name instead.", what=what
        )
    yield from _check_identity(where, what, host, "id")


def _check_ipv4_identity(where: Path, what: str, host: Document) -> Iterator[Problem]:
    mac = host.get("mac")
    if mac is not None and (not address.is_mac(mac) or int(mac.split(":")[0], 16) & 1):
        yield Problem(
            "DHCP_HOST_INVALID",
            where,
            "{path}: {what} has mac {mac!a}, which is not a unicast MAC address.",
            what=what,
            mac=mac,
        )
    yield from _check_identity(where, what, host, "mac")


def _check_identity(where: Path, what: str, host: Document, key: str) -> Iterator[Problem]:
    """key: the option that identifies a host without a name."""
    name, given = host.get("name"), host.get("id")
    if given is not None and not _ID.fullmatch(given):
        yield Problem(
            "DHCP_HOST_INVALID",
            where,
            "{path}: {what} has id {given!a}; it must consist of hexadecimal digits and colons.",
            what=what,
            given=given,
        )
    if name is not None and not _ALNUM.match(name):
        yield Problem(
            "DHCP_HOST_INVALID",
            where,
            "{path}: {what} has name {name!a}; it must start with a letter or digit.",
            what=what,
            name=name,
        )
    if host.get(key) is None and name is None:
        yield Problem(
            "DHCP_HOST_INVALID",
            where,
            "{path}: {what} has neither {key} nor name; set one of them.",
            what=what,
            key=key,
        )


def find_overlaps(name: str, document: Document, others: dict[str, Document]) -> Iterator[Problem]:
    """Subnets of a network against those of the host's other networks."""
    for item in document.get("ips") or ():
        mine = bounds_of(item)
        for other, theirs in sorted(others.items()):
            for their in theirs.get("ips") or ():
                found = bounds_of(their)
                if mine and found and mine[0] == found[0] and mine[1] <= found[2] and found[1] <= mine[2]:
                    yield Problem(
                        "SUBNET_OVERLAP",
                        Path(("ips", item.get("address"))),
                        "The subnet of {address} of network '{network}' overlaps the subnet of {theirs} of network "
                        "'{other}' on this host.",
                        address=item.get("address"),
                        network=name,
                        theirs=their.get("address"),
                        other=other,
                    )
