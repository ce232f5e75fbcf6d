# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A <networkport>: one guest NIC plugged into a network."""

from __future__ import annotations

from typing import Optional

from .._model.field import Document
from .._model.guest import SETTINGS
from .._model.networkport import NETWORKPORT
from .._model.plugged import GUEST, Plugged
from .codec import fill_element, read_element
from .etree import etree, parse_xml, write_text


def parse_port(xml: str) -> Plugged:
    """Who is plugged in, and into what. Raises VirtfleetError XML_INVALID."""
    port = read_element(NETWORKPORT, parse_xml(xml))
    owner = port.get("owner", {})
    return Plugged(
        GUEST,
        owner.get("name") or "?",
        mac=port.get("mac"),
        uuid=owner.get("uuid"),
        portgroup=port.get("group"),
        port=port.get("uuid"),
        member=_read_member(port.get("plug", {})),
        xml=xml,
    )


def make_new_port(xml: str) -> str:
    """The port without what libvirt gave it, to be allocated again. Raises VirtfleetError XML_INVALID."""
    root = parse_xml(xml)
    for given in (*root.findall("plug"), *root.findall("class")):
        root.remove(given)
    return write_text(root)


def is_allocated(xml: str) -> bool:
    return parse_xml(xml).find("plug") is not None


def read_settings_from_network(xml: str) -> Document:
    """The settings that a port was made with, in the form of a portgroup's. Raises VirtfleetError XML_INVALID."""
    port = read_element(NETWORKPORT, parse_xml(xml))
    return {name: port[name] for name in SETTINGS if name in port}


def replace_port_settings(xml: str, settings: Document) -> str:
    """The port with other settings; one that is None goes. Raises VirtfleetError XML_INVALID."""
    root = parse_xml(xml)
    for name in settings:
        for element in root.findall(NETWORKPORT.fields[name].xml):
            root.remove(element)
    fill_element(NETWORKPORT, root, settings)
    return write_text(root)


def _read_member(plug: Document) -> Optional[str]:
    """A bridge is no member: it is there for everyone."""
    if plug.get("type") == "direct":
        return str(plug.get("dev"))
    member: Optional[str] = plug.get("address", {}).get("address")
    return member


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
    return write_text(root)
