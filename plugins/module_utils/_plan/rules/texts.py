# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts with characters that libvirt or dnsmasq cannot store.

A line break in an option of dnsmasq would start another option in its configuration; other control characters are not
allowed in XML.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.errors import Path, Problem, shortened
from ..._model.field import EXTRA, METADATA, Document, Entity, Value
from ..._model.network import NETWORK

# Which keeps its lines.
_LINES = ("description",)


def check_texts(document: Document) -> Iterator[Problem]:
    """One problem for each option with a character that it must not have."""
    yield from _check_entity(NETWORK, document, Path())


def _check_entity(entity: Entity, document: Document, path: Path) -> Iterator[Problem]:
    for name, value in document.items():
        if name == EXTRA or entity.fields[name].kind == METADATA:
            continue  # XML that was parsed
        nested = entity.fields[name].entity
        for item in value if isinstance(value, list) else [value]:
            if nested is not None:
                yield from _check_entity(nested, item, path / name)
            else:
                yield from _check_text(path / name, item, "\n\t" if name in _LINES else "")


def _check_text(option: Path, value: Value, allowed: str) -> Iterator[Problem]:
    if isinstance(value, str) and any(_is_control(character) for character in value if character not in allowed):
        yield Problem(
            "TEXT_INVALID",
            option,
            "{path} is {shown}, which contains a line break or another control character.",
            shown=shortened(value),
        )


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF)
