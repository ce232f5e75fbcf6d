# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a replug: everything that was plugged in is plugged in again, and so is what was plugged in during it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._host.bridge_ports import exists
from .._host.guests import read_guests
from .._host.plugged import read_with_plugged
from .._host.run_step import run_step
from .._model.errors import VirtfleetError
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._plan.record import Entry
from .._plan.replug import is_replug, put_back
from .._plan.unplugged import unplugged


def verify_plugged(conn: Any, host: Host, entries: Sequence[Entry]) -> None:
    """Raises VirtfleetError UNPLUGGED with what is not plugged in, and what doing and reading raise."""
    for entry in entries:
        name, before = entry.plan.network, entry.was.plugged or ()
        missing = plug_in_missing(conn, host, name, before) if is_replug(entry.plan) else ()
        if missing:
            names = ", ".join(map(str, missing))
            raise VirtfleetError(
                "UNPLUGGED",
                f"{names} could not be plugged back into network '{name}'.",
                plugged=[port.as_dict() for port in missing],
            )


def plug_in_missing(conn: Any, host: Host, name: str, before: tuple[Plugged, ...]) -> tuple[Plugged, ...]:
    """Who is not plugged in even then. before: what was plugged into the network, besides its running guests."""
    now, missing = _missing(conn, host, name, before)
    if missing:
        # A guest that was just starting when the network stopped: its port went with it.
        for step in put_back(name, now.live or {}, missing):
            run_step(conn, step)
        now, missing = _missing(conn, host, name, before)
    return missing


def _missing(conn: Any, host: Host, name: str, before: tuple[Plugged, ...]) -> tuple[Observed, tuple[Plugged, ...]]:
    now = read_with_plugged(conn, host, name)
    missing = unplugged(now, before, read_guests(conn))
    if not missing or host.remote:
        return now, missing
    # A guest that never came up, or a container that ended, took its device along.
    return now, tuple(port for port in missing if port.tap is None or exists(port.tap.name))
