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
    (isolated, learning, unicast_flood, ...); fdb: the static MAC addresses of the bridge for this port; dormant: the
    link's operational state by which a bridge lets nothing through.
    """

    name: str
    mtu: Optional[int] = None
    options: tuple[tuple[str, int], ...] = ()
    fdb: tuple[str, ...] = ()
    dormant: bool = False

    @property
    def isolated(self) -> bool:
        """Whether its bridge keeps it from other isolated ports."""
        return bool(dict(self.options).get("isolated"))
