# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a network, made from the model."""

from __future__ import annotations

from typing import Any

from .._model.desired import ACTIVE, GUESTS, IDLE, LEAVE, RESTARTS, STATES
from .._model.field import CHILD, CHILDREN, METADATA, TEXTS, VALUES, Entity, Field
from .._model.network import NETWORK

_TYPES = {"bool": "bool", "onoff": "bool", "int": "int", "str": "str"}

# Every option that is part of the definition, without xml and the options about the network's state.
DEFINITION = tuple(name for name, field in NETWORK.fields.items() if name != "name" and not field.volatile)


def options_of(entity: Entity) -> dict[str, Any]:
    return {name: _option(field) for name, field in entity.fields.items() if not field.volatile}


def _option(field: Field) -> dict[str, Any]:
    option: dict[str, Any] = {"type": _TYPES[field.type]}
    if field.kind in (CHILD, CHILDREN) and field.entity:
        option = {"type": "dict", "options": options_of(field.entity)}
        if field.kind == CHILDREN:
            option.update(type="list", elements="dict")
    elif field.kind in (TEXTS, VALUES, METADATA):
        option = {"type": "list", "elements": "str"}
    if field.required:
        option["required"] = True
    if field.choices:
        option["choices"] = list(field.choices)
    return option


def network_spec() -> dict[str, Any]:
    """All options of one network."""
    spec = options_of(NETWORK)
    spec["xml"] = {"type": "str"}
    spec["state"] = {"type": "str", "choices": list(STATES), "default": ACTIVE}
    spec["autostart"] = {"type": "bool"}
    spec["pending"] = {"type": "list", "elements": "str", "choices": list(DEFINITION)}
    return spec


def network_exclusions() -> list[list[str]]:
    """xml is the whole definition, so no part of it can be given beside it."""
    return [["xml", name] for name in DEFINITION]


def connection_spec() -> dict[str, Any]:
    return {"uri": {"type": "str", "default": "qemu:///system"}}


def restart_spec() -> dict[str, Any]:
    return {"restart": {"type": "str", "choices": list(RESTARTS), "default": IDLE}}


def guests_spec() -> dict[str, Any]:
    return {"guests": {"type": "str", "choices": list(GUESTS), "default": LEAVE}}


def lock_spec() -> dict[str, Any]:
    return {"lock_timeout": {"type": "int", "default": 60}}


def safety_spec() -> dict[str, Any]:
    """For modules that change what the host itself may depend on."""
    return {
        **lock_spec(),
        "confirm_timeout": {"type": "int", "default": 0},
        "confirm_run": {"type": "str"},
        "verify_reach": {"type": "list", "elements": "str", "default": []},
    }
