# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules by chapter, in the order of the tables in docs/migration.md, and what follows from their declarations."""

from __future__ import annotations

from collections.abc import Iterable

from .. import verdict_kinds
from ..finding import declared_kinds
from ..guest_facts import GuestFacts
from ..lookup_kinds import GATHERED, LOOKUPS
from ..rule import GROUP_RULES, GUEST_RULES, NIC_RULES
from . import arrival, definition, ethernet, group, guest, known_faults, links, network, nic, pools, router, services

# The rules register themselves when their modules are imported, so the lists are complete only here.
__all__ = ("CHAPTERS", "GROUP_RULES", "GUEST_RULES", "NIC_RULES", "finding_codes", "gathered_for_check", "lookups_for")

CHAPTERS = {
    "The network": (network, services),
    "NIC settings": (nic,),
    "Links": (links, ethernet),
    "The host as router": (router,),
    "Pools": (pools, group),
    "The guest": (guest, definition, known_faults),
    "How the destination accepts guests": (arrival,),
    "What is unknown": (verdict_kinds,),
}


def finding_codes() -> tuple[str, ...]:
    """Every code that a finding can have. They are stable: policies name them."""
    return tuple(dict.fromkeys(kind.code for kind in declared_kinds()))


def gathered_for_check() -> tuple[str, ...]:
    """What virt_network_info has to gather for the check."""
    needed = {part for rules in (GUEST_RULES, NIC_RULES, GROUP_RULES) for rule in rules for part in rule.needs}
    return tuple(part for part in GATHERED if part in needed)


def lookups_for(guests: Iterable[GuestFacts]) -> dict[str, list[str]]:
    """What has to be looked up on a destination for these guests: each kind, and each thing once."""
    found: dict[str, set[str]] = {kind: set() for kind in LOOKUPS}
    for facts in guests:
        for rule in GUEST_RULES:
            for kind, keys in rule.lookups.items():
                found[kind].update(keys(facts))
    return {kind: sorted(keys) for kind, keys in found.items()}
