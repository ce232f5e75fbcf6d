# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses and networks as ranges of numbers, which compare fast."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_interface, ip_network
from typing import Optional

from .ruleset import Span

# Addresses that no host outside has.
_SPECIAL = {
    "ip": ("224.0.0.0/4", "255.255.255.255", "127.0.0.0/8", "169.254.0.0/16"),
    "ip6": ("ff00::/8", "fe80::/10", "::1", "::"),
}


@lru_cache(maxsize=8192)  # every guest's address is asked about on every host
def span_of(text: str) -> Optional[Span]:
    """Of an address, a network (also with a mask) or a range a-b; None of what is none of these."""
    try:
        if "-" in text:
            first, _dash, last = text.partition("-")
            return int(ip_address(first)), int(ip_address(last))
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return int(network.network_address), int(network.broadcast_address)


def address_in(target: str) -> str:
    """The address without its port, if it has one: 10.0.0.1:80, [fd00::1]:80."""
    if target.startswith("["):
        return target[1:].partition("]")[0]
    return target if target.count(":") > 1 else target.partition(":")[0]


def port_in(target: str) -> Optional[int]:
    """Of such an address, the port; None without a single one."""
    number = target[len(address_in(target)) :].lstrip("[]:")
    return int(number) if number.isdigit() else None


def is_within(address: str, target: str) -> bool:
    """target: an address, a network or a range."""
    own, wide = span_of(address), span_of(target)
    return own is not None and wide is not None and wide[0] <= own[0] and own[1] <= wide[1]


def family_of(address: str) -> str:
    return "ip6" if ":" in address else "ip"


@lru_cache(maxsize=8192)
def network_of(address: str) -> Optional[Span]:
    """Of an address with its prefix, such as 10.20.0.1/24: the whole network."""
    try:
        return span_of(str(ip_interface(address).network))
    except ValueError:
        return None


def special_spans(family: str) -> tuple[Span, ...]:
    return tuple(span for span in map(span_of, _SPECIAL[family]) if span is not None)
