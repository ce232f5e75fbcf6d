# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sysfs shows of network devices: PCI addresses, drivers, speed, and the VFs of SR-IOV cards.

The root can be given, so that the layout of other machines can be read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional

from .._model.link_kinds import USUAL

ROOT = "/sys"
# Which of a host's settings say whether it passes packets on, below /proc/sys/net.
_FORWARDING = {"ipv4": "ipv4/ip_forward", "ipv6": "ipv6/conf/all/forwarding"}
_VIRTFN = re.compile(r"^virtfn([0-9]+)$")
_PCI = re.compile(r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")
# PCI class 02: network controllers.
_NETWORK_CLASS = "0x02"
IFF_UP = 0x1  # linux/if.h
# IFF_MULTI_QUEUE (linux/if_tun.h)
_MULTI_QUEUE = 0x100


@dataclass(frozen=True)
class LinkDevice:
    """The device of a link. pci: its address."""

    pci: Optional[str]
    driver: Optional[str]
    speed: Optional[int]


@dataclass(frozen=True)
class PciFunction:
    """links, pf: names of its links and of those of its physical function; vf: its number there; vfs: addresses, in
    order."""

    driver: Optional[str]
    links: tuple[str, ...]
    pf: tuple[str, ...]
    vf: Optional[int]
    vfs: tuple[str, ...]


def read_link_device(name: str, root: str = ROOT) -> LinkDevice:
    here = os.path.join(root, "class", "net", name)
    device = os.path.join(here, "device")
    # A virtio NIC's device is a virtio device, whose parent is the PCI function.
    pci = next((_pci_of(path) for path in (device, os.path.join(device, "..")) if _pci_of(path)), None)
    return LinkDevice(pci, _target(os.path.join(device, "driver")), _speed(here))


def link_names(root: str = ROOT) -> tuple[str, ...]:
    """Of all links."""
    return _names(os.path.join(root, "class", "net"))


def link_states(root: str = ROOT) -> dict[str, tuple[bool, Optional[bool]]]:
    """Of every link: whether it is up, and whether it has a carrier, which the kernel does not say of one that is
    down."""
    states: dict[str, tuple[bool, Optional[bool]]] = {}
    for name in link_names(root):
        here = os.path.join(root, "class", "net", name)
        flags = _read(os.path.join(here, "flags"))
        if flags:  # not gone meanwhile
            up = bool(int(flags, 16) & IFF_UP)
            carrier = _read(os.path.join(here, "carrier"))
            states[name] = (up, carrier == "1" if carrier and up else None)
    return states


def is_vf(name: str, root: str = ROOT) -> bool:
    """Whether a link is a VF's."""
    return os.path.exists(os.path.join(root, "class", "net", name, "device", "physfn"))


def had_carrier(name: str, root: str = ROOT) -> Optional[bool]:
    """Whether a link has had a carrier since it was made; None where that is not known."""
    count = _read(os.path.join(root, "class", "net", name, "carrier_up_count"))
    return int(count) > 0 if count.isdigit() else None


def has_queues(name: str, root: str = ROOT) -> Optional[bool]:
    """Whether a tap was made to have several queues; None where that is not known."""
    flags = _read(os.path.join(root, "class", "net", name, "tun_flags"))
    return bool(int(flags, 16) & _MULTI_QUEUE) if flags else None


def bridge_port_settings(name: str, root: str = ROOT) -> Optional[dict[str, bool]]:
    """How a link is set as a port of a Linux bridge, by the names of link_kinds.USUAL; None of any other link."""
    directory = os.path.join(root, "class", "net", name, "brport")
    if not os.path.isdir(directory):
        return None
    told = {setting: _read(os.path.join(directory, setting)).strip() for setting in USUAL}
    # A kernel that does not have a setting does not do it either.
    return {setting: value not in ("0", "0x0") for setting, value in told.items() if value}


def read_pci_function(address: str, root: str = ROOT) -> Optional[PciFunction]:
    """None if it does not exist."""
    here = os.path.join(root, "bus", "pci", "devices", address)
    if not os.path.isdir(here):
        return None
    physfn = os.path.join(here, "physfn")
    numbers = {vf: number for number, vf in enumerate(_virtfns(physfn))} if os.path.isdir(physfn) else {}
    return PciFunction(
        driver=_target(os.path.join(here, "driver")),
        links=_names(os.path.join(here, "net")),
        pf=_names(os.path.join(physfn, "net")),
        vf=numbers.get(address),
        vfs=tuple(_virtfns(here)),
    )


def read_usb(root: str = ROOT) -> set[str]:
    """vendor:product of every USB device, each as libvirt writes it: 0x0951:0x1666."""
    directory = os.path.join(root, "bus", "usb", "devices")
    numbers = (
        [_read(os.path.join(directory, name, file)).strip() for file in ("idVendor", "idProduct")]
        for name in _names(directory)
    )
    return {f"0x{vendor}:0x{product}" for vendor, product in numbers if vendor and product}


def forwarding(root: str = "/proc/sys/net") -> Optional[dict[str, bool]]:
    """Whether the host forwards packets, by family: ipv4, ipv6. None if that is unknown."""
    told = {family: _read(os.path.join(root, path)) for family, path in _FORWARDING.items()}
    # A host without IPv6 has no such file.
    return {family: value not in ("", "0") for family, value in told.items()} if told["ipv4"] else None


def network_functions(root: str = ROOT) -> tuple[str, ...]:
    """The addresses of all PCI functions that are network controllers."""
    directory = os.path.join(root, "bus", "pci", "devices")
    return tuple(
        address
        for address in _names(directory)
        if _read(os.path.join(directory, address, "class")).startswith(_NETWORK_CLASS)
    )


def _virtfns(function: str) -> list[str]:
    found = [(int(match.group(1)), name) for name in _names(function) for match in [_VIRTFN.match(name)] if match]
    targets = (_pci_of(os.path.join(function, name)) for _number, name in sorted(found))
    return [address for address in targets if address]


def _pci_of(path: str) -> Optional[str]:
    name = os.path.basename(os.path.realpath(path))
    return name if os.path.exists(path) and _PCI.match(name) else None


def _target(link: str) -> Optional[str]:
    return os.path.basename(os.path.realpath(link)) if os.path.exists(link) else None


def _names(directory: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(os.listdir(directory)))
    except OSError:
        return ()


def _speed(directory: str) -> Optional[int]:
    # A link that is down answers with an error, one of unknown speed with -1.
    text = _read(os.path.join(directory, "speed"))
    return int(text) if text.isdigit() and int(text) > 0 else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
