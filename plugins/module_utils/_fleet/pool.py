# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools described by the properties of their members: which networks may have one.

virt_networks creates the network with its current members; virt_iface_pool updates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model import address
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.forward import mode_of, takes_pool
from .._plan.pool.ranges import expand_ranges
from .._plan.pool.request import Request
from .network_options import read_network_options
from .user_values import shown

# The options of forward that name members, with their types.
_MEMBERS = ("dev", "pf", "interfaces", "addresses")


def pool_fault(network: Document) -> Optional[str]:
    """The fault of a joined network's pool, as the end of a sentence; None when there is none."""
    try:
        expand_ranges(network["pool"].get("members") or ())
    except VirtfleetError as error:
        return f"pool: {error.sentence}"
    if network["pool"].get("match") == {}:
        return "pool.match is empty and would match every link; give at least one condition."
    problem = _request(network).problem
    if problem:
        return f"pool: {problem}."
    if not takes_pool(network):
        return "pool needs forward mode bridge (without a bridge name), private, vepa, passthrough or hostdev."
    given = [f"forward.{option}" for option in _MEMBERS if option in network["forward"]]
    return f"pool and {given[0]} both name members; remove one of them." if given else None


def _request(network: Document) -> Request:
    """network: a joined one that has a pool."""
    pool = network["pool"]
    members = pool.get("members")
    return Request(
        network["name"],
        members=None if members is None else tuple(members),
        match=pool.get("match", {}),
        **{option: pool[option] for option in ("pf", "vfs", "exclusive", "drain", "max_guests") if option in pool},
    )


def named_links(network: Document) -> list[str]:
    """The links that a joined network's pool names itself: members and the PF, not what match finds."""
    pool = network.get("pool") or {}
    try:
        members = expand_ranges(pool.get("members") or ())
    except VirtfleetError:
        members = []
    return [name for name in (*members, pool.get("pf")) if name and not address.is_pci(name)]


def with_members(network: Document, there: dict[str, Document]) -> Document:
    """The network as virt_networks takes it: with the members that it has on the host, by whatever they were found.

    there: the host's networks by name, as virt_network_info tells them.
    """
    rest = {option: value for option, value in network.items() if option != "pool"}
    old = there.get(network["name"], {})
    if "pool" not in network or not takes_pool(old):
        return rest
    # PCI addresses are no links.
    if (mode_of(old) == "hostdev") != (mode_of(rest) == "hostdev"):
        return rest
    members = {option: old["forward"][option] for option in _MEMBERS if option in old["forward"]}
    return {**rest, "forward": {**rest["forward"], **members}}


def networks_on_hosts(networks: Any) -> dict[str, Document]:
    """The networks of virt_network_info by name. Raises ValueError with a sentence for anything else."""
    if not isinstance(networks, (list, tuple)):
        raise ValueError(f"this is {shown(networks)}.")
    there: dict[str, Document] = {}
    for number, network in enumerate(networks):
        if not isinstance(network, Mapping) or not isinstance(network.get("name"), str):
            raise ValueError(f"[{number}] is not a network with a name, but {shown(network)}.")
        complaints: list[str] = []
        wanted = {option: network[option] for option in ("forward", "bridge") if network.get(option)}
        options, _unread = read_network_options(wanted, complaints.append)
        if complaints:
            raise ValueError(f"[{number}]: {complaints[0]}")
        there[str(network["name"])] = options
    return there
