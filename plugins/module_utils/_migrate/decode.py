# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data, as modules return it, read once into typed records.

A record is a frozen dataclass. Its annotations say what it takes: str, int, float, bool, Any, Optional, tuple[X, ...],
dict[str, X], other records, Amount for an integer that is not negative, and Annotated[Document, ENTITY] for a part of a
network's definition, whose values are checked against the model. A field with a default may be absent; what a record
does not name is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Callable, TypeVar, Union, get_args, get_origin, get_type_hints

from .._model.field import CHILD, CHILDREN, EXTRA, METADATA, TEXTS, VALUES, Document, Entity, Field

T = TypeVar("T")
Decoder = Callable[[Any], Any]
_NOT_NEGATIVE = object()
Amount = Annotated[int, _NOT_NEGATIVE]


class DataError(Exception):
    """path: the place, empty for the whole; problem: what is wrong there, to follow "it"."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


class _RefusedError(Exception):
    """The path to the value is put together on the way out: most values are accepted, and there are many."""

    def __init__(self, problem: Callable[[str], str], path: str = "") -> None:
        super().__init__()
        self.problem = problem
        self.path = path

    def within(self, step: str) -> _RefusedError:
        self.path = step + self.path
        return self


def read_record(record: type[T], data: Any, path: str = "") -> T:
    """Raises DataError."""
    kind: Any = record
    try:
        result: T = _decoder(kind)(data)
    except _RefusedError as refused:
        full = path + refused.path if path else refused.path.lstrip(".")
        raise DataError(full, refused.problem(full)) from None
    return result


# Optional[X] is Union[X, NoneType].
_NONE = type(None)


@cache
def _decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda data: data
    if kind == Amount:
        return _amount
    if origin is Annotated:
        entity: Entity = arguments[1]
        return lambda data: _read_document(entity, data)
    if origin is Union:
        inner = _decoder(next(item for item in arguments if item is not _NONE))
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        return _sequence(_decoder(arguments[0]))
    if origin is dict:
        return _mapping(_decoder(arguments[1]))
    if is_dataclass(kind):
        return _record(kind)
    return _scalar(kind)


_MOST = 2**50
_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}


def _scalar(kind: Any) -> Decoder:
    accepted = (int, float) if kind is float else kind
    no_bool = kind in (int, float)

    def decode(data: Any) -> Any:
        if not isinstance(data, accepted) or (no_bool and isinstance(data, bool)):
            raise _RefusedError(lambda path: f"has {path}, which is not {_NAMES[kind]}")
        return data

    return decode


def _amount(data: Any) -> int:
    number: int = _scalar(int)(data)
    # The solver counts in floating point numbers, which are not exact above.
    if not 0 <= number <= _MOST:
        raise _RefusedError(lambda path: f"has {path}, which is not a valid number")
    return number


def _sequence(inner: Decoder) -> Decoder:
    def decode(data: Any) -> Any:
        return tuple(_items(inner, data))

    return decode


def _items(inner: Decoder, data: Any) -> list[Any]:
    if not isinstance(data, (list, tuple)) and (not isinstance(data, Sequence) or isinstance(data, (str, bytes))):
        raise _RefusedError(lambda path: f"has {path}, which is not a list")
    result = []
    try:
        for item in data:
            result.append(inner(item))
    except _RefusedError as refused:
        raise refused.within(f"[{len(result)}]") from None
    return result


def _mapping(inner: Decoder) -> Decoder:
    def decode(data: Any) -> Any:
        _require_mapping(data)
        result, name = {}, ""
        try:
            for name, item in data.items():
                result[str(name)] = inner(item)
        except _RefusedError as refused:
            raise refused.within(f".{name}") from None
        return result

    return decode


def _record(kind: Any) -> Decoder:
    hints = get_type_hints(kind, include_extras=True)
    decoders = [(item.name, _plain_types(hints[item.name]), _decoder(hints[item.name])) for item in fields(kind)]
    required = [item.name for item in fields(kind) if item.default is MISSING]

    def decode(data: Any) -> Any:
        _require_mapping(data)
        lacking = [name for name in required if name not in data]
        if lacking:
            raise _RefusedError(lambda path: "lacks " + ", ".join(f"{path}.{name}".lstrip(".") for name in lacking))
        read, name = {}, ""
        try:
            for name, plain, inner in decoders:
                if name in data:
                    value = data[name]
                    read[name] = value if value.__class__ in plain else inner(value)
        except _RefusedError as refused:
            raise refused.within(f".{name}") from None
        return kind(**read)

    return decode


def _plain_types(kind: Any) -> frozenset[Any]:
    """The types whose values are taken as they are, by which most values need no decoder. Of their subclasses, and of
    values that are refused, that decides."""
    if get_origin(kind) is Union:
        return frozenset().union(*map(_plain_types, get_args(kind)))
    if kind is float:
        return frozenset((int, float))
    return frozenset((kind,)) if kind in (*_NAMES, _NONE) else frozenset()


def _require_mapping(data: Any) -> None:
    if not isinstance(data, dict) and not isinstance(data, Mapping):
        raise _RefusedError(lambda path: f"has {path}, which is not a mapping" if path else "is not a mapping")


_SCALARS = {"int": _scalar(int), "bool": _scalar(bool), "onoff": _scalar(bool), "str": _scalar(str)}


def _read_document(entity: Entity, data: Any) -> Document:
    """A copy. Raises _RefusedError for an option that the model does not know."""
    _require_mapping(data)
    known = entity.fields
    strange = sorted(str(name) for name in data if name not in known and name != EXTRA)
    if strange:
        raise _RefusedError(lambda path: f"has {path}, which this version does not know", f".{strange[0]}")
    result, name = {}, ""
    try:
        for name, value in data.items():
            result[str(name)] = value if name == EXTRA else _value_decoder(known[name])(value)
    except _RefusedError as refused:
        raise refused.within(f".{name}") from None
    return result


def _read_element(entity: Entity, data: Any) -> Document:
    """The same below the network itself, of which a document may have only some options."""
    found = _read_document(entity, data)
    lacking = [name for name in _required(entity) if found.get(name) is None]
    if lacking:
        raise _RefusedError(lambda path: f"lacks {path}", f".{lacking[0]}")
    return found


@cache
def _required(entity: Entity) -> tuple[str, ...]:
    """What libvirt shows of every such element."""
    return tuple(name for name, field in entity.fields.items() if field.required and not field.blank)


@cache
def _value_decoder(field: Field) -> Decoder:
    entity = field.entity
    if field.kind == CHILD and entity:
        return lambda value: _read_element(entity, value)
    if field.kind == CHILDREN and entity:
        return lambda value: _items(lambda item: _read_element(entity, item), value)
    if field.kind in (TEXTS, VALUES, METADATA):
        return lambda value: _items(_SCALARS["str"], value)
    return _SCALARS[field.type]
