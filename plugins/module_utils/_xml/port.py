# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A <networkport>: one guest NIC plugged into a network."""

from __future__ import annotations

from typing import Any, Optional

from .._model.field import Document
from .._model.plugged import GUEST, Plugged
from .codec import pci_address
from .etree import etree, parse, to_text


def parse_port(xml: str) -> Plugged:
    """Who is plugged in, and into what. Raises VirtfleetError XML_INVALID."""
    root = parse(xml)
    mac = root.find("mac")
    return Plugged(
        GUEST,
        root.findtext("owner/name") or "?",
        mac=None if mac is None else mac.get("address"),
        uuid=root.findtext("owner/uuid"),
        portgroup=root.findtext("group"),
        port=root.findtext("uuid"),
        member=_member(root.find("plug")),
        xml=xml,
    )


def port_settings(xml: str) -> Document:
    """The settings that a port was made with, in the form of a portgroup's. Raises VirtfleetError XML_INVALID."""
    from .._model.bandwidth import BANDWIDTH
    from .._model.virtualport import VIRTUALPORT
    from .._model.vlan import VLAN
    from .codec import read

    root = parse(xml)
    settings: Document = {}
    for name, entity in (("virtualport", VIRTUALPORT), ("bandwidth", BANDWIDTH), ("vlan", VLAN)):
        for node in root.iterfind(name):
            settings[name] = read(entity, node)
    filters = root.find("rxfilters")
    if filters is not None:
        settings["trust_guest_rx_filters"] = filters.get("trustGuest") == "yes"
    return settings


def _member(plug: Any) -> Optional[str]:
    """A bridge is no member: it is there for everyone."""
    if plug is None:
        return None
    if plug.get("type") == "direct":
        return str(plug.get("dev"))
    address = plug.find("address")
    return None if address is None else pci_address(dict(address.attrib))


def write_port(port: Plugged, mode: str = "", bridge: str = "") -> str:
    """The <networkport> of a NIC, as far as putting it back needs it: of a macvtap (mode is its mode) when the port
    holds a member, else of a tap in a bridge that libvirt made."""
    root = etree.Element("networkport")
    etree.SubElement(root, "uuid").text = port.port
    owner = etree.SubElement(root, "owner")
    etree.SubElement(owner, "name").text = port.name
    etree.SubElement(owner, "uuid").text = port.uuid
    if port.portgroup:
        etree.SubElement(root, "group").text = port.portgroup
    etree.SubElement(root, "mac", address=port.mac or "")
    if port.member:
        etree.SubElement(root, "plug", type="direct", dev=port.member, mode=mode)
    else:
        etree.SubElement(root, "plug", type="network", bridge=bridge, macTableManager="kernel")
    return to_text(root)
