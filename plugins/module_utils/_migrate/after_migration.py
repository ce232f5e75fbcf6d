# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a migration: does each NIC have what it had before?"""

from __future__ import annotations

from typing import Any

from .decode import DataError
from .guest_facts import GuestFacts, NicFacts, load_guest

_COMPARED = {"reach": "reach", "vlan": "VLAN", "isolated": "isolation", "bandwidth": "bandwidth"}


def compare_descriptions(before: Any, after: Any) -> dict[str, list[str]]:
    """The same, of two results of virt_guest_info. Of one that cannot be read it is unknown what the guest has lost,
    which is a sentence of broken."""
    read = []
    for when, data in (("before", before), ("after", after)):
        try:
            read.append(load_guest(data))
        except DataError as error:
            sentence = f"It is unknown what the guest kept: its description from {when} the migration {error.problem}."
            return {"lines": [], "broken": [sentence]}
    return compare_after_migration(read[0], read[1])


def compare_after_migration(before: GuestFacts, after: GuestFacts) -> dict[str, list[str]]:
    """lines, one for each NIC, and broken, a sentence for everything that the guest has lost."""
    lines, broken = [], []
    if before.running and not after.running:
        broken.append(f"{after.name} does not run on {after.host.name}.")
    elif after.paused and not before.paused:
        broken.append(f"{after.name} is paused on {after.host.name}; it was not paused before.")
    nics = {nic.mac: nic for nic in after.nics}
    for nic in before.nics:
        what = f"NIC {nic.mac} of {before.name}"
        now = nics.get(nic.mac)
        if now is None:
            broken.append(f"{what} is missing on {after.host.name}.")
            continue
        lines.append(f"{what}: {_plugged_into(nic)} on {before.host.name}, {_plugged_into(now)} on {after.host.name}")
        broken += [f"{what} {lost}." for lost in _find_losses(nic, now)]
    return {"lines": lines, "broken": broken}


def _plugged_into(nic: NicFacts) -> str:
    if nic.type != "network":
        return f"{nic.type} {nic.source}"
    group = f" portgroup {nic.portgroup}" if nic.portgroup else ""
    return f"network {nic.network}{group} ({nic.device or nic.plugged_as})"


def _find_losses(nic: NicFacts, now: NicFacts) -> list[str]:
    if (nic.type, nic.network, nic.portgroup) != (now.type, now.network, now.portgroup):
        return [f"is in {_plugged_into(now)}; it was in {_plugged_into(nic)}"]
    if now.attached is False:
        return [f"is not plugged into network '{now.network}'"]
    had, has = nic.settings, now.settings
    if had is None or nic.type != "network":
        return []
    if has is None:
        return [f"is in network '{now.network}', which does not exist there"]
    lost = [
        f"has a different {word} than before"
        for name, word in _COMPARED.items()
        if getattr(had, name) != getattr(has, name)
    ]
    if had.mtu and has.mtu and has.mtu < had.mtu:
        lost.append(f"passes frames of up to {has.mtu} bytes; before the migration, of up to {had.mtu} bytes")
    return lost
