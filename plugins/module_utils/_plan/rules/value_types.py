# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of values: a number, one of the choices, and present if libvirt requires the option.

Ansible checks most of this for options, but not for XML, and Ansible accepts true as a number.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.errors import Path, Problem, shortened
from ..._model.field import EXTRA, METADATA, Document, Entity, Field, Value
from ..._model.network import NETWORK

# Options whose absence has its own rule, with a better message, and options that libvirt does not require.
_ELSEWHERE = {
    "name": (Path(), Path("portgroups")),
    "address": (Path("ips"), Path("routes")),
    "ip": None,
    "start": None,
    "end": None,
}
_DISPENSABLE = {"expiry", "file"}
_KINDS = {"int": int, "str": str, "bool": bool, "onoff": bool}


def check_value_types(document: Document) -> Iterator[Problem]:
    """One problem for each value that is of another kind, or missing. The other rules can do without it."""
    yield from _check_entity(NETWORK, document, Path())


def _check_entity(entity: Entity, document: Document, path: Path) -> Iterator[Problem]:
    for field in entity.fields.values():
        if field.required and field.name not in document and not _is_seen_to(field, path):
            yield Problem("VALUE_INVALID", path, "{path} has no {name}, which is required.", name=field.name)
    for name, value in document.items():
        if name == EXTRA:
            continue
        field = entity.fields[name]
        if field.kind == METADATA:
            continue
        for item in value if isinstance(value, list) else [value]:
            if field.entity is not None:
                yield from _check_entity(field.entity, item, path / name)
            else:
                yield from _check_value(field, path / name, item)


def _is_seen_to(field: Field, path: Path) -> bool:
    where = _ELSEWHERE.get(field.name, ())
    return field.name in _DISPENSABLE or where is None or path in where


def _check_value(field: Field, option: Path, value: Value) -> Iterator[Problem]:
    kind = _KINDS[field.type]
    # To Python True is the number 1, and so it is to Ansible.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        what = {"int": "a number", "str": "a string"}.get(field.type, "true or false")
        yield Problem(
            "VALUE_INVALID", option, "{path} is {value}; it must be {what}.", value=shortened(value), what=what
        )
    elif field.choices and value not in field.choices:
        yield Problem(
            "VALUE_INVALID",
            option,
            "{path} is {value}; it must be one of {choices}.",
            value=shortened(value),
            choices=", ".join(field.choices),
        )
