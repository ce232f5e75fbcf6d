# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a guest has to move, by where it is at this moment."""

from __future__ import annotations

from typing import Optional

from ..._model.errors import VirtfleetError
from ..._model.move import LIVE, Move, Place


def needs_migration(move: Move, here: Optional[Place], there: Optional[Place]) -> bool:
    """False when the guest is at its destination. here, there: on the source and the destination, None if it is not.

    Raises VirtfleetError GUEST_MISSING, GUEST_TWICE, GUEST_OFF or GUEST_RUNNING.
    """
    if here is None and there is None:
        raise VirtfleetError(
            "GUEST_MISSING",
            f"Guest {move.guest!a} is neither on this host nor at {move.destination}.",
        )
    if here is None:
        return False
    if here.active and there is not None and there.active:
        raise VirtfleetError(
            "GUEST_TWICE",
            f"Guest {move.guest!a} runs on this host and at {move.destination}; stop one of the two.",
        )
    if not here.active and there is not None and there.active:
        return False
    if move.mode == LIVE and not here.active:
        raise VirtfleetError(
            "GUEST_OFF",
            f"Guest {move.guest!a} does not run; start it, or use mode offline to move its definition.",
        )
    if move.mode != LIVE and here.active:
        raise VirtfleetError(
            "GUEST_RUNNING",
            f"Guest {move.guest!a} runs; use mode live, or stop it. Mode offline moves only the definition.",
        )
    return True
