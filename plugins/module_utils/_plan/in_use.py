# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who would be cut off by a stop, and whether that is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from .._model.desired import ABSENT, FORCE, INACTIVE, SEAMLESS, Desired
from .._model.errors import VirtfleetError
from .._model.first_few import first_few
from .._model.plugged import Plugged


def refuse_if_in_use(
    desired: Desired,
    plugged: tuple[Plugged, ...],
    restart: str,
    needs_restart: tuple[str, ...],
    blocked_by_guests: tuple[Plugged, ...] = (),
) -> None:
    """Before a stop. plugged: what the stop would cut off; needs_restart: the options it is for, none for a plain stop;
    blocked_by_guests: guests that could not be put back after it.

    Raises VirtfleetError IN_USE, which names everyone.
    """
    if not plugged or restart == FORCE:
        return
    stopping = desired.state in (ABSENT, INACTIVE)
    why = f"stopped for state {desired.state}" if stopping else _restarted(needs_restart)
    ways = "restart: force cuts them off"
    if not stopping:
        ways = f"restart: never leaves the change for the next start, {ways}"
        if blocked_by_guests:
            ways = f"the change cannot reach {first_few(blocked_by_guests)} while running; {ways}"
        else:
            ways = f"restart: replug plugs them back in, {ways}"
    raise VirtfleetError(
        "IN_USE",
        f"Network '{desired.name}' must be {why}, which would cut off {first_few(plugged)}; nothing was changed "
        f"({ways}).",
        network=desired.name,
        plugged=[item.as_dict() for item in plugged],
    )


def refuse_remote_replug(desired: Desired, plugged: tuple[Plugged, ...], needs_restart: tuple[str, ...]) -> None:
    """Raises VirtfleetError REPLUG_REMOTE."""
    raise VirtfleetError(
        "REPLUG_REMOTE",
        f"Network '{desired.name}' must be {_restarted(needs_restart)}, and {first_few(plugged)} cannot be plugged in "
        "again over a remote URI, which gives no access to the host's links. Nothing was changed. Run the task on the "
        "host itself.",
        network=desired.name,
        plugged=[item.as_dict() for item in plugged],
    )


def refuse_noticeable_restart(desired: Desired, restart: str, why: Sequence[str]) -> None:
    """Raises VirtfleetError SEAMLESS_IMPOSSIBLE where the restart must not be noticed among guests, and would be."""
    if restart != SEAMLESS or not why:
        return
    raise VirtfleetError(
        "SEAMLESS_IMPOSSIBLE",
        f"The guests of network '{desired.name}' cannot stay connected to one another while it restarts: "
        f"{'; '.join(why)}. Nothing was changed (restart: replug interrupts them briefly, restart: never leaves the "
        "change for the next start).",
        network=desired.name,
    )


def refuse_lost(desired: Desired, restart: str, lost: Sequence[str]) -> None:
    """Raises VirtfleetError SEAMLESS_IMPOSSIBLE where the restart would lose settings that someone made."""
    if restart != SEAMLESS or not lost:
        return
    raise VirtfleetError(
        "SEAMLESS_IMPOSSIBLE",
        f"A restart of network '{desired.name}' would lose settings that cannot be restored: {first_few(lost)}. "
        "Nothing was changed (restart: replug restarts without them, restart: never leaves the change for the next "
        "start).",
        network=desired.name,
    )


def _restarted(needs_restart: tuple[str, ...]) -> str:
    if "bridge_link" in needs_restart:
        return "restarted to create its bridge again"
    if needs_restart == ("dnsmasq",):
        return "restarted to start its dnsmasq again"
    return f"restarted to change {', '.join(needs_restart)}"
