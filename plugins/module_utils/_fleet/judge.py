# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two questions that a role asks: what shall this host have, and may the fleet be touched at all?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._model.field import Document
from .contract import names_in, read_contract
from .fault import BINDING_INVALID, CODES, Fault
from .join import join
from .shape import as_str, shown


def desired(contract: Any, bindings: Any, host: str = "", links: Any = None) -> tuple[list[Document], list[Fault]]:
    """What one host shall have: its networks as the module virt_networks takes them, and all that is wrong.

    contract: list of mappings; bindings: {network: mapping or None} or None; links: list of mappings or None
    when unknown. Never raises. The networks are only good when there is no fault.
    """
    promises, faults = read_contract(contract)
    networks, found = join(promises, names_in(contract), bindings, host, links)
    return networks, _tidy([*faults, *found])


def faults_of(contract: Any, hosts: Any) -> list[Fault]:
    """Everything wrong with a fleet, host by host, without touching it.

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
            sentence = f"What is known of it must be a mapping of bindings and links, not {shown(facts)}."
            faults.append(Fault(BINDING_INVALID, host, "", sentence))
            continue
        own = facts.get("contract")
        _networks, found = desired(contract if own is None else own, facts.get("bindings"), host, facts.get("links"))
        faults.extend(found)
    if not hosts:
        faults.extend(read_contract(contract)[1])
    return _tidy(faults)


def _tidy(faults: list[Fault]) -> list[Fault]:
    """Each once, the contract's first, then by host, network and code: the same list for the same faults."""
    return sorted(set(faults), key=lambda f: (f.host, f.network, CODES.index(f.code), f.sentence))
