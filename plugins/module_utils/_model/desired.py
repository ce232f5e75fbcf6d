# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as a user declares it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as of_class
from typing import Optional
from uuid import uuid4

from .field import Document, Field, Value
from .network import NETWORK

ACTIVE = "active"
INACTIVE = "inactive"
PRESENT = "present"
ABSENT = "absent"
STATES = (ACTIVE, INACTIVE, PRESENT, ABSENT)

IDLE = "idle"
NEVER = "never"
REPLUG = "replug"
SEAMLESS = "seamless"
FORCE = "force"
RESTARTS = (IDLE, NEVER, REPLUG, SEAMLESS, FORCE)
# What a change of settings does to guests that are plugged in.
LEAVE = "leave"
UPDATE_GUESTS = "update"
GUESTS = (LEAVE, UPDATE_GUESTS)
# Those that plug everything in again.
REPLUGS = (REPLUG, SEAMLESS)


@dataclass(frozen=True)
class Desired:
    """declared: option -> value; None removes the element, an option that is not there is left alone.

    exact: the declaration is the whole network (it came as XML), so what it does not say goes.
    live: declared options whose desired value in the running network differs from the persistent one (an empty list:
    none).
    own: the collection's own elements in its metadata, if they change.
    adopts: whether a network that an older version of the collection made gets the mark of this one.
    claims: whether a network that the collection did not make gets its mark too.
    new_uuid: the UUID of a new network, if none is declared; its mark contains the UUID.
    pending: options that the running network may have otherwise, where the definition has them as declared.
    """

    name: str
    state: str = ACTIVE
    autostart: Optional[bool] = None
    declared: Document = of_class(default_factory=dict)
    exact: bool = False
    live: Optional[Document] = None
    own: Optional[list[str]] = None
    adopts: bool = False
    claims: bool = False
    new_uuid: str = of_class(default_factory=lambda: str(uuid4()), compare=False)
    pending: tuple[str, ...] = ()


def declaration(options: Document) -> Document:
    """What a user gave, with empty values turned into removals.

    An empty mapping, list or string, and 0 for a number, mean that the element must not exist. Further in, an empty
    text says nothing where libvirt takes it for none.
    """
    # A network always has a UUID: an empty one says nothing.
    said = {name: value for name, value in options.items() if name != "uuid" or value != ""}
    return {name: _given(_without_blanks(NETWORK.fields[name], value)) for name, value in said.items()}


def _without_blanks(field: Field, value: Value) -> Value:
    entity = field.entity
    if entity is None:
        return value
    if isinstance(value, list):
        return [_without_blanks(field, item) for item in value]
    return {
        name: _without_blanks(entity.fields[name], inner)
        for name, inner in value.items()
        if inner != "" or not entity.fields[name].blank
    }


def _given(value: Value) -> Value:
    empty = value in ({}, [], "") or (value == 0 and not isinstance(value, bool))
    return None if empty else value
