# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that select and change members of a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..._model.field import TEXTS, Document, Entity, Field, attribute, child, flag, number
from ..._model.plain_number import LARGEST

# What a device can be found by.
MATCH = Entity(
    attribute("name"),
    attribute("regex"),
    attribute("driver"),
    attribute("pf"),
    attribute("pci"),
    number("speed"),
    number("mtu"),
    flag("carrier"),
    flag("in_bridge"),
)
# The members of a pool, as tasks and bindings select them.
SELECTION = Entity(
    Field("members", TEXTS, "member"),
    child("match", MATCH),
    attribute("pf"),
    attribute("vfs"),
    flag("exclusive"),
    flag("drain"),
    number("max_guests"),
)


@dataclass(frozen=True)
class Request:
    """The options of virt_iface_pool, as given. None: not given."""

    network: str
    present: bool = True
    members: Optional[tuple[str, ...]] = None
    match: Document = field(default_factory=dict)
    pf: Optional[str] = None
    vfs: Optional[str] = None
    exclusive: bool = False
    drain: bool = False
    reclaim_stale: bool = False
    max_guests: Optional[int] = None

    @property
    def names_some(self) -> bool:
        return self.members is not None or bool(self.match) or self.pf is not None

    @property
    def problem(self) -> Optional[str]:
        """Half a sentence on what cannot be meant; None when all is well."""
        if not self.names_some and not self.reclaim_stale:
            return "one of members, match, pf and reclaim_stale is required"
        if self.vfs is not None and self.pf is None:
            return "vfs requires pf"
        if self.exclusive and not (self.present and self.names_some):
            return "exclusive requires state: present and one of members, match and pf"
        if self.max_guests is not None and not (0 <= self.max_guests <= LARGEST and self.present and self.names_some):
            return (
                f"max_guests must be 0 (no limit) to {LARGEST}, and requires state: present and one of members, match "
                "and pf"
            )
        return None
