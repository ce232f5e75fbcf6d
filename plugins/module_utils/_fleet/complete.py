# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with every option set, so that hosts converge whatever they had before."""

from __future__ import annotations

from .._model.field import CHILD, METADATA, TEXT, WRAPPED, Document, Field, Value
from .._model.network import NETWORK


def complete_network(network: Document) -> Document:
    """A joined network in which every option that neither contract nor binding gives is empty.

    The modules leave an omitted option alone, so leftovers would make hosts differ. What libvirt generates and foreign
    <metadata> stays.
    """
    unsaid = {
        name: _nothing(field)
        for name, field in NETWORK.fields.items()
        if not (field.volatile or field.generated or field.required or field.kind == METADATA)
    }
    return {**network, **{name: value for name, value in unsaid.items() if name not in network}}


def _nothing(field: Field) -> Value:
    if field.kind == CHILD:
        return {}
    if field.type == "bool":
        return False
    if field.kind in (TEXT, WRAPPED):
        return 0 if field.type == "int" else ""
    return []
