# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For roles: the desired networks of this host, and the faults of the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .._model.field import Document
from .contract import ContractNetwork, network_names, read_contract
from .fault import BINDING_INVALID, CODES, Fault
from .join import Joined, faults_of_links, join_binding
from .user_values import as_str, shown


@dataclass(frozen=True)
class ReadContract:
    """entries: the networks that could be read; names: all, None when it is not a contract at all; joined: with the
    bindings of the hosts so far."""

    entries: list[ContractNetwork]
    names: Optional[set[str]]
    faults: list[Fault]
    joined: Joined = field(default_factory=dict)

    @classmethod
    def read(cls, contract: Any) -> ReadContract:
        """Never raises."""
        entries, faults = read_contract(contract)
        return cls(entries, network_names(contract), faults)


@dataclass(frozen=True)
class HostNetworks:
    """The desired networks of one host, as the module virt_networks takes them. broken: the names of those with faults
    in contract or binding; mtus: by contract."""

    networks: list[Document]
    broken: frozenset[str]
    mtus: dict[str, Optional[int]]


def host_networks(
    contract: Any, bindings: Any, host: str = "", links: Any = None
) -> tuple[list[Document], list[Fault]]:
    """The desired networks of one host, as the module virt_networks takes them, and the faults.

    contract: list of mappings; bindings: {network: mapping or None} or None; links: list of mappings or None
    when unknown. Never raises. Use the networks only when there is no fault.
    """
    joined, faults = _join(ReadContract.read(contract), bindings, host, links)
    return joined.networks, tidy_faults(faults)


def _join(read: ReadContract, bindings: Any, host: str, links: Any) -> tuple[HostNetworks, list[Fault]]:
    networks, found = join_binding(read.entries, read.names, bindings, host, read.joined)
    faults = [*read.faults, *found]
    broken = frozenset(fault.network for fault in faults)
    joined = HostNetworks(networks, broken, {entry.name: entry.mtu for entry in read.entries})
    return joined, [*faults, *faults_of_links(read.entries, networks, host, links)]


def find_faults(contract: Any, hosts: Any) -> list[Fault]:
    """All faults of a fleet, host by host, without touching it. hosts: as of join_fleet(). Never raises."""
    return join_fleet(contract, hosts)[1]


def join_fleet(contract: Any, hosts: Any) -> tuple[dict[str, HostNetworks], list[Fault]]:
    """The networks of every host that can be read, and all faults.

    hosts: {host: {bindings, links, contract}}; all three optional, contract only where a host belongs to
    another fleet than the rest. Faults of a contract have no host. Never raises.
    """
    if not isinstance(hosts, Mapping):
        template = "The hosts must be a mapping of host names, not {found}."
        return {}, [Fault(BINDING_INVALID, "", "", template, found=shown(hosts))]
    faults: list[Fault] = []
    joined: dict[str, HostNetworks] = {}
    fleet = FleetContract(contract)
    for key in sorted(hosts, key=str):
        host = as_str(key) or str(key)
        facts = hosts[key]
        if not isinstance(facts, Mapping):
            template = "Its entry must be a mapping with bindings and links, not {found}."
            faults.append(Fault(BINDING_INVALID, host, "", template, found=shown(facts)))
            continue
        joined[host], found = fleet.join(host, facts, facts.get("links"))
        faults.extend(found)
    if not hosts:
        faults.extend(ReadContract.read(contract).faults)
    return joined, tidy_faults(faults)


class FleetContract:
    """The contract of a fleet, joined host by host. Most hosts have the same contract; it is read again where it
    differs from that of the host before."""

    def __init__(self, contract: Any) -> None:
        self._contract = contract
        self._last: Any = contract
        self._read = ReadContract.read(contract)

    def join(self, host: str, facts: Mapping[str, Any], links: Any) -> tuple[HostNetworks, list[Fault]]:
        """facts: {bindings, contract}; links: as of host_networks(). Never raises."""
        own = self._contract if facts.get("contract") is None else facts["contract"]
        if own is not self._last and own != self._last:
            self._last, self._read = own, ReadContract.read(own)
        return _join(self._read, facts.get("bindings"), host, links)


def tidy_faults(faults: list[Fault]) -> list[Fault]:
    """Without duplicates, in a stable order: faults of the contract first, then by host, network and code."""
    return sorted(set(faults), key=lambda f: (f.host, f.network, CODES.index(f.code), f.as_tuple()))
