# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a migration: did each NIC get what it was promised?"""

from __future__ import annotations

from typing import Any

_WORDS = {"reach": "reach", "vlan": "VLAN", "isolated": "isolation", "bandwidth": "bandwidth"}


def kept(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[str]]:
    """before, after: the guest as virt_guest_info told of it on either host.

    Returns lines, one for each NIC, and broken, a sentence for everything that it has no more.
    """
    lines, broken = [], []
    if not after["running"]:
        broken.append(f"{after['name']} does not run on {after['host']['name']}.")
    elif after["paused"] and not before["paused"]:
        broken.append(f"{after['name']} is paused on {after['host']['name']}, and was not before.")
    there = {nic["mac"]: nic for nic in after["nics"]}
    for nic in before["nics"]:
        what = f"NIC {nic['mac']} of {before['name']}"
        now = there.get(nic["mac"])
        if now is None:
            broken.append(f"{what} is not on {after['host']['name']}.")
            continue
        lines.append(f"{what}: {_place(nic)} on {before['host']['name']}, {_place(now)} on {after['host']['name']}")
        broken += [f"{what} {why}." for why in _lost(nic, now)]
    return {"lines": lines, "broken": broken}


def _place(nic: dict[str, Any]) -> str:
    if nic["type"] != "network":
        return f"{nic['type']} {nic['source']}"
    group = f" portgroup {nic['portgroup']}" if nic["portgroup"] else ""
    return f"network {nic['network']}{group} ({nic['device'] or nic['plugged_as']})"


def _lost(nic: dict[str, Any], now: dict[str, Any]) -> list[str]:
    if (nic["type"], nic["network"], nic["portgroup"]) != (now["type"], now["network"], now["portgroup"]):
        return [f"is in {_place(now)} and was in {_place(nic)}"]
    if now["attached"] is False:
        return [f"is not plugged into network '{now['network']}'"]
    had, has = nic["promises"], now["promises"]
    if had is None or nic["type"] != "network":
        return []
    if has is None:
        return [f"is in network '{now['network']}', which is not there"]
    lost = [f"has another {word} than before" for name, word in _WORDS.items() if had[name] != has[name]]
    if had["mtu"] and has["mtu"] and has["mtu"] < had["mtu"]:
        lost.append(f"passes frames of {has['mtu']} bytes, {had['mtu']} before")
    return lost
