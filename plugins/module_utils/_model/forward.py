# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<forward>: the mode, and the pool of host devices."""

from __future__ import annotations

from . import address
from .field import ATTRIBUTE, PCI, Document, Entity, Field, attribute, child, children, flag, number

MODES = ("nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev")
# An isolated network is one without <forward>.
VIRTUAL = (None, "nat", "route", "open")
POOL = ("bridge", "private", "vepa", "passthrough", "hostdev")

INTERFACE = Entity(
    attribute("dev", required=True),
    number("connections", volatile=True),
)
ADDRESS = Entity(
    Field("address", PCI, "address", same=address.pci, required=True),
    Field("multifunction", ATTRIBUTE, "multifunction", type="onoff", volatile=True),
    number("connections", volatile=True),
)
PF = Entity(attribute("dev", required=True))
DRIVER = Entity(
    attribute("name", choices=("kvm", "vfio", "xen")),
    attribute("model", since=(10, 0, 0)),
    flag("iommufd", since=(12, 1, 0)),
)
RANGE = Entity(
    attribute("start", required=True, same=address.ip),
    attribute("end", required=True, same=address.ip),
)
PORTS = Entity(number("start", required=True), number("end", required=True))


def _same_nat(nat: Document) -> Document:
    if nat.get("port") == {"start": 0, "end": 0}:  # to libvirt as if there were none
        del nat["port"]
    return nat


NAT = Entity(
    flag("ipv6", default=False, since=(6, 5, 0)),
    child("address", RANGE),
    # libvirt fills in this range in the live XML when there is none.
    child("port", PORTS, default={"start": 1024, "end": 65535}),
    same=_same_nat,
)


def _same(forward: Document) -> Document:
    """The dev attribute and the first interface mirror each other; VFs are read from a PF, not listed."""
    forward.setdefault("mode", "nat")
    if forward["mode"] != "hostdev":  # libvirt keeps it for no other
        forward.pop("managed", None)
    if "pf" in forward:
        forward.pop("interfaces", None)
        forward.pop("addresses", None)
        forward.pop("dev", None)
    dev = forward.pop("dev", None)
    if dev is not None:
        others = [i for i in forward.get("interfaces", ()) if i.get("dev") != dev]
        forward["interfaces"] = sorted([{"dev": dev}, *others], key=lambda i: str(i.get("dev")))
    return forward


FORWARD = Entity(
    attribute("mode", choices=MODES, blank=True),
    attribute("dev", blank=True),
    flag("managed", default=False, loose=True),
    child("driver", DRIVER),
    child("nat", NAT),
    child("pf", PF),
    children("interfaces", "interface", INTERFACE, key=lambda i: str(i.get("dev"))),
    children("addresses", "address", ADDRESS, key=lambda a: str(a.get("address"))),
    same=_same,
)


def mode_of(network: Document) -> str | None:
    """The forward mode of a network's document; None for an isolated network."""
    forward = network.get("forward")
    return None if forward is None else forward.get("mode", "nat")


def is_virtual(network: Document) -> bool:
    """Whether libvirt itself makes this network's bridge."""
    return mode_of(network) in VIRTUAL


def takes_pool(network: Document) -> bool:
    """Whether its guests may draw on host devices: a forward mode for it, and no bridge of the host's."""
    mode = mode_of(network)
    return mode in POOL and not (mode == "bridge" and (network.get("bridge") or {}).get("name"))


def has_pool(network: Document) -> bool:
    """Whether its guests draw on host devices (interfaces, addresses, a PF)."""
    forward = network.get("forward") or {}
    return mode_of(network) in POOL and bool(
        forward.get("interfaces") or forward.get("addresses") or forward.get("pf") or forward.get("dev")
    )


def members_of(network: Document) -> tuple[str, ...]:
    """Names of the interfaces and PCI addresses that a network's definition lists as its pool, in its order."""
    forward = network.get("forward") or {}
    if mode_of(network) not in POOL:
        return ()
    names = [str(item["dev"]) for item in forward.get("interfaces") or ()]
    names += [address.pci(str(item["address"])) for item in forward.get("addresses") or ()]
    dev = forward.get("dev")
    if dev and dev not in names:
        names.insert(0, str(dev))
    return tuple(names)
