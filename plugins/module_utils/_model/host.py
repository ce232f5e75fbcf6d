# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host, as far as planning needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

# The newest libvirt whose network.rng the model covers whole.
MODELLED = (11, 3, 0)


@dataclass(frozen=True)
class Host:
    """version: the daemon's libvirt (major, minor, release); remote: whether its links cannot be read from here."""

    version: tuple[int, int, int]
    remote: bool = False

    @property
    def release(self) -> str:
        return ".".join(str(part) for part in self.version)

    def has(self, since: tuple[int, int, int]) -> bool:
        return self.version >= since


def version_of(number: int) -> tuple[int, int, int]:
    """(9, 7, 0) for libvirt's 9007000."""
    return number // 1000000, number // 1000 % 1000, number % 1000


@dataclass(frozen=True)
class Plugged:
    """What is plugged into a network: a guest's NIC, or another device in the network's bridge.

    kind: "guest" (a libvirt port) or "device" (a bridge port that is no libvirt port); name: guest or device.
    """

    kind: str
    name: str
    mac: Optional[str] = None
    uuid: Optional[str] = None
    portgroup: Optional[str] = None
    port: Optional[str] = None

    def as_dict(self) -> dict[str, Optional[str]]:
        return {
            "kind": self.kind,
            "name": self.name,
            "mac": self.mac,
            "uuid": self.uuid,
            "portgroup": self.portgroup,
            "port": self.port,
        }

    def __str__(self) -> str:
        what = self.name if self.kind == "guest" else f"device {self.name}"
        return f"{what} ({self.mac})" if self.mac else what
