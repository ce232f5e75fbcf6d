# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some of many things, for a sentence."""

from __future__ import annotations

from collections.abc import Iterable


def first_few(items: Iterable[object], most: int = 5) -> str:
    """The first of them, and how many more there are."""
    shown = [str(item) for item in items]
    rest = len(shown) - most
    return ", ".join(shown) if rest < 2 else f"{', '.join(shown[:most])} and {rest} more"
