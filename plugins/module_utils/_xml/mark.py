# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own element in a network's <metadata>: the mark, and what libvirt has no place for.

The mark contains name and UUID of the network that the collection created. A copy of the network's XML has the same
mark, which then belongs to another network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._model.field import Document
from .._model.mark import NAMESPACE, own
from .._model.plain_number import LARGEST, plain_number
from .etree import etree, parse_xml, write_canonical_text

_TAG = f"{{{NAMESPACE}}}"


def make_mark(name: str, uuid: str) -> list[str]:
    """Our own metadata of a network that the collection makes."""
    return [write_canonical_text(_sign_element(_make_element(), name, uuid))]


def is_managed(document: Document) -> bool:
    """Whether the collection made this network: not one like it, or one that it was copied from."""
    signs = [_read_sign(node) for node in _find_marks(document)]
    return (document.get("name"), str(document.get("uuid", "")).lower()) in signs


def has_old_mark(document: Document) -> bool:
    """Whether an older version made this network, or the one that it was copied from: its mark does not say which."""
    return any(_read_sign(node) == (None, "") for node in _find_marks(document))


def renew_mark(document: Document) -> list[str]:
    """Our own metadata of a network that exists, with a mark of its own in place of the one that it may have."""
    texts = own(document)
    root = parse_xml(texts[0]) if texts else _make_element()
    return [write_canonical_text(_sign_element(root, str(document["name"]), str(document["uuid"])))]


def _make_element() -> Any:
    return etree.Element(f"{_TAG}network", nsmap={"virtfleet": NAMESPACE})


def _sign_element(root: Any, name: str, uuid: str) -> Any:
    for attribute, value in (("managed", "yes"), ("name", name), ("uuid", uuid)):
        root.set(attribute, value)
    return root


def _find_marks(document: Document) -> list[Any]:
    found = [parse_xml(text) for text in own(document)]
    return [node for node in found if node.get("managed") == "yes"]


def _read_sign(node: Any) -> tuple[Any, str]:
    return node.get("name"), node.get("uuid", "").lower()


def read_limits(document: Document) -> dict[str, int]:
    """max_guests by member of a network's pool. Values that are not numbers are ignored."""
    limits = {}
    for text in own(document):
        for node in parse_xml(text).iterfind(f"{_TAG}member"):
            name, limit = node.get("name"), node.get("max_guests", "")
            number = plain_number(limit)
            if name and number and number <= LARGEST:
                limits[name] = number
    return limits


def write_limits(document: Document, limits: Mapping[str, int]) -> list[str]:
    """Our own metadata of a network with these limits in place of those it has; empty when there is nothing to say."""
    texts = own(document)
    root = parse_xml(texts[0]) if texts else _make_element()
    for node in list(root.iterfind(f"{_TAG}member")):
        root.remove(node)
    for name, limit in sorted(limits.items()):
        etree.SubElement(root, f"{_TAG}member", name=name, max_guests=str(limit))
    if not len(root) and not root.attrib:
        return []
    return [write_canonical_text(root)]
