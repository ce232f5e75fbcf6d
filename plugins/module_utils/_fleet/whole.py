# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network whose every option is said, so that it comes out alike on hosts that had something else before."""

from __future__ import annotations

from .._model.field import CHILD, METADATA, TEXT, WRAPPED, Document, Field, Value
from .._model.network import NETWORK


def whole(network: Document) -> Document:
    """The joined network of a host with every option that neither contract nor binding gives set to nothing.

    An option that is left out is left alone by the modules; a fleet's networks must not differ by what a host
    happened to have. What libvirt makes up and what others keep in <metadata> stays as it is.
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
