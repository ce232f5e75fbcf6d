# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host builds the contract's networks from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.field import Document
from .contract import ContractNetwork
from .fault import BINDING_INVALID, BINDING_OVERRIDES, Fault
from .network_options import read_network_options
from .subnet import subnet_of
from .user_values import as_str, shown


def read_bindings(bindings: Any, host: str) -> tuple[dict[str, Any], list[Fault]]:
    """Each binding by the name of its network, unread.

    bindings: a mapping, or None for none at all. Never raises.
    """
    if bindings is None:
        return {}, []
    if not isinstance(bindings, Mapping):
        template = "The bindings must be a mapping of network names, not {found}."
        return {}, [Fault(BINDING_INVALID, host, "", template, found=shown(bindings))]
    result: dict[str, Any] = {}
    faults = []
    for key, value in bindings.items():
        name = as_str(key)
        if name:
            result[name] = value
        else:
            template = "{key} is not a network name; if it is one, quote it."
            faults.append(Fault(BINDING_INVALID, host, "", template, key=repr(key)))
    return result, faults


def read_binding(entry: ContractNetwork, binding: Any, host: str) -> tuple[Document, set[str], list[Fault]]:
    """The options that the host adds to the contract, the names of those not fully readable, and the faults.

    binding: a mapping or None. Where it sets an option of the contract, the contract wins.
    """
    faults: list[Fault] = []

    def complain(sentence: str) -> None:
        template = "The binding of network {network}: {problem}"
        faults.append(Fault(BINDING_INVALID, host, entry.name, template, problem=sentence))

    if binding is None:
        return {}, set(), []
    if not isinstance(binding, Mapping):
        complain(f"it must be a mapping of options, not {shown(binding)}.")
        return {}, {"forward", "ips"}, faults
    given = {key: value for key, value in binding.items() if value is not None}
    promised = entry.fixed_options()
    for option in sorted(key for key in given if isinstance(key, str) and key in promised):
        del given[option]
        template = "The binding of network {network} sets {option}, which the contract already sets for every host."
        faults.append(Fault(BINDING_OVERRIDES, host, entry.name, template, option=option))
    options, unread = read_network_options(given, complain)
    for number, ip in enumerate(options.get("ips", ())):
        if "address" in ip and subnet_of(ip) is None:
            unread.add("ips")
            complain(f"ips[{number}]: {_written(ip)} is not an address with a prefix.")
    return options, unread, faults


def _written(ip: Document) -> str:
    rest: Optional[Any] = ip.get("prefix", ip.get("netmask"))
    return str(ip["address"]) if rest is None else f"{ip['address']}/{rest}"
