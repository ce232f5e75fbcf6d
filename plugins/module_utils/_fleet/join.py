# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contract and binding, joined to what one host shall have."""

from __future__ import annotations

from typing import Any, Optional

from .._model.desired import ACTIVE
from .._model.field import Document
from .._model.forward import is_virtual
from .binding import read_binding, read_bindings
from .contract import Promise
from .fault import BINDING_INVALID, BINDING_MISSING, BINDING_UNKNOWN, MTU_BROKEN, REACH_BROKEN, SUBNET_BROKEN, Fault
from .links import link_faults, made_bridges, read_links
from .pool import pool_fault
from .reach import derived_forward, reach_fault
from .settings import SETTINGS
from .subnet import subnets_broken


def join(
    promises: list[Promise], known: Optional[set[str]], bindings: Any, host: str, links: Any
) -> tuple[list[Document], list[Fault]]:
    """The networks of one host, in the contract's order, and everything wrong with them.

    promises: read from the contract; known: all its names, also of networks that could not be read, None when
    the contract says nothing; bindings: {name: options} as the user wrote them; links: as virt_network_info
    returns them, None when unknown. A network is {name, state, autostart, **options of the module virt_network}, with
    pool where virt_iface_pool is to fill it.
    """
    by_name, faults = read_bindings(bindings, host)
    for name in sorted(set(by_name) - (set(by_name) if known is None else known)):
        sentence = f"There is a binding for network {name}, which the contract does not have."
        faults.append(Fault(BINDING_UNKNOWN, host, name, sentence))
    networks: list[Document] = []
    for promise in promises:
        if promise.name not in by_name:
            sentence = f"Network {promise.name} of the contract has no binding here; an empty one ({{}}) will do where "
            sentence += "the host adds nothing."
            faults.append(Fault(BINDING_MISSING, host, promise.name, sentence))
        binding, unread, found = read_binding(promise, by_name.get(promise.name), host)
        if promise.name not in by_name:
            # Said once: without a binding nothing is known of these.
            unread |= {"forward", "ips"}
        network, broken = _joined(promise, binding, unread | promise.unread, host)
        networks.append(network)
        faults.extend([*found, *broken])
    present = read_links(links)
    if present is not None:
        made = made_bridges(networks)
        for promise, network in zip(promises, networks):
            faults.extend(link_faults(host, network, promise.mtu, present, made))
    return networks, faults


def _joined(promise: Promise, binding: Document, unread: set[str], host: str) -> tuple[Document, list[Fault]]:
    given: Document = {"state": ACTIVE, "autostart": True, **binding, **promise.options}
    faults: list[Fault] = []
    if promise.reach is not None:
        forward = derived_forward(promise.reach, given.get("forward"))
        if forward is not None:
            given["forward"] = forward
        sentence = reach_fault(promise.name, promise.reach, given, sure=not unread & {"forward", "bridge", "pool"})
        if sentence:
            faults.append(Fault(REACH_BROKEN, host, promise.name, sentence))
    if promise.mtu is not None and is_virtual(given):
        given["mtu"] = promise.mtu
    if "pool" in given:
        given["pool"] = _with_mtu(given["pool"], promise.mtu)
        problem = None if unread & {"forward", "bridge", "pool"} else pool_fault({"name": promise.name, **given})
        if problem:
            sentence = f"The binding of network {promise.name}: {problem}"
            faults.append(Fault(BINDING_INVALID, host, promise.name, sentence))
    unfit = _mtu_unfit(promise, given)
    if unfit:
        faults.append(Fault(MTU_BROKEN, host, promise.name, unfit))
    if promise.subnets is not None and promise.reach and "ips" not in {*promise.options, *unread}:
        for sentence in subnets_broken(promise.name, promise.reach, promise.subnets, given.get("ips", [])):
            faults.append(Fault(SUBNET_BROKEN, host, promise.name, sentence))
    ordered = {name: given[name] for name in SETTINGS.fields if name in given}
    return {"name": promise.name, **ordered}, faults


def _with_mtu(pool: Document, mtu: Optional[int]) -> Document:
    """What a match finds must let the promised frames pass, too."""
    if mtu is None or not pool.get("match"):
        return pool
    return {**pool, "match": {**pool["match"], "mtu": max(mtu, pool["match"].get("mtu", 0))}}


def _mtu_unfit(promise: Promise, network: Document) -> Optional[str]:
    if is_virtual(network) or not network.get("mtu"):
        return None
    return (
        f"The binding of network {promise.name} sets mtu, which libvirt takes only for a bridge that it makes itself: "
        f"promise it in the contract, and give it to the device that the network is bound to."
    )
