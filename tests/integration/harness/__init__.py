# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

# Whether every case is tried everywhere, and every fault at every step; see conftest.py.
EVERYWHERE = bool(os.environ.get("IT_EVERYWHERE"))


def every_nth(number: int, rows: Iterable[Any]) -> list[Any]:
    """For rows that test one property by different inputs: every so many of them, with IT_EVERYWHERE all."""
    return list(rows)[:: 1 if EVERYWHERE else number]
