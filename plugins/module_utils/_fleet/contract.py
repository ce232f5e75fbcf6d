# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract: what each network is on every host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.field import Document
from .._model.ip import Subnet
from .._model.network import MTU
from .fault import CONTRACT_INVALID, Fault
from .network_options import read_network_options
from .reach import REACHES
from .scope import FAULT
from .subnet import find_subnet_faults, read_subnets
from .user_values import Complain, as_int, as_str, is_list, shown

# What only a contract has; everything else in it is an option of the network.
OWN = ("reach", "subnets")
# Read separately: whether network or device carries the MTU depends on the binding.
_APART = ("name", "mtu", "hosts", *OWN)
# The smallest MTU that IPv4 allows, and the largest packet.


class ContractNetwork:
    """One network of the contract.

    reach and mtu are None and subnets is None when not given or not readable; options: what is the same on
    every host, as the module takes it, without name and mtu; unread: those not fully readable.
    """

    __slots__ = ("mtu", "name", "options", "reach", "subnets", "unread")

    def __init__(
        self,
        name: str,
        reach: Optional[str],
        mtu: Optional[int],
        subnets: Optional[list[Subnet]],
        options: Document,
        unread: set[str],
    ) -> None:
        self.name = name
        self.reach = reach
        self.mtu = mtu
        self.subnets = subnets
        self.options = options
        self.unread = unread

    def fixed_options(self) -> set[str]:
        """The options that no binding may set."""
        return {*self.options, *OWN, *(("mtu",) if self.mtu is not None else ())}


def read_contract(contract: Any) -> tuple[list[ContractNetwork], list[Fault]]:
    """The networks that can be read, in the contract's order, and a CONTRACT_INVALID for each fault.

    contract: a list of mappings. Never raises.
    """
    if not is_list(contract):
        template = "The contract must be a list of networks, not {found}."
        return [], [Fault(CONTRACT_INVALID, "", "", template, found=shown(contract))]
    faults: list[Fault] = []
    entries: dict[str, ContractNetwork] = {}
    for number, item in enumerate(contract):
        name = as_str(item.get("name")) if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not name:
            what = "has no name" if isinstance(item, Mapping) else f"must be a mapping, not {shown(item)}"
            template = "Network {number} of the contract {what}."
            faults.append(Fault(CONTRACT_INVALID, "", "", template, number=number + 1, what=what))
        elif name in entries:
            faults.append(Fault(CONTRACT_INVALID, "", name, "Network {network} is in the contract more than once."))
        else:
            entries[name] = _read_entry(name, item, faults)
    return list(entries.values()), faults


def network_names(contract: Any) -> Optional[set[str]]:
    """The names of the networks, even where the rest is invalid; None when it is not a contract at all."""
    if not is_list(contract):
        return None
    items = [item for item in contract if isinstance(item, Mapping)]
    return {name for name in (as_str(item.get("name")) for item in items) if name}


def _read_entry(name: str, item: Mapping[Any, Any], faults: list[Fault]) -> ContractNetwork:
    def complain(sentence: str) -> None:
        faults.append(
            Fault(CONTRACT_INVALID, "", name, "Network {network} in the contract: {problem}", problem=sentence)
        )

    reach = as_str(item.get("reach"))
    if reach not in REACHES:
        given = "" if item.get("reach") is None else f", not {shown(item.get('reach'))}"
        complain(f"reach must be one of {', '.join(REACHES)}{given}.")
        reach = None
    subnets = None
    if item.get("subnets") is not None:
        subnets = read_subnets(item.get("subnets"), complain)
    hosts = item.get("hosts")
    if isinstance(hosts, Mapping) and FAULT in hosts:
        complain(str(hosts[FAULT]))
    elif hosts is not None:
        complain("apply the filter networks_of_host first; it selects the networks of one host.")
    options, unread = read_network_options({k: v for k, v in item.items() if k not in _APART}, complain, _APART)
    if subnets is not None and reach and "ips" in options and "ips" not in unread:
        for wrong in find_subnet_faults(reach, subnets, options["ips"]):
            complain(wrong.sentence(name))
    return ContractNetwork(name, reach, _mtu(item.get("mtu"), complain), subnets, options, unread)


def _mtu(value: Any, complain: Complain) -> Optional[int]:
    if value is None:
        return None
    mtu = as_int(value)
    if mtu is None or not MTU[0] <= mtu <= MTU[1]:
        complain(f"mtu must be an integer from {MTU[0]} to {MTU[1]}, not {shown(value)}.")
        return None
    return mtu
