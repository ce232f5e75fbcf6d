# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<virtualport>: 802.1Qbg, 802.1Qbh, Open vSwitch, MidoNet."""

from __future__ import annotations

from .field import Entity, attribute, child, number

PARAMETERS = Entity(
    number("managerid"),
    number("typeid"),
    number("typeidversion"),
    attribute("instanceid", same=str.lower),
    attribute("profileid"),
    attribute("interfaceid", same=str.lower),
)

VIRTUALPORT = Entity(
    attribute("type", choices=("802.1Qbg", "802.1Qbh", "openvswitch", "midonet")),
    child("parameters", PARAMETERS),
)
