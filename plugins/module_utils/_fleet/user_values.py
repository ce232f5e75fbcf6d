# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as users write them, read as the plain options of an entity of the model.

Values come from YAML and templates: a number may be a string, a string a tagged subclass of str, a mapping
something lazy. The result is plain dict, list, str, int and bool.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Callable, Optional

from .._model.field import CHILD, CHILDREN, METADATA, TEXTS, VALUES, Document, Entity, Field, Value

Complain = Callable[[str], None]

_TRUE = ("yes", "true", "on", "1")
_FALSE = ("no", "false", "off", "0")


def read_options(
    entity: Entity, given: Mapping[Any, Any], path: str, complain: Complain, beside: Collection[str] = ()
) -> Document:
    """The known options of a mapping, in the model's order. What is null counts as not given. beside: options that are
    read elsewhere.

    complain is called with a sentence for everything that cannot be read; the rest is returned.
    """
    names = {plain_str(name): name for name in given if isinstance(name, str)}
    for name in sorted(str(n) for n in given if not isinstance(n, str)):
        complain(f"{path}{name} is not an option; quote it if it is a name.")
    # Volatile fields are state that libvirt shows, not options.
    known = {name: field for name, field in entity.fields.items() if not field.volatile}
    for name in sorted(set(names) - set(known)):
        complain(f"{path}{name} is not an option here; {_meant(name, (*beside, *known))}.")
    result: Document = {}
    for name, field in known.items():
        value = given[names[name]] if name in names else None
        if value is not None:
            value = _value(field, value, path + name, complain)
        if value is not None:
            result[name] = value
        elif field.required and names.get(name) is None:
            complain(f"{path}{name} is required.")
    return result


def _meant(name: str, options: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), options, 1)
    return f"the closest one is {near[0]}" if near else f"the options are {', '.join(options)}"


def plain_str(value: str) -> str:
    """An exact str of a str or of a subclass, whatever the subclass makes of str()."""
    return str.__str__(value)


def as_str(value: Any) -> Optional[str]:
    """A string or a number as a string, None when it is neither."""
    if isinstance(value, str):
        return plain_str(value)
    # A bool is what YAML made of an unquoted yes or no; the string "True" is never meant.
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_int(value: Any) -> Optional[int]:
    """An integer, also written as a string, None when it is no integer."""
    if isinstance(value, str):
        try:
            return int(plain_str(value).strip())
        except ValueError:
            return None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def as_bool(value: Any) -> Optional[bool]:
    """A boolean, also as YAML and templates write it, None when it is not one."""
    word = as_str(value)
    if word is not None:
        word = word.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return bool(value) if isinstance(value, bool) else None


def is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def as_list(value: Any) -> Sequence[Any]:
    """Empty for anything else."""
    return value if is_list(value) else ()


def _value(field: Field, value: Any, path: str, complain: Complain) -> Value:
    """The plain value; None after a complaint."""
    if field.kind == CHILD and field.entity:
        if not isinstance(value, Mapping):
            complain(f"{path} must be a mapping, not {shown(value)}.")
            return None
        return read_options(field.entity, value, path + ".", complain)
    if field.kind == CHILDREN and field.entity:
        return _items(field.entity, value, path, complain)
    if field.kind in (TEXTS, VALUES, METADATA):
        return _strings(value, path, complain)
    return _scalar(field, value, path, complain)


def _items(entity: Entity, value: Any, path: str, complain: Complain) -> Optional[list[Document]]:
    if not is_list(value):
        complain(f"{path} must be a list, not {shown(value)}.")
        return None
    result = []
    for number, item in enumerate(value):
        where = f"{path}[{number}]"
        if isinstance(item, Mapping):
            result.append(read_options(entity, item, where + ".", complain))
        else:
            complain(f"{where} must be a mapping, not {shown(item)}.")
    return result


def _strings(value: Any, path: str, complain: Complain) -> Optional[list[str]]:
    if not is_list(value):
        complain(f"{path} must be a list of strings, not {shown(value)}.")
        return None
    texts = [as_str(item) for item in value]
    for number, text in enumerate(texts):
        if text is None:
            complain(f"{path}[{number}] must be a string, not {shown(value[number])}.")
    return [text for text in texts if text is not None]


def _scalar(field: Field, value: Any, path: str, complain: Complain) -> Value:
    read: Callable[[Any], Value] = as_str
    kind = "a string"
    if field.type == "int":
        read, kind = as_int, "an integer"
    elif field.type in ("bool", "onoff"):
        read, kind = as_bool, "true or false"
    result = read(value)
    if result is None:
        complain(f"{path} must be {kind}, not {shown(value)}.")
    elif field.choices and result not in field.choices:
        complain(f"{path} must be one of {', '.join(field.choices)}, not {shown(value)}.")
        return None
    return result


def hashable(value: Any) -> Any:
    """Equal for two values exactly if they are read as the same. Raises TypeError for what is neither text, number,
    list nor mapping."""
    if isinstance(value, str):
        return plain_str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return type(value), value
    if isinstance(value, Mapping):
        return dict, tuple([(hashable(key), hashable(inner)) for key, inner in value.items()])
    if is_list(value):
        return list, tuple([hashable(inner) for inner in value])
    raise TypeError(type(value))


def shown(value: Any) -> str:
    """A value within a sentence: short and on one line."""
    if isinstance(value, Mapping):
        return "a mapping"
    if is_list(value):
        return "a list"
    word = repr(plain_str(value)) if isinstance(value, str) else str(value)
    return word if len(word) <= 60 else word[:57] + "..."
