# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of virtualports that libvirt's define rejects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._model import address
from ..._model.errors import Path, Problem
from ..._model.field import Document

_HIGHEST = {"managerid": 0xFF, "typeid": 0xFFFFFF, "typeidversion": 0xFF}
_UUIDS = ("instanceid", "interfaceid")
PROFILE_BYTES = 39
_TAKES = {
    "802.1Qbg": ("managerid", "typeid", "typeidversion", "instanceid"),
    "802.1Qbh": ("profileid",),
    "openvswitch": ("profileid", "interfaceid"),
}
_KNOWN = {name for names in _TAKES.values() for name in names}


def check_virtualports(document: Document) -> Iterator[Problem]:
    port = document.get("virtualport")
    if port is not None and not port.get("type"):
        yield Problem("VIRTUALPORT_INVALID", Path("virtualport"), "virtualport has no type, which is required.")
    yield from check_parameters(Path("virtualport"), port)
    for group in document.get("portgroups") or ():
        yield from check_parameters(Path(("portgroups", group.get("name"))) / "virtualport", group.get("virtualport"))


def check_parameters(what: Path, port: Any) -> Iterator[Problem]:
    if not port:
        return
    given = port.get("parameters") or {}
    takes = _TAKES.get(port.get("type"))
    for name, value in given.items():
        if takes is not None and name in _KNOWN and name not in takes:
            yield Problem(
                "VIRTUALPORT_INVALID",
                what,
                "{path} has {name}, which type {type} does not support; it supports {supported}.",
                name=name,
                type=port["type"],
                supported=", ".join(takes),
            )
        highest = _HIGHEST.get(name)
        if highest is not None and not 0 <= value <= highest:
            yield Problem(
                "VIRTUALPORT_INVALID",
                what,
                "{path} has {name} {value}; it must be 0 to {highest}.",
                name=name,
                value=value,
                highest=highest,
            )
        if name in _UUIDS and not address.is_uuid(value):
            yield Problem(
                "VIRTUALPORT_INVALID",
                what,
                "{path} has {name} {value!a}, which is not a valid UUID.",
                name=name,
                value=value,
            )
        if name == "profileid" and len(value.encode("utf-8", "surrogatepass")) > PROFILE_BYTES:
            yield Problem(
                "VIRTUALPORT_INVALID", what, "{path} has a profileid of more than {most} bytes.", most=PROFILE_BYTES
            )
