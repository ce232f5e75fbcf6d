# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which elements of a network's <metadata> are the collection's own; what they say is in _xml/mark.py.

libvirt keeps one element per namespace in <metadata>, so everything of ours lives in one element.
"""

from __future__ import annotations

from .field import Document

NAMESPACE = "https://virtfleet.network/ns/1"


def is_own_element(element: str) -> bool:
    """Whether a metadata element (canonical XML) is ours."""
    return f'="{NAMESPACE}"' in element.partition(">")[0]


def own(document: Document) -> list[str]:
    return [text for text in document.get("metadata", ()) if is_own_element(text)]


def foreign(document: Document) -> list[str]:
    return [text for text in document.get("metadata", ()) if not is_own_element(text)]


def namespace_of(text: str) -> str:
    """The namespace of a metadata element in canonical XML: the declaration for the prefix of its own tag."""
    head = text.partition(">")[0]
    tag = head[1:].split()[0].rstrip("/")
    prefix, colon, _local = tag.partition(":")
    declared = f'xmlns:{prefix}="' if colon else 'xmlns="'
    return head.partition(declared)[2].partition('"')[0]


def first_of_each_namespace(elements: list[str]) -> list[str]:
    """What libvirt keeps of the elements of a <metadata>: of each namespace the first, and none without one."""
    first: dict[str, str] = {}
    for text in elements:
        first.setdefault(namespace_of(text), text)
    return [text for namespace, text in first.items() if namespace]
