# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<virtualport>: 802.1Qbg, 802.1Qbh, Open vSwitch, MidoNet."""

from __future__ import annotations

from . import address
from .field import EXTRA, Document, Entity, attribute, child, number

PARAMETERS = Entity(
    number("managerid", base=0),
    number("typeid", base=0),
    number("typeidversion", base=0),
    attribute("instanceid", same=address.uuid),
    attribute("profileid", default=""),
    attribute("interfaceid", same=address.uuid),
)


def _same(port: Document) -> Document:
    # Of MidoNet's parameters libvirt keeps one.
    parameters = port.get("parameters")
    if port.get("type") == "midonet" and parameters:
        kept = {name: value for name, value in parameters.items() if name in ("interfaceid", EXTRA)}
        port = {name: value for name, value in port.items() if name != "parameters"}
        if kept:
            port["parameters"] = kept
    return port


VIRTUALPORT = Entity(
    attribute("type", choices=("802.1Qbg", "802.1Qbh", "openvswitch", "midonet")),
    child("parameters", PARAMETERS),
    same=_same,
)
