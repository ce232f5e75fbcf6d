# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to bring a plugged-in guest up to date, least disruptive method first.

Without virsh update-device: libvirt 9.0 refuses it, and 11.3 leaves old tags on an Open vSwitch port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._model.field import Document
from .._model.guest import Guest, Nic
from .ovs_port import ovs_vlan

if TYPE_CHECKING:
    from .old_settings import OldNic

_RATES = ("average", "peak", "burst")


def refresh_method() -> dict[str, str]:
    """Preferred if nothing prevents a refresh."""
    return _method(
        "update",
        "Run virt_portgroup, virt_network or virt_networks with guests: update, or the rollout "
        "with networks_guests: update. The NIC stays plugged in and follows its portgroup as before.",
    )


def update_methods(old: OldNic, mode: str | None) -> list[dict[str, str]]:
    """Each method has its name and a sentence that says how."""
    guest, nic, wanted = old.guest, old.nic, old.wanted
    found = []
    if old.differs == ("bandwidth",) and nic.actual != "hostdev":
        found.append(_method("domiftune", _domiftune(guest, nic, wanted.get("bandwidth") or {})))
    if old.differs == ("vlan",) and nic.target and (wanted.get("virtualport") or {}).get("type") == "openvswitch":
        found.append(_method("ovs-vsctl", _ovs_vsctl(nic, wanted.get("vlan") or {})))
    found.append(
        _method(
            "replug",
            f"Unplug the NIC and plug it in again: virsh detach-device {guest.name} nic.xml --live, then virsh "
            "attach-device with the same file. The guest loses the NIC for a moment, and its operating system must "
            "release it.",
        )
    )
    if nic.actual != "hostdev" and mode != "hostdev":
        found.append(
            _method(
                "migrate",
                f"Live-migrate {guest.name} to another host whose network has the new settings, and back if it should "
                "stay here.",
            )
        )
    found.append(
        _method(
            "restart", f"Shut down {guest.name} and start it again; a reboot inside the guest keeps the old settings."
        )
    )
    return found


def _method(method: str, sentence: str) -> dict[str, str]:
    return {"method": method, "sentence": sentence}


def _domiftune(guest: Guest, nic: Nic, bandwidth: Document) -> str:
    given = []
    for direction in ("inbound", "outbound"):
        rates: dict[str, Any] = bandwidth.get(direction) or {}
        given.append(f"--{direction} {','.join(str(rates.get(rate, 0)) for rate in _RATES)}")
    return (
        f"virsh domiftune {guest.name} {nic.mac} --live {' '.join(given)} sets it at once. From then on "
        "the limits are the NIC's own: later changes of the portgroup do not reach it until it is plugged in again."
    )


def _ovs_vsctl(nic: Nic, vlan: Document) -> str:
    command = " ".join(ovs_vlan(str(nic.target), vlan))
    return f"ovs-vsctl {command} sets it at once; libvirt does not notice and keeps showing the old value."
