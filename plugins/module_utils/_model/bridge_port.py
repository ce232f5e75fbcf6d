# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in a bridge, and what it takes to put it back there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class BridgePort:
    """A guest's tap, or another device in a bridge that libvirt made.

    mtu: bytes, None when not looked at; options: its settings as a port of the bridge, by the kernel's names for them
    (isolated, learning, unicast_flood, ...); fdb: the entries of the bridge's forwarding table for this port that
    somebody set, each a MAC address with the kernel's numbers of its state (permanent, static) and of its flags
    (sticky); dormant: the link's operational state by which a bridge lets nothing through; up: false if somebody has
    set the link down.
    """

    name: str
    mtu: Optional[int] = None
    options: tuple[tuple[str, int], ...] = ()
    fdb: tuple[tuple[str, int, int], ...] = ()
    dormant: bool = False
    up: bool = True

    @property
    def isolated(self) -> bool:
        """Whether its bridge keeps it from other isolated ports."""
        return bool(dict(self.options).get("isolated"))
