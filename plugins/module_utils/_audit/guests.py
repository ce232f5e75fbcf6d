# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running guests: MAC addresses that are used twice in the fleet, and settings that a network no longer gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import kinds
from .finding import AuditFinding


def macs_used_twice(guests: Mapping[str, Any]) -> Iterator[AuditFinding]:
    """guests: by host, as virt_network_info returns them; None where they cannot be seen.

    A guest that is defined on several hosts under one UUID is one guest.
    """
    users: dict[str, list[tuple[str, str, str]]] = {}
    for host, found in guests.items():
        if found is None:
            yield AuditFinding(kinds.GUESTS_UNKNOWN, host)
            continue
        for guest in found:
            for nic in guest["nics"] if guest["running"] else ():
                users.setdefault(nic["mac"], []).append((host, guest["name"], guest["uuid"]))
    for mac, found in users.items():
        for host, name, uuid in dict.fromkeys(found):
            others = [f"{other} on {where}" for where, other, key in dict.fromkeys(found) if key != uuid]
            if others:
                yield AuditFinding(kinds.MAC_TWICE, host, parameters={"mac": mac, "guest": name, "others": others})


def on_old_settings(host: str, network: str, old: Any) -> Iterator[AuditFinding]:
    """old: guests_on_old_settings of the network's details, None where it is not known."""
    if old is None:
        yield AuditFinding(kinds.GUEST_SETTINGS_UNKNOWN, host, network)
        return
    for one in old:
        named = {"guest": one["guest"], "mac": one["mac"], "settings": one["differs"]}
        yield AuditFinding(kinds.GUEST_SETTINGS_OLD, host, network, parameters=named)
