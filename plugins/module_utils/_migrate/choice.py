# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of plans that take one of a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._model.errors import VirtfleetError
from .finding import OK, WARNING

# The worst verdict with which a guest moves: of a guest with a worse one, the move is known or feared to fail.
ACCEPTABLE = (OK, WARNING)


def read_choice(option: str, value: Any, words: Sequence[str]) -> str:
    """Raises VirtfleetError PLAN_INVALID."""
    for word in words:
        if value == word:
            return word
    raise VirtfleetError("PLAN_INVALID", f"{option} is {value!a}; it must be {' or '.join(words)}.")
