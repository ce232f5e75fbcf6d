# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the links that networks are bound to exist, and carry full-size frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.desired import ACTIVE
from .._model.field import Document
from .._model.forward import is_virtual
from .fault import LINK_MISSING, MTU_BROKEN, Fault
from .pool import named_links
from .reach import underlying_links
from .user_values import as_int, as_str, is_list


def link_mtus(links: Any) -> Optional[dict[str, Optional[int]]]:
    """Name to MTU (None when it is not said) of the links that virt_network_info returns.

    None without a list: the host's links are then unknown.
    """
    if not is_list(links):
        return None
    result: dict[str, Optional[int]] = {}
    for link in links:
        name = as_str(link.get("name")) if isinstance(link, Mapping) else None
        if name:
            result[name] = as_int(link.get("mtu"))
    return result


def bridges_of_networks(networks: list[Document]) -> set[str]:
    """The bridges that libvirt makes for these networks: another network may be bound to one of them."""
    named = [(network.get("bridge") or {}).get("name") for network in networks if is_virtual(network)]
    return {name for name in named if name}


def link_faults(
    host: str, network: Document, mtu: Optional[int], links: dict[str, Optional[int]], made: set[str]
) -> list[Fault]:
    """The faults of one joined network.

    mtu: the promised one. made: bridges that are not there yet, but will be. A network that is not to be
    active is not judged: its host may not be set up yet.
    """
    if is_virtual(network) or network.get("state", ACTIVE) != ACTIVE:
        return []
    name = network["name"]
    faults = []
    for device in (*underlying_links(network), *named_links(network)):
        if device not in links:
            if device not in made:
                template = "Network {network} is bound to link {link}, which does not exist on the host."
                faults.append(Fault(LINK_MISSING, host, name, template, link=device))
            continue
        has = links[device]
        if mtu is not None and has is not None and has < mtu:
            template = "Network {network} requires MTU {mtu}, but link {link}, which it is bound to, has MTU {has}."
            faults.append(Fault(MTU_BROKEN, host, name, template, mtu=mtu, link=device, has=has))
    return faults
