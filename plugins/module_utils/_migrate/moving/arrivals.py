# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests whose migration is in progress, such as one that a run began before its controller was killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GuestOnItsWay:
    """A guest that runs at its source until all of it is at its destination."""

    guest: str
    uuid: str
    source: str
    destination: str


def find_arrivals(found: Mapping[str, Any]) -> dict[str, GuestOnItsWay]:
    """By UUID. found: host -> what virt_guest_info returned there."""
    running = [
        (host, guest)
        for host, result in found.items()
        for guest in (result or {}).get("guests") or ()
        if guest["running"]
    ]
    sources = {guest["uuid"]: host for host, guest in running if not is_arriving(guest)}
    return {
        guest["uuid"]: GuestOnItsWay(guest["name"], guest["uuid"], sources[guest["uuid"]], host)
        for host, guest in running
        if is_arriving(guest) and guest["uuid"] in sources
    }


def is_arriving(guest: Mapping[str, Any]) -> bool:
    """guest: as virt_guest_info describes it; older versions do not say it."""
    return bool(guest.get("arriving"))
