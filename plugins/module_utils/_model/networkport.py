# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<networkport>: a guest's NIC as the network driver keeps it, with the settings that it was made with."""

from __future__ import annotations

from . import address
from .bandwidth import BANDWIDTH
from .field import ATTRIBUTE, PCI, WRAPPED, Entity, Field, attribute, child, flag, text
from .forward import DRIVER
from .network import PORT_OPTIONS
from .virtualport import VIRTUALPORT
from .vlan import VLAN

OWNER = Entity(text("name"), text("uuid"))
PLUG = Entity(
    attribute("type", choices=("network", "bridge", "direct", "hostdev-pci")),
    attribute("bridge"),
    attribute("mac_table_manager", "macTableManager", choices=("kernel", "libvirt")),
    attribute("dev"),
    attribute("mode", choices=("bridge", "private", "vepa", "passthrough")),
    flag("managed"),
    child("driver", DRIVER),
    child(
        "address",
        Entity(
            Field("address", PCI, "address", same=address.pci),
            Field("multifunction", ATTRIBUTE, "multifunction", type="onoff"),
        ),
    ),
)
NETWORKPORT = Entity(
    text("uuid"),
    child("owner", OWNER),
    Field("mac", WRAPPED, "mac", attribute="address"),
    text("group"),
    Field("trust_guest_rx_filters", WRAPPED, "rxfilters", attribute="trustGuest", type="bool"),
    child("virtualport", VIRTUALPORT),
    child("bandwidth", BANDWIDTH),
    child("vlan", VLAN),
    child("port", PORT_OPTIONS),
    child("plug", PLUG),
)
