# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<ip>: an address of the host on the network, with the DHCP and TFTP services there."""

from __future__ import annotations

from . import address
from .dhcp import DHCP
from .field import WRAPPED, Document, Entity, Field, attribute, child, flag, number


def same_prefix(document: Document) -> Document:
    """Netmask or prefix, written out or left to the default: one prefix."""
    netmask = document.get("netmask")
    prefix = document.get("prefix") or (netmask and address.netmask_prefix(netmask))
    if netmask and not prefix:  # no netmask at all, which is for libvirt to refuse
        return document
    document.pop("netmask", None)
    prefix = prefix or address.default_prefix(str(document.get("address", "")))
    if prefix is not None:
        document["prefix"] = prefix
    return document


IP = Entity(
    attribute("family", choices=("ipv4", "ipv6"), default="ipv4"),
    attribute("address", required=True, same=address.ip),
    attribute("netmask"),
    number("prefix"),
    flag("local_ptr", "localPtr", default=False),
    Field("tftp", WRAPPED, "tftp", attribute="root", default=""),
    child("dhcp", DHCP),
    same=same_prefix,
)
