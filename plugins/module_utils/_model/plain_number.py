# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in texts of hosts and users."""

from __future__ import annotations

import re
from typing import Optional

# Python's int() also takes digits of other scripts, fails on some that str.isdigit() calls digits, and fails on very
# many of them.
_DIGITS = re.compile(r"[0-9]{1,20}")

# More than any number of seconds, guests, MiB/s or connections that someone means, and no more than clocks, libvirt
# and programs of the host can hold.
LARGEST = 2**31 - 1


def plain_number(text: str) -> Optional[int]:
    """The number that a text of ASCII digits is; None for everything else."""
    return int(text) if _DIGITS.fullmatch(text) else None
