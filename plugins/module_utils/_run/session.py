# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run against one daemon: alone, after the run before it was put right, and able to put itself right."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .._host.connection import connect, host_of
from .._host.journal import Journal, key_of, locked
from .._model.host import Host
from .._plan.step import Work


@dataclass(frozen=True)
class Safety:
    """lock_timeout, confirm_timeout: seconds, confirm_timeout 0 for a change that need not be confirmed; verify_reach:
    addresses that the host must reach before and after."""

    lock_timeout: float = 60
    confirm_timeout: float = 0
    verify_reach: Sequence[str] = ()


@dataclass
class Session:
    """arm: has a process on the host take the change back when nobody confirms it. warnings: what was found left by an
    earlier run. gaps: of _run/execute.py. confirm_by: until when the change has to be confirmed (seconds since 1970).
    """

    conn: Any
    host: Host
    journal: Journal
    safety: Safety
    arm: Optional[Callable[[Journal, float], None]] = None
    warnings: list[str] = field(default_factory=list)
    gaps: dict[str, dict[str, float]] = field(default_factory=dict)
    confirm_by: Optional[float] = None

    @property
    def confirm(self) -> Optional[dict[str, Any]]:
        """For results: what virt_network_confirm is to be told, and until when."""
        if self.confirm_by is None:
            return None
        return {"run": self.journal.run, "seconds": round(self.confirm_by - time.time())}

    def rehearse(self, work: list[Work]) -> None:
        """For check mode: what a real run would refuse before its first step."""
        changing = [item for item in work if item[0].changed]
        if changing:
            from .preflight import preflight

            preflight(self.host, self.safety.verify_reach, changing)


@contextmanager
def session(uri: str, safety: Safety, check_mode: bool) -> Iterator[Session]:
    """A connection, the daemon's lock, and nothing left of a run before.

    Raises VirtfleetError LOCKED, UNCONFIRMED, or what connecting, reading and recovering raise.
    """
    arm = None
    if safety.confirm_timeout and not check_mode:
        from .confirmation import watch

        arm = watch(uri)
    conn = connect(uri)
    try:
        host = host_of(conn, uri)
        key = key_of(conn, uri)
        with locked(key, safety.lock_timeout, make=not check_mode):
            opened = Session(conn, host, Journal(key), safety, arm)
            left = opened.journal.read()
            if left is not None:
                from .recover import recover

                opened.warnings += recover(conn, host, opened.journal, left, check_mode)
            yield opened
    finally:
        conn.close()
