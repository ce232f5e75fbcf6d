# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rule of the migration check registers itself.

A rule is a function with one of the decorators below. It declares the kinds of findings that it reports, the parts of
virt_network_info that it needs, and what has to be looked up on the destination for a guest. What is gathered, what is
looked up, the list of codes and the table in docs/migration.md follow from these declarations.

To add a rule, write it in rules/, with its FindingKinds above it. See "A new rule" in docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from .destination_facts import DestinationFacts, NetworkFacts
from .finding import Finding, FindingKind
from .guest_facts import CheckedGuest, GuestFacts, NicFacts, NicSettings
from .nic_settings import compute_nic_settings


class NicCase:
    """One NIC on one destination: what every rule of NICs is given.

    before: its settings on its source, None where they are not known; net: its network on the destination, None when it
    is missing there; after: the settings that it would get there.
    """

    __slots__ = ("after", "before", "host", "name", "net", "nic")

    def __init__(self, nic: NicFacts, host: DestinationFacts) -> None:
        self.nic = nic
        self.host = host
        self.name = str(nic.network)
        self.before: Optional[NicSettings] = nic.settings
        self.net: Optional[NetworkFacts] = None if nic.network_name is None else host.networks.get(nic.network_name)
        self.after: Optional[NicSettings] = None if self.net is None else compute_nic_settings(host, nic, None)


# The index of the guest in the list, and what is found about it; a finding about a NIC has its index.
FoundInGroup = Iterator[tuple[int, Finding]]
GuestCheck = Callable[[GuestFacts, DestinationFacts], Iterator[Finding]]
NicCheck = Callable[[NicCase], Iterator[Finding]]
# One guest by itself, or all guests of a call.
GroupCheck = Callable[[list[CheckedGuest], DestinationFacts], FoundInGroup]
LookupKeys = Callable[[GuestFacts], Iterable[str]]
Check = TypeVar("Check")


@dataclass(frozen=True)
class Rule(Generic[Check]):
    """needs: of GATHERED; lookups: kind to the keys that have to be looked up for a guest."""

    check: Check
    name: str
    reports: tuple[FindingKind, ...]
    needs: tuple[str, ...]
    lookups: dict[str, LookupKeys]


GUEST_RULES: list[Rule[GuestCheck]] = []
NIC_RULES: list[Rule[NicCheck]] = []
GROUP_RULES: list[Rule[GroupCheck]] = []


def _register(
    rules: list[Rule[Check]],
    reports: tuple[FindingKind, ...],
    needs: tuple[str, ...],
    lookups: Optional[dict[str, LookupKeys]],
) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        rules.append(Rule(check, getattr(check, "__name__", "?"), reports, needs, lookups or {}))
        return check

    return add


def guest_rule(
    *reports: FindingKind, needs: tuple[str, ...] = (), lookups: Optional[dict[str, LookupKeys]] = None
) -> Callable[[GuestCheck], GuestCheck]:
    """Of a guest by itself."""
    return _register(GUEST_RULES, reports, needs, lookups)


def nic_rule(*reports: FindingKind, needs: tuple[str, ...] = ()) -> Callable[[NicCheck], NicCheck]:
    """Of a NIC by itself, whatever its MAC address: NICs with equal needs are judged once."""
    return _register(NIC_RULES, reports, needs, None)


def group_rule(*reports: FindingKind, needs: tuple[str, ...] = ()) -> Callable[[GroupCheck], GroupCheck]:
    """Of all NICs of a guest, or all guests of a call."""
    return _register(GROUP_RULES, reports, needs, None)
