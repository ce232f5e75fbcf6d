# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that the host rolls back unless it is confirmed, which requires that the host can be reached; or at once."""

from __future__ import annotations

import json
import math
import pkgutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Callable

from .._host.connection import connect, host_of
from .._host.guard import start_guard
from .._host.journal import Journal, UnfinishedRun, key_of, locked, locked_if_used
from .._model.errors import VirtfleetError
from .preflight import silent_addresses
from .recover import DECIDED, EXPIRED, roll_back_unfinished

# How often the guard looks whether the change was confirmed, and how often it asks a daemon that does not answer.
_LOOK, _AGAIN, _TRIES = 0.3, 2, 300
_SILENT = ("DAEMON_UNREACHABLE", "DAEMON_SILENT", "DAEMON_LOST")


def watch(uri: str) -> Callable[[Journal], None]:
    """Start the guard; returns the function that passes it the run to watch, once that is in the journal."""
    _import_all()
    give = start_guard(lambda order: _guard(uri, **json.loads(order)))

    def arm(journal: Journal) -> None:
        give(json.dumps({"key": journal.key, "run": journal.run, "path": journal.path}))

    return arm


def _guard(uri: str, key: str, run: str, path: str) -> str:
    journal = Journal(key, path)
    while True:
        left = journal.read_of(run)
        # The order comes when the journal is written, so that a missing one has been removed.
        if left is None or left.deadline is None:
            return ""
        if left.deadline.left > 0:
            # Another change may join this one, which puts the deadline off.
            time.sleep(_LOOK)
            continue
        # However long a run is at work that has joined this one.
        with locked(key, math.inf):
            left = journal.read_of(run)
            if left is not None and left.deadline is not None and left.deadline.left <= 0:
                said = _taken_back(uri, left)
                journal.remove()
                return said


def _taken_back(uri: str, left: UnfinishedRun) -> str:
    for attempt in range(_TRIES):
        try:
            conn = connect(uri)
            try:
                return roll_back_unfinished(conn, host_of(conn, uri), left, EXPIRED)
            finally:
                conn.close()
        except VirtfleetError as error:
            if error.code not in _SILENT or attempt == _TRIES - 1:
                raise
        time.sleep(_AGAIN)
    return ""


@dataclass(frozen=True)
class Decided:
    """networks: whose change it was; sentence: what was rolled back, "" when it was confirmed."""

    networks: list[str]
    sentence: str = ""


def confirm_change(run: str, *, uri: str, wait: float, check_mode: bool, reach: Sequence[str] = ()) -> Decided:
    """The change of the run now stays. wait: seconds, for another run's end; reach: addresses that must answer.

    Raises VirtfleetError NOT_PENDING, LOCKED, REACH_LOST, STATE_UNUSABLE or JOURNAL_UNREADABLE.
    """
    with _waiting(run, uri, wait, check_mode) as (_conn, journal, left):
        silent = silent_addresses(reach)
        if silent:
            raise VirtfleetError(
                "REACH_LOST",
                f"The host cannot reach {', '.join(silent)} after the change of {left.names}, which was not confirmed; "
                "it will be rolled back when its confirm_timeout expires, or now with decision: roll_back.",
                silent=silent,
            )
        if not left.waits:  # the pings took time
            raise _not_pending(run)
        if not check_mode:
            journal.remove()
        return Decided(_networks(left))


def roll_back_change(run: str, *, uri: str, wait: float, check_mode: bool) -> Decided:
    """The networks are again as they were before the run. wait: seconds, for another run's end.

    Raises VirtfleetError NOT_PENDING, LOCKED, RECOVERY_FAILED, STATE_UNUSABLE or JOURNAL_UNREADABLE.
    """
    with _waiting(run, uri, wait, check_mode) as (conn, journal, left):
        if check_mode:
            left.entries()  # raises for what cannot be read
            return Decided(_networks(left), f"The change of {left.names} would be rolled back.")
        # If this fails, the journal stays, and the guard tries again when the time is over.
        sentence = roll_back_unfinished(conn, host_of(conn, uri), left, DECIDED)
        journal.remove()
        return Decided(_networks(left), sentence)


@contextmanager
def _waiting(run: str, uri: str, wait: float, check_mode: bool) -> Iterator[tuple[Any, Journal, UnfinishedRun]]:
    """A connection, and the change of the run, which waits for a decision while the daemon is locked."""
    conn = connect(uri)
    try:
        key = key_of(conn, uri)
        with (locked_if_used if check_mode else locked)(key, wait):
            journal = Journal(key)
            left = journal.read_of(run)
            if left is None or not left.waits:
                raise _not_pending(run)
            yield conn, journal, left
    finally:
        conn.close()


def _not_pending(run: str) -> VirtfleetError:
    return VirtfleetError(
        "NOT_PENDING",
        f"No change {run!a} is waiting for confirmation on this host: it was already confirmed, or it was "
        "rolled back because its confirm_timeout expired or the host was rebooted.",
    )


def _networks(left: UnfinishedRun) -> list[str]:
    return list(dict.fromkeys(str(entry["network"]) for entry in left.networks))


def _import_all() -> None:
    """The guard outlives the file that Ansible sent the module in, from which nothing can be imported by then."""
    here = __name__.rpartition("._run.")[0]
    for layer in ("_model", "_xml", "_plan", "_host"):
        package = import_module(f"{here}.{layer}")
        for found in pkgutil.walk_packages(package.__path__, f"{here}.{layer}."):
            import_module(found.name)
    import_module(f"{here}._run.recover")
    for name in ("pyroute2", "pyroute2.netlink.exceptions"):
        try:
            import_module(name)
        except ImportError:
            return
