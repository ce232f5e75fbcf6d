# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which networks of the contract a host has: all but those whose key hosts names others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .user_values import as_str, is_list, shown

# In place of hosts that cannot be read: why, for the one who reads the contract.
FAULT = "fault"


def contract_of_host(contract: Any, host: str, groups: Mapping[str, Any]) -> Any:
    """The contract without the networks of other hosts, and without the key hosts.

    groups: the hosts of each group, as Ansible has them. What is no contract at all is returned as it is: it is
    refused where the contract is read. Raises ValueError with a sentence for a key hosts that cannot be read.
    """
    result = contract_with_faults(contract, host, groups)
    for item in result if is_list(result) else ():
        if isinstance(item, Mapping) and item.get("hosts") is not None:
            raise ValueError(f"Network {shown(item.get('name'))} in the contract: {item['hosts'][FAULT]}")
    return result


def contract_with_faults(contract: Any, host: str, groups: Mapping[str, Any]) -> Any:
    """The same with each key hosts that cannot be read, to be refused where the contract is read."""
    if not is_list(contract):
        return contract
    known = {str(name) for members in groups.values() if is_list(members) for name in members}
    result = []
    for item in contract:
        if not isinstance(item, Mapping) or item.get("hosts") is None:
            result.append(item)
            continue
        try:
            names = _names(item["hosts"], known | {str(group) for group in groups})
        except ValueError as error:
            result.append({**item, "hosts": {FAULT: str(error)}})
            continue
        if host in hosts_named(names, groups):
            result.append({key: value for key, value in item.items() if key != "hosts"})
    return result


def hosts_named(names: Iterable[str], groups: Mapping[str, Any]) -> set[str]:
    """names: of hosts and groups; of both, where a host has the name of a group."""
    return {host for name in names for host in (name, *map(str, groups.get(name) or ()))}


def _names(given: Any, known: set[str]) -> list[str]:
    if not is_list(given) or not given:
        raise ValueError(f"hosts must be a list of host and group names, not {shown(given)}.")
    names = []
    for value in given:
        name = as_str(value)
        if name is None or name not in known:
            raise ValueError(f"hosts has {shown(value)}, which is neither a host nor a group of the inventory.")
        names.append(name)
    return names
