# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One network as one host has it, seen from the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ..._model.canonical import canonical
from ..._model.desired import ACTIVE, declaration
from ..._model.field import METADATA, Document
from ..._model.forward import is_virtual
from ..._model.network import NETWORK
from ..links import link_mtus
from ..network_options import NETWORK_OPTIONS
from ..reach import MODES, underlying_links
from ..subnet import subnet_of

# What the contract never fixes: the MTU is read apart, and pending options are those of one host for a while.
_APART = ("name", "mtu", "pending")


class ObservedHost:
    """options: as a binding takes them, without defaults; same: the same in canonical form."""

    __slots__ = ("mtu", "network", "options", "pending", "reach", "same", "subnets")

    def __init__(self, network: Document, links: Any) -> None:
        """network: as virt_network_info returns it; links: likewise, None when unknown."""
        self.network = network
        self.reach = _reach(network)
        self.pending = list(network.get("pending") or ())
        self.mtu = network.get("mtu") if is_virtual(network) else _device_mtu(network, links)
        found = {subnet for subnet in map(subnet_of, network.get("ips") or ()) if subnet is not None}
        self.subnets = [str(subnet) for subnet in sorted(found, key=lambda net: (net.version, net))]
        self.options = {
            name: network[name] for name in NETWORK_OPTIONS.fields if name in network and self._is_said(name)
        }
        self.same = {**canonical(NETWORK, definition(network)), **self._settings()}

    def _is_said(self, name: str) -> bool:
        value = self.network[name]
        if name in _APART or value is None or value in ({}, [], ""):
            return False
        if name == "state":
            return bool(value != ACTIVE)
        if name == "autostart":
            return value is not True
        if name == "forward":
            # The mode follows from the reach, where it is the reach's first.
            return self.reach in (None, "l2") or value != {"mode": MODES[str(self.reach)][0]}
        field = NETWORK.fields.get(name)
        return field is not None and name not in ("uuid", "mac") and field.kind != METADATA

    def _settings(self) -> Document:
        return {name: self.options[name] for name in ("state", "autostart") if name in self.options}


def definition(network: Mapping[str, Any]) -> Document:
    """What of a network is its definition, without what libvirt generates for the network and others' metadata."""
    said = {
        name: value
        for name, value in network.items()
        if name in NETWORK.fields and name not in ("uuid", "mac") and NETWORK.fields[name].kind != METADATA
    }
    return {name: value for name, value in declaration(said).items() if value is not None}


def _reach(network: Document) -> Optional[str]:
    forward = network.get("forward")
    mode = forward.get("mode", "nat") if forward else None
    return next((reach for reach, modes in MODES.items() if mode in modes), None)


def _device_mtu(network: Document, links: Any) -> Optional[int]:
    """The smallest MTU of the links that the network is bound to, None when one of them is unknown."""
    known = link_mtus(links) or {}
    found = [known.get(link) for link in underlying_links(network)]
    sizes = [size for size in found if size is not None]
    return min(sizes) if sizes and len(sizes) == len(found) else None
