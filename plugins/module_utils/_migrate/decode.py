# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data, as modules return it, read once into typed records.

A record is a frozen dataclass. Its annotations say what it takes: str, int, float, bool, Any, Optional, tuple[X, ...],
dict[str, X], other records, and Annotated[Document, ENTITY] for a part of a network's definition, whose values are
checked against the model. A field with a default may be absent; what a record does not name is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Callable, TypeVar, Union, get_args, get_origin, get_type_hints

from .._model.field import CHILD, CHILDREN, EXTRA, METADATA, TEXTS, VALUES, Document, Entity, Field

T = TypeVar("T")
Decoder = Callable[[Any, str], Any]


class DataError(Exception):
    """path: the place, empty for the whole; problem: what is wrong there, to follow "it"."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


def read_record(record: type[T], data: Any, path: str = "") -> T:
    """Raises DataError."""
    kind: Any = record
    result: T = _decoder(kind)(data, path)
    return result


# Optional[X] is Union[X, NoneType].
_NONE = type(None)


@cache
def _decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda data, _path: data
    if origin is Annotated:
        entity: Entity = arguments[1]
        return lambda data, path: _read_document(entity, data, path)
    if origin is Union:
        inner = _decoder(next(item for item in arguments if item is not _NONE))
        return lambda data, path: None if data is None else inner(data, path)
    if origin is tuple:
        return _sequence(_decoder(arguments[0]))
    if origin is dict:
        return _mapping(_decoder(arguments[1]))
    if is_dataclass(kind):
        return _record(kind)
    return _scalar(kind)


_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}


def _scalar(kind: Any) -> Decoder:
    accepted = (int, float) if kind is float else kind

    def decode(data: Any, path: str) -> Any:
        if not isinstance(data, accepted) or (kind is not bool and isinstance(data, bool)):
            raise DataError(path, f"has {path}, which is not {_NAMES[kind]}")
        return data

    return decode


def _sequence(inner: Decoder) -> Decoder:
    def decode(data: Any, path: str) -> Any:
        _require_list(data, path)
        return tuple([inner(item, f"{path}[{place}]") for place, item in enumerate(data)])

    return decode


def _mapping(inner: Decoder) -> Decoder:
    def decode(data: Any, path: str) -> Any:
        _require_mapping(data, path)
        return {str(name): inner(item, f"{path}.{name}") for name, item in data.items()}

    return decode


def _record(kind: Any) -> Decoder:
    hints = get_type_hints(kind, include_extras=True)
    needed = [(item.name, _decoder(hints[item.name]), item.default is MISSING) for item in fields(kind)]

    def decode(data: Any, path: str) -> Any:
        _require_mapping(data, path)
        dot = f"{path}." if path else ""
        lacking = [dot + name for name, _inner, required in needed if required and name not in data]
        if lacking:
            raise DataError(path, f"lacks {', '.join(lacking)}")
        return kind(**{name: inner(data[name], dot + name) for name, inner, _required in needed if name in data})

    return decode


def _require_list(data: Any, path: str) -> None:
    if not isinstance(data, Sequence) or isinstance(data, (str, bytes)):
        raise DataError(path, f"has {path}, which is not a list")


def _require_mapping(data: Any, path: str) -> None:
    if not isinstance(data, Mapping):
        raise DataError(path, f"has {path}, which is not a mapping" if path else "is not a mapping")


_SCALARS = {"int": _scalar(int), "bool": _scalar(bool), "onoff": _scalar(bool), "str": _scalar(str)}


def _read_document(entity: Entity, data: Any, path: str) -> Document:
    """A copy. Raises DataError for an option that the model does not know."""
    _require_mapping(data, path)
    strange = sorted(str(name) for name in data if name not in entity.fields and name != EXTRA)
    if strange:
        raise DataError(f"{path}.{strange[0]}", f"has {path}.{strange[0]}, which this version does not know")
    return {
        str(name): value if name == EXTRA else _read_value(entity.fields[name], value, f"{path}.{name}")
        for name, value in data.items()
    }


def _read_value(field: Field, value: Any, path: str) -> Any:
    if field.kind == CHILD and field.entity:
        return _read_document(field.entity, value, path)
    if field.kind == CHILDREN and field.entity:
        _require_list(value, path)
        return [_read_document(field.entity, item, f"{path}[{place}]") for place, item in enumerate(value)]
    if field.kind in (TEXTS, VALUES, METADATA):
        _require_list(value, path)
        return [_SCALARS["str"](item, f"{path}[{place}]") for place, item in enumerate(value)]
    return _SCALARS[field.type](value, path)
