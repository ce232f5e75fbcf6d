# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired + observed -> the definition that a network should have."""

from __future__ import annotations

from .._model import address, mark
from .._model.bridge import fits_template, is_template
from .._model.canonical import canonical_value
from .._model.desired import Desired
from .._model.errors import VirtfleetError
from .._model.field import EXTRA, Document
from .._model.forward import is_virtual
from .._model.network import NETWORK
from .._model.observed import Observed
from .._xml.mark import has_old_mark, is_managed, make_mark, renew_mark


def target_definition(desired: Desired, observed: Observed) -> Document:
    """The whole persistent document: what is declared, what is left alone, what libvirt made up.

    Raises VirtfleetError UUID_DIFFERS.
    """
    base = observed.persistent if observed.persistent is not None else _settled(observed.live)
    document: Document = {} if desired.exact else dict(base or {})
    for option, value in desired.declared.items():
        if value is None:
            document.pop(option, None)
        else:
            document[option] = value
    document["name"] = desired.name
    if base is None:
        document.setdefault("uuid", desired.new_uuid)
    else:
        _keep_generated(document, desired, base)
    _metadata(document, desired, base)
    if base is not None:
        _keep_verbatim(document, base)
    return {name: document[name] for name in (*NETWORK.fields, EXTRA) if name in document}


def _settled(live: Document | None) -> Document | None:
    """What was defined as that: libvirt lists a PF's VFs in the running network."""
    forward = (live or {}).get("forward") or {}
    if live is None or "pf" not in forward:
        return live
    kept = {name: value for name, value in forward.items() if name not in ("dev", "interfaces", "addresses")}
    return {**live, "forward": kept}


def _metadata(document: Document, desired: Desired, base: Document | None) -> None:
    """The declared foreign elements (else those there are) and our own; a new network gets our mark."""
    foreign = mark.foreign(document)
    if desired.own is not None:
        own = desired.own
    elif base is None:
        own = make_mark(desired.name, str(document["uuid"]))
    else:
        renewed = desired.adopts and has_old_mark(base)
        claimed = desired.claims and not is_managed(base)
        own = renew_mark(base) if renewed or claimed else mark.own(base)
    if foreign or own:
        document["metadata"] = [*own, *foreign]
    else:
        document.pop("metadata", None)


def _keep_generated(document: Document, desired: Desired, base: Document) -> None:
    uuid = base.get("uuid")
    wanted = document.setdefault("uuid", uuid)
    if uuid and address.uuid(str(wanted)) != uuid:
        raise VirtfleetError(
            "UUID_DIFFERS",
            f"Network '{desired.name}' has the UUID {uuid}, which cannot be changed to {wanted}; omit uuid, or remove "
            "the network first.",
        )
    bridge_declared = "bridge" in desired.declared and desired.declared["bridge"] is not None
    if is_virtual(document) != is_virtual(base):
        # A bridge of libvirt's own and one of the host's are different things, and so are their names.
        if not bridge_declared:
            document.pop("bridge", None)
        if "mac" not in desired.declared:
            document.pop("mac", None)
    elif is_virtual(document):
        if "mac" in base:
            document.setdefault("mac", base["mac"])
        name = base.get("bridge", {}).get("name")
        asked = document.get("bridge", {}).get("name")
        if name and (not asked or (is_template(asked) and fits_template(name, asked))):
            document["bridge"] = {**document.get("bridge", {}), "name": name}


def _keep_verbatim(document: Document, base: Document) -> None:
    """A different spelling of the same value is not a change."""
    for option in set(document) & set(base) - {EXTRA}:
        if document[option] == base[option]:
            continue
        field = NETWORK.fields[option]
        if canonical_value(field, document[option]) == canonical_value(field, base[option]):
            document[option] = base[option]
        elif isinstance(document[option], dict) and EXTRA in base[option]:
            document[option] = {EXTRA: base[option][EXTRA], **document[option]}
