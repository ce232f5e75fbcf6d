# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a running network differs from its definition."""

from __future__ import annotations

from .canonical import canonical
from .network import DESCRIPTIVE, NETWORK
from .observed import Observed


def drift(observed: Observed) -> list[str]:
    """Options of which the running network has another value than it is defined with."""
    # Of two equal texts the reader makes one document: the common case.
    if observed.live is None or observed.persistent is None or observed.live is observed.persistent:
        return []
    live, persistent = canonical(NETWORK, observed.live), canonical(NETWORK, observed.persistent)
    return [
        option for option in NETWORK.fields if option not in DESCRIPTIVE and live.get(option) != persistent.get(option)
    ]
