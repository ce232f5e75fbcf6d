# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that several hosts have in one physical network.

The hosts' own bridges under networks of one name are one physical network where the contract says so. A network of
libvirt's own bridges has the same subnet on every host, and is apart on each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from .._migrate.destination_facts import DestinationFacts
from .._model.address import ip as canonical_ip
from . import kinds
from .finding import AuditFinding


def addresses_used_twice(
    hosts: Mapping[str, DestinationFacts], physical: Mapping[str, Collection[str]]
) -> Iterator[AuditFinding]:
    """physical: the names of each host's networks that reach the physical network by contract."""
    users: dict[tuple[str, str], dict[str, str]] = {}
    for host, seen in hosts.items():
        for net in seen.networks.values():
            own = net.name in physical[host] and not net.is_virtual and bool(net.bridge)
            link = seen.link(str(net.bridge)) if own else None
            for address in (link.addresses or ()) if link is not None else ():
                users.setdefault((net.name, canonical_ip(address)), {})[host] = str(net.bridge)
    for (network, address), bridges in users.items():
        for host, bridge in bridges.items():
            others = [f"{other} on {where}" for where, other in bridges.items() if where != host]
            if others:
                named = {"address": address, "bridge": bridge, "others": others}
                yield AuditFinding(kinds.ADDRESS_TWICE, host, network, parameters=named)
