# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For roles: the desired networks of this host, and the faults of the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._model.field import Document
from .contract import network_names, read_contract
from .fault import BINDING_INVALID, CODES, Fault
from .join import join_binding
from .user_values import as_str, shown


def host_networks(
    contract: Any, bindings: Any, host: str = "", links: Any = None
) -> tuple[list[Document], list[Fault]]:
    """The desired networks of one host, as the module virt_networks takes them, and the faults.

    contract: list of mappings; bindings: {network: mapping or None} or None; links: list of mappings or None
    when unknown. Never raises. Use the networks only when there is no fault.
    """
    entries, faults = read_contract(contract)
    networks, found = join_binding(entries, network_names(contract), bindings, host, links)
    return networks, _tidy([*faults, *found])


def find_faults(contract: Any, hosts: Any) -> list[Fault]:
    """All faults of a fleet, host by host, without touching it.

    hosts: {host: {bindings, links, contract}}; all three optional, contract only where a host belongs to
    another fleet than the rest. Faults of a contract have no host. Never raises.
    """
    if not isinstance(hosts, Mapping):
        return [Fault(BINDING_INVALID, "", "", f"The hosts must be a mapping of host names, not {shown(hosts)}.")]
    faults: list[Fault] = []
    for key in sorted(hosts, key=str):
        host = as_str(key) or str(key)
        facts = hosts[key]
        if not isinstance(facts, Mapping):
            sentence = f"Its entry must be a mapping with bindings and links, not {shown(facts)}."
            faults.append(Fault(BINDING_INVALID, host, "", sentence))
            continue
        own = facts.get("contract")
        _networks, found = host_networks(
            contract if own is None else own, facts.get("bindings"), host, facts.get("links")
        )
        faults.extend(found)
    if not hosts:
        faults.extend(read_contract(contract)[1])
    return _tidy(faults)


def _tidy(faults: list[Fault]) -> list[Fault]:
    """Without duplicates, in a stable order: faults of the contract first, then by host, network and code."""
    return sorted(set(faults), key=lambda f: (f.host, f.network, CODES.index(f.code), f.sentence))
