# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a document in which no difference is left that libvirt does not make.

libvirt drops what says its default, compresses addresses, mirrors devices; a person writes a netmask where
another writes a prefix. Two documents mean the same exactly when their canonical forms are equal.
"""

from __future__ import annotations

import json

from .field import CHILD, CHILDREN, EXTRA, Document, Entity, Field, Value

_NOTHING: tuple[Value, ...] = ({}, [], None)


def canonical(entity: Entity, document: Document) -> Document:
    """A new document; the one given is left alone. Lists whose order means nothing come sorted."""
    result: Document = {}
    for name, value in document.items():
        if name == EXTRA:
            result[name] = value
            continue
        field = entity.fields[name]
        if field.volatile:
            continue
        value = canonical_value(field, value)
        if value in _NOTHING or _is_default(field, value):
            continue
        result[name] = value
    return entity.same(result) if entity.same else result


def canonical_value(field: Field, value: Value) -> Value:
    """The canonical form of one option's value."""
    if value is None:
        return None
    if field.kind == CHILD and field.entity:
        return canonical(field.entity, value)
    if field.kind == CHILDREN and field.entity:
        items = [canonical(field.entity, item) for item in value]
        return sorted(items, key=lambda item: _place(field, item)) if field.key and len(items) > 1 else items
    return field.same(value) if field.same else value


def _place(field: Field, item: Document) -> tuple[bool, Value, str]:
    """Where an item stands in a sorted list: by its key, which may be missing, then by all that it says."""
    key = field.key(item) if field.key else None
    return key is not None, 0 if key is None else key, json.dumps(item, sort_keys=True)


def _is_default(field: Field, value: Value) -> bool:
    return field.default is not None and type(value) is type(field.default) and value == field.default
