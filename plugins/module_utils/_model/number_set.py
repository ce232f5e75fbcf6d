# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of processors and NUMA nodes as libvirt writes them: 0-3,^2,8."""

from __future__ import annotations

from typing import Optional

from .plain_number import plain_number

_LARGEST = 1 << 16


def parse_number_set(text: str) -> Optional[frozenset[int]]:
    """None if libvirt would not accept the text."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.lstrip("^").partition("-")
        start = plain_number(first)
        end = plain_number(last) if dash else start
        if start is None or end is None or not start <= end < _LARGEST:
            return None
        numbers = range(start, end + 1)
        found = found - set(numbers) if part.startswith("^") else found | set(numbers)
    return frozenset(found)
