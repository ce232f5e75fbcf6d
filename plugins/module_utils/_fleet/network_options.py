# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that a contract and a binding share: those of the module virt_network, without its name, and its pool."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._model.desired import ACTIVE, INACTIVE, PRESENT
from .._model.field import TEXTS, Document, Entity, Field, attribute, child, flag
from .._model.network import NETWORK
from .._plan.pool.request import SELECTION
from .user_values import Complain, read_options

# Without absent: to withdraw a network, remove it from the contract.
STATES = (ACTIVE, INACTIVE, PRESENT)

NETWORK_OPTIONS = Entity(
    *(field for field in NETWORK.fields.values() if field.name != "name"),
    attribute("state", choices=STATES),
    flag("autostart"),
    Field("pending", TEXTS, "option"),
    child("pool", SELECTION),
)


def read_network_options(
    given: Mapping[Any, Any], complain: Complain, beside: Collection[str] = ()
) -> tuple[Document, set[str]]:
    """The options as far as they can be read, as plain data, and the names of those not fully readable. beside: options
    that are read elsewhere.

    complain is called with a sentence for everything that cannot be read.
    """
    result: Document = {}
    unread: set[str] = set()
    for name, value in given.items():

        def note(sentence: str, name: Any = name) -> None:
            unread.add(str(name))
            complain(sentence)

        result.update(read_options(NETWORK_OPTIONS, {name: value}, "", note, beside))
    return result, unread
