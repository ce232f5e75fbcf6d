# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's devices that may be members of a pool, from netlink and sysfs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from .._model.device import Device, Upper
from .._model.host_link import KernelLink
from .netlink import read_netlink
from .sysfs import ROOT, LinkDevice, PciFunction, network_functions, read_link_device, read_pci_function

# What stands on a link and keeps others from it, or shares it with them.
_UPPER = ("macvtap", "macvlan", "ipvlan", "ipvtap")
# Links of guests or of the host itself, which can never be members.
_NEVER = (*_UPPER, "tun", "loopback")


def read_devices(root: str = ROOT, links: Optional[Sequence[KernelLink]] = None) -> tuple[Device, ...]:
    """Links in the order of their names, then PCI network functions without a link.

    links: read now if None. Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    links = read_netlink() if links is None else links
    functions = {
        address: function
        for address in network_functions(root)
        for function in [read_pci_function(address, root)]
        if function is not None
    }
    found = []
    for link in sorted(links, key=lambda link: link["name"]):
        if link["kind"] in _NEVER or link["name"] == "lo":
            continue
        beneath = read_link_device(link["name"], root)
        pci = beneath.pci
        function = functions.get(pci) or read_pci_function(pci, root) if pci else None
        found.append(_device(link, links, beneath, function))
    seen = {device.pci for device in found}
    return tuple(found) + tuple(
        _bare(address, functions[address]) for address in sorted(functions) if address not in seen
    )


def _device(
    link: KernelLink, links: Sequence[KernelLink], beneath: LinkDevice, function: Optional[PciFunction]
) -> Device:
    on_it = [other for other in links if other["parent"] == link["index"] and other["index"] != link["index"]]
    uppers = [other for other in on_it if other["kind"] in _UPPER]
    vlans = [other for other in on_it if other["kind"] == "vlan"]
    return Device(
        name=link["name"],
        pci=beneath.pci,
        kind=link["kind"],
        driver=beneath.driver or (link["kind"] if link["kind"] != "physical" else None),
        pf=() if function is None else function.pf,
        vf=None if function is None else function.vf,
        vfs=() if function is None else function.vfs,
        speed=beneath.speed,
        mtu=link["mtu"],
        carrier=link["carrier"],
        up=link["admin"] == "up",
        master=link["master"],
        addresses=link["addresses"] + tuple(a for vlan in vlans for a in vlan["addresses"]),
        default_route=link["default_route"] or any(vlan["default_route"] for vlan in vlans),
        uppers=tuple(Upper(other["name"], other["kind"], other["mac"], other["mode"]) for other in uppers),
    )


def _bare(address: str, function: PciFunction) -> Device:
    return Device(
        pci=address,
        driver=function.driver,
        pf=function.pf,
        vf=function.vf,
        vfs=function.vfs,
        up=False,
    )
