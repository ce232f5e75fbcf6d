# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<ip>: an address of the host on the network, with the DHCP and TFTP services there."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Optional, Union

from . import address
from .dhcp import DHCP
from .field import WRAPPED, Document, Entity, Field, attribute, child, flag, number

Subnet = Union[IPv4Network, IPv6Network]


def same_prefix(document: Document) -> Document:
    """Netmask or prefix, written out or left to the default: one prefix."""
    netmask = document.get("netmask")
    found = prefix_of(document)
    if netmask and not found:  # no netmask at all, which is for libvirt to refuse
        return document
    document.pop("netmask", None)
    if found is not None:
        document["prefix"] = found
    return document


def prefix_of(document: Document) -> Optional[int]:
    """The prefix of an <ip> or <route>: libvirt treats prefix 0 as not given. None when there is none."""
    prefix, netmask = document.get("prefix"), document.get("netmask")
    if prefix:
        return int(prefix)
    if netmask:
        return address.netmask_prefix(str(netmask))
    return address.default_prefix(str(document.get("address", "")))


def _same(ip: Document) -> Document:
    dhcp = ip.get("dhcp")
    if dhcp and len(address.packed(str(ip.get("address", ""))) or b"") == 16:
        # libvirt reads no <bootp> in an IPv6 <ip>.
        dhcp = {name: value for name, value in dhcp.items() if name != "bootp"}
        ip = {name: value for name, value in ip.items() if name != "dhcp"}
        if dhcp:
            ip["dhcp"] = dhcp
    return same_prefix(ip)


IP = Entity(
    attribute("family", choices=("ipv4", "ipv6"), default="ipv4", blank=True),
    attribute("address", required=True, same=address.ip, blank=True),
    attribute("netmask", blank=True),
    number("prefix"),
    flag("local_ptr", "localPtr", default=False),
    Field("tftp", WRAPPED, "tftp", attribute="root", default="", blank=True),
    child("dhcp", DHCP),
    same=_same,
)
