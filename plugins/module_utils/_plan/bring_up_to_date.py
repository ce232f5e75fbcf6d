# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a guest that is plugged in gets new settings, least trouble first.

virsh update-device is not among them: libvirt 9.0 refuses it, and 11.3 leaves old tags on an Open vSwitch port.
"""

from __future__ import annotations

from typing import Any

from .._model.field import Document
from .._model.guest import Guest, Nic

_RATES = ("average", "peak", "burst")


def ways(guest: Guest, nic: Nic, wanted: Document, differs: list[str], mode: str | None) -> list[dict[str, str]]:
    """wanted: the settings that the NIC is to get, of which those in differs are not there yet."""
    found = []
    if differs == ["bandwidth"] and nic.actual != "hostdev":
        found.append(_way("domiftune", _domiftune(guest, nic, wanted.get("bandwidth") or {})))
    if differs == ["vlan"] and nic.target and (wanted.get("virtualport") or {}).get("type") == "openvswitch":
        found.append(_way("ovs-vsctl", _ovs_vsctl(nic, wanted.get("vlan") or {})))
    found.append(
        _way(
            "replug",
            f"Take the NIC out and put it in again, as it is defined: virsh detach-device {guest.name} nic.xml --live, "
            "then virsh attach-device with the same file. The guest loses the NIC for a moment, and its system has to "
            "let it go.",
        )
    )
    if nic.actual != "hostdev" and mode != "hostdev":
        found.append(
            _way(
                "migrate",
                f"Migrate {guest.name} live to another host whose network has the new settings, and back if it is to "
                "stay here.",
            )
        )
    found.append(
        _way("restart", f"Shut {guest.name} down and start it; a reboot from within keeps it plugged in as it is.")
    )
    return found


def _way(way: str, sentence: str) -> dict[str, str]:
    return {"way": way, "sentence": sentence}


def _domiftune(guest: Guest, nic: Nic, bandwidth: Document) -> str:
    given = []
    for direction in ("inbound", "outbound"):
        rates: dict[str, Any] = bandwidth.get(direction) or {}
        given.append(f"--{direction} {','.join(str(rates.get(rate, 0)) for rate in _RATES)}")
    return (
        f"virsh domiftune {guest.name} {nic.mac} --live {' '.join(given)} sets it at once; until the guest is plugged "
        "in anew the limits are then its own, and it follows no later change of the portgroup."
    )


def _ovs_vsctl(nic: Nic, vlan: Document) -> str:
    tags = vlan.get("tags") or []
    native = next((tag for tag in tags if tag.get("native_mode")), None)
    words = []
    if native:
        words += [f"vlan_mode=native-{native['native_mode']}", f"tag={native['id']}"]
    if len(tags) > 1 or vlan.get("trunk"):
        words.append("trunks=" + ",".join(str(tag["id"]) for tag in tags))
    elif tags and not native:
        words.append(f"tag={tags[0]['id']}")
    clear = (
        f"ovs-vsctl clear port {nic.target} tag -- clear port {nic.target} trunks -- clear port {nic.target} vlan_mode"
    )
    setting = f" -- set port {nic.target} {' '.join(words)}" if words else ""
    return f"{clear}{setting} sets it at once; libvirt does not know of it and goes on showing the old one."
