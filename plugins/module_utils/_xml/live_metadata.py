# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A metadata element in the form that virNetworkSetMetadata takes.

libvirt declares the prefix that it is given on the element, beside those that are there, and takes every node without a
namespace into it. An element comes out as it is only when it goes in without its prefix.
"""

from __future__ import annotations

from typing import Any, Optional

from .etree import etree, parse_xml


def make_settable(text: str) -> Optional[tuple[str, str]]:
    """The element without its prefix, and the prefix; None when libvirt would make another element of it."""
    root = parse_xml(text)
    space, prefix = etree.QName(root).namespace, root.prefix
    if not prefix or not space:
        return None
    for node in root.iter(etree.Element):
        spaces = [etree.QName(name).namespace for name in node.attrib]
        if etree.QName(node).namespace is None or None in node.nsmap or space in spaces:
            return None
        if node.nsmap.get(prefix) != space:  # the prefix means something else further inside
            return None
    return str(etree.tostring(_remove_prefix(root, space, prefix), encoding="unicode")), prefix


def _remove_prefix(node: Any, space: str, prefix: str, around: Any = None) -> Any:
    if not isinstance(node.tag, str):
        return etree.Comment(node.text) if node.tag is etree.Comment else etree.PI(node.target, node.text)
    outside = {} if around is None else around.nsmap
    spaces = {key: value for key, value in node.nsmap.items() if key != prefix and outside.get(key) != value}
    own = node.prefix == prefix
    copy = etree.Element(etree.QName(node).localname if own else node.tag, dict(node.attrib), nsmap=spaces)
    copy.text = node.text
    for child in node:
        inner = _remove_prefix(child, space, prefix, node)
        inner.tail = child.tail
        copy.append(inner)
    return copy
