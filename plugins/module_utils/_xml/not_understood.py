# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of a domain's XML the migration check does not understand, by _model/domain_schema.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._model.domain_schema import UNKNOWN, is_understood_by_value, meaning_of, meaning_of_attribute


def find_not_understood(root: Any) -> list[str]:
    """Paths below <domain>, each once: devices/disk/source/@protocol, qemu:commandline."""
    return sorted({path for node in root for path in _find_below(node, "")} | set(_find_attributes(root, "")))


def _find_below(node: Any, above: str) -> Iterator[str]:
    if not isinstance(node.tag, str):  # a comment
        return
    name = node.tag
    if name.startswith("{"):  # another vocabulary, as QEMU's own arguments
        yield f"{above}{node.prefix or 'another'}:{name.rpartition('}')[2]}"
        return
    path = f"{above}{name}"
    if meaning_of(path, dict(node.attrib), (node.text or "").strip())[0] == UNKNOWN:
        yield path
        return
    yield from _find_attributes(node, path)
    if path == "metadata":
        return
    for child in node:
        yield from _find_below(child, f"{path}/")


def _find_attributes(node: Any, path: str) -> Iterator[str]:
    for name, value in node.attrib.items():
        found = meaning_of_attribute(path, name)
        if found is not None and found[0] == UNKNOWN and not is_understood_by_value(path, name, value):
            yield f"{path}/@{name}" if path else f"@{name}"
