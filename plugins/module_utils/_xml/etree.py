# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""lxml, if the host has it; and the only parser used, which never fetches or expands anything."""

from __future__ import annotations

from typing import Any

from .._model.errors import VirtfleetError

__all__ = ["etree", "parse_xml", "write_canonical_text", "write_text"]

try:
    from lxml import etree
except ImportError:  # said to the user by the dependency gate, before anything here is called
    etree = None  # type: ignore[assignment]

# libvirt's own limit for a network definition over the wire is 4 MiB; a real one has a few KiB.
MAX_BYTES = 1024 * 1024


def parse_xml(xml: str) -> Any:
    """The root element of an XML text.

    Raises VirtfleetError XML_TOO_LARGE, XML_UNSAFE (a document type, hence entities) or XML_INVALID.
    """
    raw = xml.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise VirtfleetError("XML_TOO_LARGE", f"The XML has {len(raw)} bytes; the maximum is {MAX_BYTES}.")
    parser = etree.XMLParser(
        encoding="utf-8",  # what raw is, whatever the XML declares
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # msg is without the "(<string>, line 1)" that str() adds to the position which it has already.
        message = " ".join(str(getattr(error, "msg", None) or error).split())[:300]
        raise VirtfleetError("XML_INVALID", f"The XML cannot be parsed: {message}.") from None
    if root.getroottree().docinfo.doctype:
        raise VirtfleetError("XML_UNSAFE", "The XML has a document type declaration, which is not allowed; remove it.")
    return root


def write_text(element: Any) -> str:
    """The element as text, indented as libvirt does: not where there is text beside the elements."""
    return str(etree.tostring(element, encoding="unicode", pretty_print=True, with_tail=False)).rstrip("\n")


def write_canonical_text(element: Any) -> str:
    """One spelling for elements that mean the same (exclusive C14N); carried verbatim otherwise."""
    tail, element.tail = element.tail, None
    try:
        return etree.tostring(element, method="c14n", exclusive=True).decode("utf-8")
    finally:
        element.tail = tail
