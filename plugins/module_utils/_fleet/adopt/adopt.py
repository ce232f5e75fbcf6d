# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_network_info returned on each host of a fleet -> contract, bindings, and where the hosts differ.

What is common to the hosts of a network becomes the contract, the rest their bindings. Contract and bindings are
joined again before they are returned: a network that would change by it is left out and said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from ..._model.canonical import canonical
from ..._model.field import Document
from ..._model.network import NETWORK
from ..contract_check import host_networks
from ..lines import natural_order
from ..network_options import NETWORK_OPTIONS
from ..scope import hosts_named
from .difference import (
    BINDING_DIFFERS,
    CHANGES_PENDING,
    LEFT_OUT,
    MTU_DIFFERS,
    NETWORK_PARTIAL,
    NETWORK_TRANSIENT,
    NOT_EXPRESSIBLE,
    PORTGROUPS_DIFFER,
    REACH_DIFFERS,
    SUBNETS_DIFFER,
    Difference,
    between,
    sort_differences,
)
from .observed_host import ObservedHost, definition

# The smallest MTU that a contract accepts.
_SMALLEST_MTU = 68
_TEMPLATE = ("{{", "{%", "{#")


class Adopted(NamedTuple):
    """contract: as group_vars have it; bindings: by host, as host_vars have them; differences: the worst first."""

    contract: list[Document]
    bindings: dict[str, Document]
    differences: list[Difference]


def adopt(hosts: Mapping[str, Mapping[str, Any]], groups: Mapping[str, Any]) -> Adopted:
    """hosts: name to the result of virt_network_info; groups: the hosts of each group of the inventory."""
    by_network: dict[str, dict[str, ObservedHost]] = {}
    differences: list[Difference] = []
    # In this order from here on, and so in every sentence.
    hosts = {host: hosts[host] for host in sorted(hosts, key=natural_order)}
    for host in hosts:
        for network in hosts[host]["networks"]:
            by_network.setdefault(network["name"], {})[host] = ObservedHost(network, hosts[host].get("links"))
    differences += _transient(hosts)
    contract: list[Document] = []
    bindings: dict[str, Document] = {host: {} for host in hosts}
    for name in sorted(by_network, key=natural_order):
        seen = by_network[name]
        entry, bound, found = _factored(name, seen)
        if not any(one.code in LEFT_OUT for one in found):
            found += _unequal(name, seen, entry, bound)
        differences += found
        if any(one.code in LEFT_OUT for one in found):
            continue
        if len(seen) < len(hosts):
            where = list(seen)
            named = _named(where, hosts, groups)
            if named is None:
                sentence = f"Network {name}: a host has the name of a group, so the contract cannot list its hosts."
                differences.append(Difference(NOT_EXPRESSIBLE, name, tuple(where), sentence))
                continue
            entry["hosts"] = named
            sentence = f"Network {name} is on {len(seen)} of {len(hosts)} hosts; the contract lists them in hosts."
            differences.append(Difference(NETWORK_PARTIAL, name, tuple(where), sentence))
        contract.append(entry)
        for host, binding in bound.items():
            bindings[host][name] = binding
    return Adopted(contract, bindings, sort_differences(differences))


def _factored(name: str, seen: Mapping[str, ObservedHost]) -> tuple[Document, dict[str, Document], list[Difference]]:
    """The contract's entry without hosts, the binding of each host, and how they differ."""
    first = next(iter(seen.values()))
    found: list[Difference] = []
    if len({one.reach for one in seen.values()}) > 1 or first.reach is None:
        values = {host: one.reach or "not understood" for host, one in seen.items()}
        return {}, {}, [between(REACH_DIFFERS, name, "Hosts differ in the reach", values)]
    entry: Document = {"name": name, "reach": first.reach}
    bound: dict[str, Document] = {host: {} for host in seen}
    mtus = {host: one.mtu for host, one in seen.items()}
    if len(set(mtus.values())) > 1:
        found.append(between(MTU_DIFFERS, name, "The MTU", mtus))
        for host, one in seen.items():
            if one.network.get("mtu") is not None:
                bound[host]["mtu"] = one.network["mtu"]
    elif first.mtu is not None and first.mtu >= _SMALLEST_MTU:
        entry["mtu"] = first.mtu
    subnets = {host: one.subnets for host, one in seen.items()}
    if any(value != first.subnets for value in subnets.values()):
        found.append(between(SUBNETS_DIFFER, name, "The subnets", subnets))
    elif first.subnets:
        entry["subnets"] = first.subnets
    for option in NETWORK_OPTIONS.fields:
        if all(one.same.get(option) == first.same.get(option) for one in seen.values()):
            if option in first.options:
                entry[option] = first.options[option]
            continue
        if option not in ("mtu", "uuid", "mac", "metadata"):
            code = PORTGROUPS_DIFFER if option == "portgroups" else BINDING_DIFFERS
            found.append(
                between(code, name, f"Option {option}", {host: one.same.get(option) for host, one in seen.items()})
            )
        for host, one in seen.items():
            if option in one.options:
                bound[host][option] = one.options[option]
    pending = {host: one.pending for host, one in seen.items() if one.pending}
    for host, options in pending.items():
        bound[host]["pending"] = options
    if pending:
        found.append(between(CHANGES_PENDING, name, "Options that take effect at the next start", pending))
    return entry, bound, found


def _unequal(
    name: str, seen: Mapping[str, ObservedHost], entry: Document, bound: Mapping[str, Document]
) -> list[Difference]:
    """The hosts on which contract and binding do not make the network that is there."""
    why: dict[str, Optional[str]] = {}
    for host, one in seen.items():
        joined, faults = host_networks([entry], {name: bound[host]}, host)
        if faults:
            why[host] = faults[0].sentence
        elif any(opening in json.dumps(joined[0]) for opening in _TEMPLATE):
            why[host] = "Ansible would read one of its values as a template"
        elif canonical(NETWORK, definition(joined[0])) != canonical(NETWORK, definition(one.network)):
            why[host] = "contract and binding cannot express its definition"
    return [between(NOT_EXPRESSIBLE, name, "The contract cannot express all", why)] if why else []


def _transient(hosts: Mapping[str, Mapping[str, Any]]) -> list[Difference]:
    where: dict[str, list[str]] = {}
    for host, info in hosts.items():
        for network in info.get("transient") or ():
            where.setdefault(network["name"], []).append(host)
    return [
        Difference(NETWORK_TRANSIENT, name, tuple(on), f"Network {name} is transient there and is left unchanged.")
        for name, on in where.items()
    ]


def _named(where: list[str], hosts: Mapping[str, Any], groups: Mapping[str, Any]) -> Optional[list[str]]:
    """One group, where its members among the hosts are exactly these; else the hosts. None where their names mean more
    hosts."""
    single = [[group] for group in sorted(groups, key=natural_order) if group not in ("all", "ungrouped")]
    for names in (*single, where):
        if hosts_named(names, groups) & hosts.keys() == set(where):
            return names
    return None
