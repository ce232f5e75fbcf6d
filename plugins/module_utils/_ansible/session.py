# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run against one daemon: alone, after the run before it was put right, and able to put itself right."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, TypeVar

from .._host.connection import connect, host_of
from .._host.networks import read_network
from .._host.state import Journal, key_of, locked
from .._model.canonical import canonical
from .._model.errors import VirtfleetError
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.step import Work

T = TypeVar("T")


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
    earlier run. gaps: of _host/apply.py. confirm_by: until when the change has to be confirmed (seconds since 1970).
    """

    conn: Any
    host: Host
    journal: Journal
    safety: Safety
    arm: Optional[Callable[[Journal, float], None]] = None
    warnings: list[str] = field(default_factory=list)
    gaps: dict[str, dict[str, float]] = field(default_factory=dict)
    confirm_by: Optional[float] = None

    def carry_out(self, work: list[Work], look: Callable[[], T]) -> T:
        """Do the plans and look at the host again; what look gives. look raises VirtfleetError when it does not find
        what was to be.

        Raises VirtfleetError; then everything is as it was, or the error says what is not.
        """
        from .._host.apply import apply, undo
        from .._plan.record import record

        changing = [item for item in work if item[0].changed]
        self._refuse_changed(changing)
        self._refuse_out_of_reach()
        networks = record(changing)
        if self.arm is not None:
            self.confirm_by = time.time() + self.safety.confirm_timeout
        self.journal.write(networks, self.confirm_by)
        if self.arm is not None and self.confirm_by is not None:
            self.arm(self.journal, self.confirm_by)
        done: list[Any] = []
        try:
            self.gaps = apply(self.conn, self.host, changing, done)
            self._verify_plugged(changing)
            result = look()
            self._verify_reach()
        except VirtfleetError as error:
            failure = undo(self.conn, done, error)
            if not failure.details.get("left"):
                self.journal.remove()
            raise failure from None
        if self.confirm_by is None:
            self.journal.remove()
        else:
            self.journal.write(networks, self.confirm_by, finished=True)
        return result

    @property
    def confirm(self) -> Optional[dict[str, Any]]:
        """For results: what virt_network_confirm is to be told, and until when."""
        if self.confirm_by is None:
            return None
        return {"run": self.journal.run, "seconds": round(self.confirm_by - time.time())}

    def _refuse_changed(self, work: list[Work]) -> None:
        """Somebody without our lock (virsh, another tool) may have been here since the plan was made."""
        for _plan, observed in work:
            now = read_network(self.conn, observed.name)
            if _facts(now) != _facts(observed):
                raise VirtfleetError(
                    "CHANGED_MEANWHILE",
                    f"Network '{observed.name}' was changed by somebody else since this run read it; nothing was "
                    "changed. Run the same task again, which takes that into account.",
                    network=observed.name,
                )

    def _verify_plugged(self, work: list[Work]) -> None:
        from .._plan.replug import is_replug

        if any(is_replug(plan) for plan, _observed in work):
            from .._host.verify import verify_plugged

            verify_plugged(self.conn, self.host, work)

    def _refuse_out_of_reach(self) -> None:
        silent = self._silent()
        if silent:
            raise VirtfleetError(
                "REACH_MISSING",
                f"{', '.join(silent)} of verify_reach cannot be reached from this host before anything was changed; "
                "nothing was changed.",
                silent=silent,
            )

    def _verify_reach(self) -> None:
        silent = self._silent()
        if silent:
            raise VirtfleetError(
                "REACH_LOST", f"The host no longer reaches {', '.join(silent)} after the change.", silent=silent
            )

    def _silent(self) -> list[str]:
        if not self.safety.verify_reach:
            return []
        from .._host.reach import silent

        return silent(self.safety.verify_reach)


def _facts(observed: Observed) -> tuple[Any, ...]:
    live, persistent = (
        None if document is None else canonical(NETWORK, document) for document in (observed.live, observed.persistent)
    )
    return live, persistent, observed.autostart


@contextmanager
def session(uri: str, safety: Safety, check_mode: bool) -> Iterator[Session]:
    """A connection, the daemon's lock, and nothing left of a run before.

    Raises VirtfleetError LOCKED, UNCONFIRMED, or what connecting, reading and recovering raise.
    """
    arm = None
    if safety.confirm_timeout and not check_mode:
        from .unconfirmed import watch

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
