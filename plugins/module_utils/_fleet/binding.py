# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host builds the contract's networks from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.field import Document
from .contract import Promise
from .fault import BINDING_INVALID, BINDING_OVERRIDES, Fault
from .settings import read_network
from .shape import as_str, shown
from .subnet import subnet_of


def read_bindings(bindings: Any, host: str) -> tuple[dict[str, Any], list[Fault]]:
    """Each binding by the name of its network, unread.

    bindings: a mapping, or None for none at all. Never raises.
    """
    if bindings is None:
        return {}, []
    if not isinstance(bindings, Mapping):
        sentence = f"The bindings must be a mapping of network names, not {shown(bindings)}."
        return {}, [Fault(BINDING_INVALID, host, "", sentence)]
    result: dict[str, Any] = {}
    faults = []
    for key, value in bindings.items():
        name = as_str(key)
        if name:
            result[name] = value
        else:
            sentence = f"{key!r} is no name of a network; quote it if it is meant as one."
            faults.append(Fault(BINDING_INVALID, host, "", sentence))
    return result, faults


def read_binding(promise: Promise, binding: Any, host: str) -> tuple[Document, set[str], list[Fault]]:
    """The options that the host adds to what the contract gives, those not wholly readable, and what is wrong.

    binding: a mapping or None. Where it sets what the contract promises, the contract's word stays.
    """
    faults: list[Fault] = []

    def complain(sentence: str) -> None:
        faults.append(Fault(BINDING_INVALID, host, promise.name, f"The binding of network {promise.name}: {sentence}"))

    if binding is None:
        return {}, set(), []
    if not isinstance(binding, Mapping):
        complain(f"it must be a mapping of options, not {shown(binding)}.")
        return {}, {"forward", "ips"}, faults
    given = {key: value for key, value in binding.items() if value is not None}
    promised = promise.gives()
    for option in sorted(key for key in given if isinstance(key, str) and key in promised):
        del given[option]
        sentence = f"The binding of network {promise.name} sets {option}, which the contract says for every host."
        faults.append(Fault(BINDING_OVERRIDES, host, promise.name, sentence))
    options, unread = read_network(given, complain)
    for number, ip in enumerate(options.get("ips", ())):
        if "address" in ip and subnet_of(ip) is None:
            unread.add("ips")
            complain(f"ips[{number}]: {_written(ip)} is no address with a prefix.")
    return options, unread, faults


def _written(ip: Document) -> str:
    rest: Optional[Any] = ip.get("prefix", ip.get("netmask"))
    return str(ip["address"]) if rest is None else f"{ip['address']}/{rest}"
