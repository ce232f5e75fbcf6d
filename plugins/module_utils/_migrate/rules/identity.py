# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be one of a kind: the guest's name and UUID, the MAC addresses of its NICs, and a name given to a tap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._model.field import Document
from ..._model.forward import is_virtual
from ..case import Case
from ..finding import TAKEN, Finding, deaf, refused, told, unseen
from ..view import View


class Identities:
    """The guests of a host by name, UUID and MAC, and its links by MAC: looked up for a thousand guests to come."""

    def __init__(self, view: View) -> None:
        guests = sorted(view.guests or (), key=lambda guest: str(guest["name"]))
        self.names = {guest["name"]: guest for guest in guests}
        self.uuids = {guest["uuid"]: guest for guest in guests}
        self.links: dict[str, list[Document]] = {}
        for link in (view.links or {}).values():
            self.links.setdefault(str(link.get("mac")), []).append(link)
        self.macs: dict[str, list[tuple[Document, Document]]] = {}
        for guest in guests:
            for nic in guest["nics"]:
                self.macs.setdefault(nic["mac"], []).append((guest, nic))


def taken_already(guest: Document, view: View, known: Identities) -> Iterator[Finding]:
    if view.guests is None:
        yield unseen(f"The guests of {view.name} cannot be seen: names and MAC addresses may be taken.", TAKEN)
        return
    by_name, by_uuid = known.names.get(guest["name"]), known.uuids.get(guest["uuid"])
    if by_name is not None and by_name["uuid"] != guest["uuid"]:
        yield refused(
            "GUEST_EXISTS", f"{view.name} has another guest of the name {guest['name']} (UUID {by_name['uuid']})."
        )
    if by_uuid is not None and by_uuid["name"] != guest["name"]:
        yield refused("GUEST_EXISTS", f"{view.name} has the guest's UUID under another name, {by_uuid['name']}.")
    elif by_uuid is not None and by_uuid["running"]:
        yield refused("GUEST_EXISTS", f"{guest['name']} runs on {view.name} already.")


def mac_in_use(guest: Document, nic: Document, view: View, known: Identities) -> Iterator[Finding]:
    for other, its in known.macs.get(nic["mac"], ()):
        if other["uuid"] == guest["uuid"] or not same_wire(view, nic, its):
            continue
        if other["running"]:
            yield deaf(
                "MAC_IN_USE", f"{other['name']} on {view.name} has the MAC address {nic['mac']} on the same wire."
            )
        else:
            # Nothing is lost by the migration; the other will have to wait.
            yield told(
                "MAC_IN_USE",
                f"{other['name']}, defined on {view.name}, has the MAC address {nic['mac']}: both cannot run.",
            )
        return
    link = _link_with(nic, view, known)
    if link is not None:
        yield deaf(
            "MAC_IN_USE", f"{link['name']} on {view.name} has the MAC address {nic['mac']} in the guest's own bridge."
        )


def _link_with(nic: Document, view: View, known: Identities) -> Optional[Document]:
    """The bridge that the NIC would be in, or an uplink of it, if it has the NIC's address."""
    found = known.links.get(nic["mac"], ())
    if not found:
        return None
    net = view.networks.get(str(nic["network"]))
    bridge = net.bridge if nic["type"] == "network" and net is not None else nic["source"]
    near = [str(bridge), *(str(link["name"]) for link in view.uplinks(str(bridge)) or ())] if bridge else []
    return next((link for link in found if link["name"] in near), None)


def device_named(case: Case) -> Iterator[Finding]:
    """libvirt makes no tap or macvtap under a name that a link has already."""
    name, view = case.nic["target"], case.view
    if not name or case.nic["type"] == "ethernet":  # libvirt takes a tap that is there for that
        return
    if view.links is None:
        yield unseen(f"Whether {view.name} has a link {name}, as the NIC's own is to be called, cannot be seen.", TAKEN)
    elif view.link(name):
        yield refused("TARGET_IN_USE", f"{view.name} has a link {name}, as the NIC's own is to be called.")


def same_wire(view: View, nic: Document, its: Document) -> bool:
    """Whether two NICs would hear each other: on one network or bridge, or each on some wire outside of the host,
    which may well be one."""
    mine, other = _wire(view, nic), _wire(view, its)
    return mine is None or other is None or mine == other


def _wire(view: View, nic: Document) -> Optional[str]:
    """What a NIC is alone with the others of; None when it is the world outside."""
    if nic["type"] in ("user", "null"):
        return f"{nic['mac']} alone"
    if nic["type"] == "network":
        net = view.networks.get(str(nic["network"]))
        return f"network {net.name}" if net is not None and is_virtual(net.document) else None
    made = [net.name for net in view.networks.values() if net.bridge == nic["source"] and is_virtual(net.document)]
    return f"network {min(made)}" if nic["type"] == "bridge" and made else None
