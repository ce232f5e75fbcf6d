# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnets of the contract against the addresses that a host has on the network."""

from __future__ import annotations

import ipaddress
from typing import Any, Optional

from .._model.canonical import canonical
from .._model.field import Document
from .._model.ip import IP, Subnet
from .fault import FaultText
from .user_values import Complain, as_str, is_list, shown

# The host routes for the guests of these networks, so it needs an address in each subnet.
_ROUTED_BY_HOST = ("nat", "routed")


def read_subnets(value: Any, complain: Complain) -> Optional[list[Subnet]]:
    """A list of CIDR strings; None for anything but a list, and a complaint for each item that is not a subnet."""
    if not is_list(value):
        complain(f"subnets must be a list such as ['10.20.0.0/24'], not {shown(value)}.")
        return None
    result: list[Subnet] = []
    for item in value:
        text = as_str(item)
        try:
            # Without a prefix it would be read as a single address, which is never meant.
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


def find_subnet_faults(reach: str, subnets: list[Subnet], ips: list[Document]) -> list[FaultText]:
    """One for each address outside the subnets, and for each subnet in which the host needs an address.

    ips: as the option of that name. Invalid addresses are reported elsewhere.
    """
    promised = ", ".join(str(subnet) for subnet in subnets) or "(none)"
    found = [subnet_of(ip) for ip in ips]
    wrong = [
        FaultText(
            "Network {network} has the subnets {promised}, but address {address} is in {subnet}.",
            {"promised": promised, "address": ip.get("address"), "subnet": str(subnet)},
        )
        for ip, subnet in zip(ips, found)
        if subnet is not None and subnet not in subnets
    ]
    if reach in _ROUTED_BY_HOST:
        wrong += [
            FaultText(
                "Network {network} has the subnet {subnet}, but the host has no address in it to route for its guests.",
                {"subnet": str(subnet)},
            )
            for subnet in subnets
            if subnet not in found
        ]
    return wrong


def subnet_of(ip: Document) -> Optional[Subnet]:
    """The subnet of one item of ips, by prefix, netmask or libvirt's default; None when it is not a valid address."""
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
