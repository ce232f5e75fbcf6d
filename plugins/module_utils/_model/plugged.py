# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is plugged into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .bridge_port import BridgePort

GUEST = "guest"
DEVICE = "device"


@dataclass(frozen=True)
class Plugged:
    """A guest's NIC (a libvirt port), or another device in the bridge that libvirt made for the network.

    kind: GUEST or DEVICE; name: the guest's or device's; uuid: the guest's; port: the port's UUID; member: the
    pool's device that the port holds (a link's name or a PCI address); tap: the NIC's tap or macvtap, or the device
    itself, None when not looked at; xml: the port as libvirt shows it, by which it can be put back.
    """

    kind: str
    name: str
    mac: Optional[str] = None
    uuid: Optional[str] = None
    portgroup: Optional[str] = None
    port: Optional[str] = None
    member: Optional[str] = None
    tap: Optional[BridgePort] = None
    xml: str = ""

    def as_dict(self) -> dict[str, Optional[str]]:
        """For results."""
        names = ("kind", "name", "mac", "uuid", "portgroup", "port", "member")
        return {**{name: getattr(self, name) for name in names}, "tap": self.tap.name if self.tap else None}

    def __str__(self) -> str:
        what = self.name if self.kind == GUEST else f"device {self.name}"
        return f"{what} ({self.mac})" if self.mac else what
