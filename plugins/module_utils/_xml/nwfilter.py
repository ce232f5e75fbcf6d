# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nwfilters: whether two of one name, on two hosts, do the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from .etree import parse_xml, write_canonical_text


def compute_digests(texts: Iterable[str]) -> dict[str, str]:
    """Name -> a text that is equal for filters with equal rules, those of the filters that they refer to among them.

    texts: all of a host's. A UUID is the host's own and does not count.

    Raises VirtfleetError XML_INVALID and what parse_xml raises.
    """
    rules: dict[str, str] = {}
    used: dict[str, set[str]] = {}
    for text in texts:
        root = parse_xml(text)
        for node in root.findall("uuid"):
            root.remove(node)
        for node in root.iter():
            node.text = node.tail = None  # indentation; a filter has no text of its own
        name = str(root.get("name"))
        rules[name] = write_canonical_text(root)
        used[name] = {str(node.get("filter")) for node in root.iter("filterref")}
    return {name: _compute_digest(name, rules, used) for name in sorted(rules)}


def _compute_digest(name: str, rules: dict[str, str], used: dict[str, set[str]]) -> str:
    found, todo = {name}, [name]
    while todo:
        fresh = used.get(todo.pop(), set()) - found
        found |= fresh
        todo += fresh
    whole = "\n".join(rules.get(one, f"{one} is missing") for one in sorted(found))
    return hashlib.sha256(whole.encode()).hexdigest()
