# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check against what was saved of a destination. Needs neither libvirt nor a host."""

from __future__ import annotations

import time
from typing import Any, Optional

from .._migrate.descriptor import Described
from .._migrate.judge import judge
from .._migrate.view import read_view


def check_saved(
    guests: list[Described], destination: dict[str, Any], policy: dict[str, str], max_age: Optional[float]
) -> dict[str, Any]:
    """As judge() returns it. Raises VirtfleetError DESTINATION_INVALID."""
    return judge(guests, read_view(destination), policy, time.time(), max_age)
