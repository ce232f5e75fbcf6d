# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device in a bridge, and what it takes to put it back there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

# linux/neighbour.h: NUD_NOARP, NUD_PERMANENT; NTF_EXT_LEARNED
_STAYS, _LEARNED_ELSEWHERE = 0xC0, 0x10


@dataclass(frozen=True)
class BridgePort:
    """A guest's tap, or another device in a bridge that libvirt made.

    mtu: bytes, None when not looked at; options: its settings as a port of the bridge, by the kernel's names for them
    (isolated, learning, unicast_flood, locked, ...); fdb: the entries of the bridge's forwarding table for this port
    that someone set, and of a locked port all by which it lets frames in, each a MAC address with the kernel's numbers
    of its state (permanent, static; other entries age) and of its flags (sticky, learned elsewhere); groups: the
    entries of its multicast table for this port that someone set, as the kernel takes them, in hexadecimal; lost:
    settings that cannot be put back once the port has left its bridge; dormant: the link's operational state by which a
    bridge lets nothing through; up: false if someone has set the link down.
    """

    name: str
    mtu: Optional[int] = None
    options: tuple[tuple[str, int], ...] = ()
    fdb: tuple[tuple[str, int, int], ...] = ()
    dormant: bool = False
    up: bool = True
    groups: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def isolated(self) -> bool:
        """Whether its bridge keeps it from other isolated ports."""
        return bool(dict(self.options).get("isolated"))

    @property
    def guarded(self) -> bool:
        """Whether it must not forward anything before it has its settings."""
        return self.isolated or bool(dict(self.options).get("locked"))

    @property
    def lasting_fdb(self) -> frozenset[tuple[str, int, int]]:
        """Those entries of fdb that do not age."""
        return frozenset(entry for entry in self.fdb if entry[1] & _STAYS or entry[2] & _LEARNED_ELSEWHERE)
