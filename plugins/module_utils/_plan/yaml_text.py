# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data as YAML for --diff. Hosts need not have PyYAML, and a reader needs no more than this."""

from __future__ import annotations

import json
import re

from .._model.field import Value

_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_./-]*$")
_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def to_yaml(value: Value, indent: int = 0) -> str:
    """Mappings, lists, strings, numbers, booleans and None; ends with a line break unless it is empty."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(_pair(pad, key, item, indent) for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(_item(pad, item, indent) for item in value)
    return f"{pad}{_scalar(value)}\n" if value not in ({}, []) else ""


def _pair(pad: str, key: str, item: Value, indent: int) -> str:
    if isinstance(item, (dict, list)) and item:
        return f"{pad}{_scalar(key)}:\n{to_yaml(item, indent + 1)}"
    return f"{pad}{_scalar(key)}: {_scalar(item)}\n"


def _item(pad: str, item: Value, indent: int) -> str:
    if isinstance(item, (dict, list)) and item:
        return f"{pad}- {to_yaml(item, indent + 1).lstrip()}"
    return f"{pad}- {_scalar(item)}\n"


def _scalar(value: Value) -> str:
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _WORDS:
            return value
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
