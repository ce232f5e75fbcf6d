# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnets that a network promises, against the addresses that a host has on it."""

from __future__ import annotations

import ipaddress
from typing import Any, Optional, Union

from .._model.canonical import canonical
from .._model.field import Document
from .._model.ip import IP
from .shape import Complain, as_str, is_list, shown

Subnet = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# Guests of these networks have the host as their router: without an address in a subnet they are stuck in it.
_ROUTED_BY_HOST = ("nat", "routed")


def read_subnets(value: Any, complain: Complain) -> Optional[list[Subnet]]:
    """A list of CIDR strings; None when there is no list, a complaint for each item that is no subnet."""
    if not is_list(value):
        complain(f"subnets must be a list such as ['10.20.0.0/24'], not {shown(value)}.")
        return None
    result: list[Subnet] = []
    for item in value:
        text = as_str(item)
        try:
            # Without a prefix it would be read as a single host, which nobody means.
            if text is None or "/" not in text:
                raise ValueError
            loose = ipaddress.ip_network(text, strict=False)
        except ValueError:
            complain(f"subnets: {shown(item)} is not a subnet such as 10.20.0.0/24.")
            continue
        if text.split("/")[0] != str(loose.network_address) and _host_bits(text):
            complain(f"subnets: {text} is an address within a subnet; the subnet is {loose}.")
        else:
            result.append(loose)
    return result


def subnets_broken(name: str, reach: str, subnets: list[Subnet], ips: list[Document]) -> list[str]:
    """A sentence for each address outside the promised subnets, and for each subnet without its router.

    ips: as the option of that name. An address that is none is left to subnet_of's caller.
    """
    promised = ", ".join(str(subnet) for subnet in subnets) or "no subnet at all"
    found = [subnet_of(ip) for ip in ips]
    sentences = [
        f"Network {name} promises {promised}; its address {ip.get('address')} is in {subnet}."
        for ip, subnet in zip(ips, found)
        if subnet is not None and subnet not in subnets
    ]
    if reach in _ROUTED_BY_HOST:
        sentences += [
            f"Network {name} promises {subnet}, but the host has no address in it, so its guests have no router."
            for subnet in subnets
            if subnet not in found
        ]
    return sentences


def subnet_of(ip: Document) -> Optional[Subnet]:
    """The subnet of one item of ips, by prefix, netmask or libvirt's default; None when it is no address."""
    same = canonical(IP, ip)
    try:
        return ipaddress.ip_network(f"{same.get('address')}/{same.get('prefix')}", strict=False)
    except ValueError:
        return None


def _host_bits(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return True
    return False
