# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option policy: other severities for codes of findings."""

from __future__ import annotations

from typing import Any

from .._migrate.finding import BLOCKED, OK, WARNING
from .._migrate.rules.catalog import finding_codes
from .._model.errors import VirtfleetError

RATINGS = (BLOCKED, WARNING, OK)


def valid_policy(policy: dict[str, Any]) -> dict[str, str]:
    """Raises VirtfleetError OPTIONS_INVALID."""
    codes = finding_codes()
    for code, rating in policy.items():
        if code not in codes:
            raise VirtfleetError("OPTIONS_INVALID", f"policy has {code!a}, which is not a finding code.")
        if rating not in RATINGS:
            raise VirtfleetError(
                "OPTIONS_INVALID", f"policy sets {code} to {rating!a}; it must be one of {', '.join(RATINGS)}."
            )
    return dict(policy)
