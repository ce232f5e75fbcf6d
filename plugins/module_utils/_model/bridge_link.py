# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link of the bridge that libvirt made for a running network, as the kernel has it."""

from __future__ import annotations

from dataclasses import dataclass

from .address import ip
from .field import Document

COMPLETE = "complete"
MISSING = "missing"  # the host has no such bridge
DOWN = "down"  # it was set down
NO_ADDRESS = "no_address"  # it lacks an address that the network gives it
UNPLUGGED = "unplugged"  # a running guest's tap belongs in it, and is in no bridge
UNKNOWN = "unknown"  # it cannot be seen from here
UNUSED = "none"  # libvirt made no bridge for the network
# What only a restart of the network repairs.
BROKEN = (MISSING, DOWN, NO_ADDRESS)
FAULTY = (*BROKEN, UNPLUGGED)


@dataclass(frozen=True)
class ObservedBridge:
    """up: whether it is up administratively; addresses: as text, without prefixes."""

    up: bool
    addresses: frozenset[str]


def bridge_link_of(live: Document, seen: ObservedBridge | None) -> str:
    """A word above other than UNPLUGGED, for a network whose bridge libvirt made.

    live: the running network; seen: None when the host has no such bridge.
    """
    if seen is None:
        return MISSING
    if not seen.up:
        return DOWN
    own = {ip(item["address"]) for item in live.get("ips") or () if item.get("address")}
    return COMPLETE if own <= {ip(address) for address in seen.addresses} else NO_ADDRESS
