# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks as the recovery of an earlier run will leave them, for check mode, which does not recover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .observed import Observed


@dataclass(frozen=True)
class Foreseen:
    """networks: those that the recovery changes, by name, with all that will be plugged in; links: bridges that they
    have now."""

    networks: Mapping[str, Observed] = field(default_factory=dict)
    links: frozenset[str] = frozenset()

    def over(self, there: Mapping[str, Observed]) -> dict[str, Observed]:
        """All networks of the host, after the recovery. there: as they are."""
        return {name: seen for name, seen in {**there, **self.networks}.items() if seen.exists}
