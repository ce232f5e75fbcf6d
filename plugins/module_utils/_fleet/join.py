# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contract and binding, joined into the networks of one host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.desired import ACTIVE
from .._model.field import Document
from .._model.forward import is_virtual
from .binding import read_binding, read_bindings
from .contract import ContractNetwork
from .fault import (
    BINDING_INVALID,
    BINDING_MISSING,
    BINDING_UNKNOWN,
    MTU_BROKEN,
    REACH_BROKEN,
    SUBNET_BROKEN,
    Fault,
    FaultText,
)
from .links import bridges_of_networks, link_faults, link_mtus
from .network_options import NETWORK_OPTIONS
from .pool import pool_fault
from .reach import derived_forward, mode_fault, reach_fault
from .subnet import find_subnet_faults
from .user_values import hashable

# By entry of the contract and binding: the network, and its faults without the host.
Joined = dict[Any, tuple[Document, list[Fault]]]
# In place of a binding that the host does not have.
_NO_BINDING = ("no binding",)


def join_binding(
    entries: list[ContractNetwork], known: Optional[set[str]], bindings: Any, host: str, before: Joined
) -> tuple[list[Document], list[Fault]]:
    """The networks of one host, in the contract's order, and their faults.

    entries: read from the contract; known: all its names, including networks that could not be read, None when
    the contract says nothing; bindings: {name: options} as the user wrote them; before: what was joined for other hosts
    with these entries, since most bindings are alike. A network is {name, state, autostart, **options of the module
    virt_network}, with pool where virt_iface_pool fills it; hosts share it.
    """
    by_name, faults = read_bindings(bindings, host)
    for name in sorted(set(by_name) - (set(by_name) if known is None else known)):
        template = "Network {network} has a binding but is not in the contract."
        faults.append(Fault(BINDING_UNKNOWN, host, name, template))
    networks: list[Document] = []
    for place, entry in enumerate(entries):
        try:
            key = (place, hashable(by_name[entry.name]) if entry.name in by_name else _NO_BINDING)
        except (TypeError, RecursionError):
            network, found = _join_one(entry, by_name)
        else:
            if key not in before:
                before[key] = _join_one(entry, by_name)
            network, found = before[key]
        networks.append(network)
        faults.extend(Fault(one.code, host, one.network, one.template, **one.parameters) for one in found)
    return networks, faults


def _join_one(entry: ContractNetwork, by_name: Mapping[str, Any]) -> tuple[Document, list[Fault]]:
    """Of no host."""
    faults: list[Fault] = []
    if entry.name not in by_name:
        template = "Network {network} of the contract has no binding on this host; add one, "
        template += "or an empty one ({{}}) if the host adds nothing."
        faults.append(Fault(BINDING_MISSING, "", entry.name, template))
    binding, unread, found = read_binding(entry, by_name.get(entry.name), "")
    if entry.name not in by_name:
        # Report only the missing binding, not what follows from it.
        unread |= {"forward", "ips"}
    network, broken = _joined(entry, binding, unread | entry.unread, "")
    return network, [*faults, *found, *broken]


def faults_of_links(entries: list[ContractNetwork], networks: list[Document], host: str, links: Any) -> list[Fault]:
    """networks: of join_binding(); links: as virt_network_info returns them, None when unknown."""
    present = link_mtus(links)
    if present is None:
        return []
    made = bridges_of_networks(networks)
    return [
        fault
        for entry, network in zip(entries, networks)
        for fault in link_faults(host, network, entry.mtu, present, made)
    ]


def _joined(entry: ContractNetwork, binding: Document, unread: set[str], host: str) -> tuple[Document, list[Fault]]:
    given: Document = {"state": ACTIVE, "autostart": True, **binding, **entry.options}
    faults: list[Fault] = []
    if entry.reach is not None:
        forward = derived_forward(entry.reach, given.get("forward"))
        if forward is not None:
            given["forward"] = forward
        wrong = _reach_fault(entry.reach, given, unread)
        if wrong:
            faults.append(Fault(REACH_BROKEN, host, entry.name, wrong.template, **wrong.parameters))
    if entry.mtu is not None and is_virtual(given):
        given["mtu"] = entry.mtu
    if "pool" in given:
        given["pool"] = _with_mtu(given["pool"], entry.mtu)
        problem = None if unread & {"forward", "bridge", "pool"} else pool_fault({"name": entry.name, **given})
        if problem:
            template = "The binding of network {network}: {problem}"
            faults.append(Fault(BINDING_INVALID, host, entry.name, template, problem=problem))
    if not is_virtual(given) and given.get("mtu"):
        template = "The binding of network {network} sets mtu, which libvirt supports only on bridges that it creates: "
        template += "set it in the contract, and on the device that the network is bound to."
        faults.append(Fault(MTU_BROKEN, host, entry.name, template))
    if entry.subnets is not None and entry.reach and "ips" not in {*entry.options, *unread}:
        for wrong in find_subnet_faults(entry.reach, entry.subnets, given.get("ips", [])):
            faults.append(Fault(SUBNET_BROKEN, host, entry.name, wrong.template, **wrong.parameters))
    ordered = {name: given[name] for name in NETWORK_OPTIONS.fields if name in given}
    return {"name": entry.name, **ordered}, faults


def _reach_fault(reach: str, given: Document, unread: set[str]) -> Optional[FaultText]:
    """Where not all could be read, what is missing may only be misspelt."""
    if not unread & {"forward", "bridge", "pool"}:
        return reach_fault(reach, given)
    return mode_fault(reach, given) if "mode" in (given.get("forward") or {}) else None


def _with_mtu(pool: Document, mtu: Optional[int]) -> Document:
    """What a match finds must carry the promised MTU too."""
    if mtu is None or not pool.get("match"):
        return pool
    return {**pool, "match": {**pool["match"], "mtu": max(mtu, pool["match"].get("mtu", 0))}}
