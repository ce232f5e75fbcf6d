# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running guests: MAC addresses that are used twice in the fleet, and settings that a network no longer gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from .._migrate.destination_facts import HostGuest, OldNicSettings
from . import kinds
from .finding import AuditFinding

# By MAC address, the running guests that have it, each (host, guest, UUID) with the number of its NICs.
Stations = dict[str, dict[tuple[str, str, str], int]]


def note_guests(stations: Stations, host: str, guests: tuple[HostGuest, ...]) -> None:
    """Of a teaming pair, whose NICs share their MAC address, one NIC counts."""
    for guest in guests:
        for nic in guest.nics if guest.running else ():
            its = stations.setdefault(nic.mac, {})
            key = (host, guest.name, guest.uuid)
            its[key] = its.get(key, 0) + (not nic.transient)


def find_duplicate_macs(stations: Stations) -> Iterator[AuditFinding]:
    """A guest that is on several hosts under one UUID is one guest."""
    for mac, users in stations.items():
        for (host, name, uuid), number in users.items():
            others = [f"{other} on {where}" for where, other, key in users if key != uuid]
            others = ["another NIC of it"] * (number > 1) + others
            if others:
                yield AuditFinding(kinds.MAC_TWICE, host, parameters={"mac": mac, "guest": name, "others": others})


def find_old_settings(host: str, network: str, old: Optional[tuple[OldNicSettings, ...]]) -> Iterator[AuditFinding]:
    """old: None where it is not known."""
    if old is None:
        yield AuditFinding(kinds.GUEST_SETTINGS_UNKNOWN, host, network)
        return
    for one in old:
        named = {"guest": one.guest, "mac": one.mac, "settings": list(one.differs)}
        yield AuditFinding(kinds.GUEST_SETTINGS_OLD, host, network, parameters=named)
