# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a replug: whether every guest is plugged in, those too that came in the middle of it."""

from __future__ import annotations

from typing import Any

from .._host.guests import read_guests
from .._host.plugged import read_with_plugged
from .._host.run_step import run_step
from .._model.errors import VirtfleetError
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._plan.replug import is_replug, put_back
from .._plan.step import DESTROY, Work
from .._plan.unplugged import unplugged


def verify_plugged(conn: Any, host: Host, work: list[Work]) -> None:
    """Raises VirtfleetError UNPLUGGED with whoever is not, and what doing and reading raise."""
    for plan, _observed in work:
        if not is_replug(plan):
            continue
        before = next(step.ports for step in plan.steps if step.action == DESTROY)
        now, missing = _missing(conn, host, plan.network, before)
        if missing:
            # A guest that was just starting when the network stopped: its port went with it.
            for step in put_back(plan.network, now.live or {}, missing):
                run_step(conn, step)
            now, missing = _missing(conn, host, plan.network, before)
        if missing:
            names = ", ".join(map(str, missing))
            raise VirtfleetError(
                "UNPLUGGED",
                f"{names} could not be plugged into network '{plan.network}' again.",
                plugged=[port.as_dict() for port in missing],
            )


def _missing(conn: Any, host: Host, name: str, before: tuple[Plugged, ...]) -> tuple[Observed, tuple[Plugged, ...]]:
    now = read_with_plugged(conn, host, name)
    return now, unplugged(now, before, read_guests(conn))
