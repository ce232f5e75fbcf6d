# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of a module's own options. Those of a network are in _plan/rules."""

from __future__ import annotations

from collections.abc import Mapping

from .._model.errors import VirtfleetError
from .._model.plain_number import LARGEST


def refuse_out_of_range(numbers: Mapping[str, float], least: int = 0) -> None:
    """numbers: by option. Raises VirtfleetError OPTIONS_INVALID."""
    for option, value in numbers.items():
        if not least <= value <= LARGEST:  # in this order, as NaN compares with nothing
            raise VirtfleetError("OPTIONS_INVALID", f"{option} is {value}; it must be {least} to {LARGEST}.")
