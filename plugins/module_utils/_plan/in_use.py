# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who would be cut off, and whether that may be."""

from __future__ import annotations

from .._model.desired import ABSENT, FORCE, INACTIVE, Desired
from .._model.errors import VirtfleetError
from .._model.plugged import Plugged


def refuse_if_in_use(desired: Desired, plugged: tuple[Plugged, ...], restart: str, stuck: tuple[str, ...]) -> None:
    """Before a stop. plugged: what the stop would cut off; stuck: the options it is for, none for a plain stop.

    Raises VirtfleetError IN_USE, which names everyone.
    """
    if not plugged or restart == FORCE:
        return
    stopping = desired.state in (ABSENT, INACTIVE)
    why = f"stopped for state {desired.state}" if stopping else f"restarted to change {', '.join(stuck)}"
    ways = "restart: force cuts them off"
    if not stopping:
        ways = f"restart: never leaves it for the next start, {ways}"
    raise VirtfleetError(
        "IN_USE",
        f"Network '{desired.name}' would have to be {why}, which would cut off {', '.join(map(str, plugged))}; "
        f"nothing was changed ({ways}).",
        network=desired.name,
        plugged=[item.as_dict() for item in plugged],
    )
