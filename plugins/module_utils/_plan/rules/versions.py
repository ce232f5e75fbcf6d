# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the host's libvirt is too old for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._model.errors import Path, Problem
from ..._model.field import EXTRA, WRAPPED, Document, Entity
from ..._model.host import MODELLED, Host
from ..._model.network import NETWORK

XEN_DRIVER = (10, 0, 0)


def check_versions(document: Document, host: Host) -> Iterator[Problem]:
    """document: canonical, so that an option with its default value does not count."""
    yield from _check_entity(NETWORK, document, host, Path())


def _check_entity(entity: Entity, document: Document, host: Host, path: Path) -> Iterator[Problem]:
    for name, value in document.items():
        if name == EXTRA:
            yield from _check_unknown(entity, value, host, path)
            continue
        field = entity.fields[name]
        where = path / name
        if name == "driver" and value.get("name") == "xen" and not host.has(XEN_DRIVER):
            yield Problem(
                "LIBVIRT_TOO_OLD",
                where / "name",
                "{path} xen needs libvirt 10.0.0 or newer; this host runs {release}.",
                release=host.release,
            )
        if not host.has(field.since):
            yield Problem(
                "LIBVIRT_TOO_OLD",
                where,
                "{path} needs libvirt {since} or newer; this host runs {release}.",
                since=".".join(map(str, field.since)),
                release=host.release,
            )
        elif field.entity:
            for item in value if isinstance(value, list) else [value]:
                yield from _check_entity(field.entity, item, host, where)


def _check_unknown(entity: Entity, extra: Any, host: Host, path: Path) -> Iterator[Problem]:
    """A libvirt that is not newer than the model drops what the model does not know; a newer one may know it."""
    unknown = [f"attribute {name}" for name in extra.get("attributes", ())]
    place = f" in {path}" if path.parts else ""
    for text in extra.get("elements", ()):
        head = text.partition(">")[0].rstrip("/")
        tag = head[1:].split()[0]
        field = entity.elements.get(tag)
        if field and (field.kind != WRAPPED or f' {field.attribute}="' in head):
            yield Problem(
                "XML_TWICE",
                path,
                "The XML has <{tag}> more than once{place}; libvirt would keep only one of them.",
                tag=tag,
                place=place,
            )
        else:
            unknown.append(f"element {head}>")
    if host.version > MODELLED:
        return
    for what in unknown:
        yield Problem(
            "XML_UNKNOWN",
            path,
            "The XML has the {what}{place}, which libvirt {release} does not know.",
            what=what,
            place=place,
            release=host.release,
        )
