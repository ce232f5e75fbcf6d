# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network's document to libvirt's network XML and back."""

from __future__ import annotations

from .._model.errors import VirtfleetError
from .._model.field import Document, Entity
from .._model.network import DNSMASQ, NETWORK
from .codec import fill_element, read_element, write_element
from .etree import etree, parse_xml, write_text


def parse_network(xml: str) -> Document:
    """The document of a <network>. Raises VirtfleetError XML_INVALID and what parse_xml raises."""
    root = parse_xml(xml)
    if root.tag != "network":
        raise VirtfleetError("XML_INVALID", f"The XML is a <{root.tag}>, not a <network>.")
    document = read_element(NETWORK, root)
    if (document.get("forward") or {}).get("mode") == "none":  # libvirt's word for an isolated network
        del document["forward"]
    return document


def write_network(document: Document) -> str:
    """The <network> of a document; parse_network gives the document back."""
    root = etree.Element("network", nsmap={"dnsmasq": DNSMASQ.strip("{}")} if "dnsmasq_options" in document else None)
    fill_element(NETWORK, root, document)
    return write_text(root)


def normalize_metadata(metadata: list[str]) -> list[str]:
    """Metadata elements as a document carries them, however a user spelled them.

    Raises VirtfleetError XML_INVALID and what parse_xml raises.
    """
    document = parse_network(write_network({"metadata": metadata}))
    return list(document.get("metadata", ()))


def write_fragment(entity: Entity, tag: str, document: Document) -> str:
    """One element by itself, as virNetworkUpdate takes it."""
    return write_text(write_element(entity, tag, document))
