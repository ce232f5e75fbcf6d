# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user asks of a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..._model.field import Document


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
