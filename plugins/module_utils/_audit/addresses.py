# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that several hosts have in one physical network.

The hosts' own bridges under networks of one name are one physical network where the contract says so. A network of
libvirt's own bridges has the same subnet on every host, and is apart on each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .._migrate.destination_facts import DestinationFacts
from .._model.address import ip as canonical_ip
from . import kinds
from .finding import AuditFinding

# By network and address, the hosts that have it, each with its bridge.
Users = dict[tuple[str, str], dict[str, str]]


def note_addresses(users: Users, host: str, seen: DestinationFacts, physical: Collection[str]) -> None:
    """physical: the names of the host's networks that reach the physical network by contract."""
    for net in seen.networks.values():
        own = net.name in physical and not net.is_virtual and bool(net.bridge)
        link = seen.link(str(net.bridge)) if own else None
        for address in (link.addresses or ()) if link is not None else ():
            users.setdefault((net.name, canonical_ip(address)), {})[host] = str(net.bridge)


def find_duplicate_addresses(users: Users) -> Iterator[AuditFinding]:
    for (network, address), bridges in users.items():
        for host, bridge in bridges.items():
            others = [f"{other} on {where}" for where, other in bridges.items() if where != host]
            if others:
                named = {"address": address, "bridge": bridge, "others": others}
                yield AuditFinding(kinds.ADDRESS_TWICE, host, network, parameters=named)
