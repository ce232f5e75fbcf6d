# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own element in a network's <metadata>: the mark, and what libvirt has no place for."""

from __future__ import annotations

from collections.abc import Mapping

from .._model.field import Document
from .._model.mark import NAMESPACE, is_managed, own
from .etree import canonical_text, etree, parse

_TAG = f"{{{NAMESPACE}}}"


def read_limits(document: Document) -> dict[str, int]:
    """max_guests by member of a network's pool. What is no number there says nothing."""
    limits = {}
    for text in own(document):
        for node in parse(text).iterfind(f"{_TAG}member"):
            name, limit = node.get("name"), node.get("max_guests", "")
            if name and limit.isascii() and limit.isdigit() and 0 < len(limit) < 10 and int(limit):
                limits[name] = int(limit)
    return limits


def write_limits(document: Document, limits: Mapping[str, int]) -> list[str]:
    """Our own metadata of a network with these limits in place of those it has; empty when there is nothing to say."""
    texts = own(document)
    root = parse(texts[0]) if texts else etree.Element(f"{_TAG}network", nsmap={"virtfleet": NAMESPACE})
    for node in list(root.iterfind(f"{_TAG}member")):
        root.remove(node)
    for name, limit in sorted(limits.items()):
        etree.SubElement(root, f"{_TAG}member", name=name, max_guests=str(limit))
    if not len(root) and not is_managed(document) and not root.attrib:
        return []
    return [canonical_text(root)]
