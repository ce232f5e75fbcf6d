# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as the options of the modules."""

from __future__ import annotations

from typing import Any

from .drift import drift
from .field import EXTRA, Document
from .mark import foreign
from .network import NETWORK
from .observed import Observed


def network_options(observed: Observed) -> Document:
    """A network as virt_networks takes it: its persistent definition (a transient one's live), state, autostart, and
    what the running network has otherwise."""
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    options = definition_options(document)
    found = {"name": observed.name, **options, "state": observed.state, "autostart": observed.autostart}
    pending = drift(observed)
    return {**found, "pending": pending} if pending else found


def definition_options(document: Document) -> Document:
    """A document with options only: without live state, unknown XML and our own metadata."""
    options = _options(NETWORK, document)
    options.pop("name", None)
    metadata = foreign(document)
    options.pop("metadata", None)
    if metadata:
        options["metadata"] = metadata
    return options


def _options(entity: Any, document: Document) -> Document:
    result: Document = {}
    for name, value in document.items():
        if name == EXTRA or entity.fields[name].volatile:
            continue
        nested = entity.fields[name].entity
        if nested is None:
            result[name] = value
        elif isinstance(value, list):
            result[name] = [_options(nested, item) for item in value]
        else:
            result[name] = _options(nested, value)
    return result
