# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that the host rolls back unless it is confirmed, which requires that the host can be reached."""

from __future__ import annotations

import json
import math
import pkgutil
import time
from importlib import import_module
from typing import Callable

from .._host.connection import connect, host_of
from .._host.guard import stay_behind
from .._host.journal import Journal, Left, key_of, locked
from .._model.errors import VirtfleetError

# How often the guard looks whether the change was confirmed, and how often it asks a daemon that does not answer.
_LOOK, _AGAIN, _TRIES = 0.3, 2, 300
_SILENT = ("DAEMON_UNREACHABLE", "DAEMON_SILENT", "DAEMON_LOST")


def watch(uri: str) -> Callable[[Journal], None]:
    """Start the guard; returns the function that passes it the run to watch, once that is in the journal."""
    _import_all()
    give = stay_behind(lambda order: _guard(uri, **json.loads(order)))

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


def _taken_back(uri: str, left: Left) -> str:
    from .recover import take_back

    for attempt in range(_TRIES):
        try:
            conn = connect(uri)
            try:
                return take_back(conn, host_of(conn, uri), left)
            finally:
                conn.close()
        except VirtfleetError as error:
            if error.code not in _SILENT or attempt == _TRIES - 1:
                raise
        time.sleep(_AGAIN)
    return ""


def confirm(run: str, *, uri: str, wait: float, check_mode: bool) -> list[str]:
    """The networks of the run whose change now stays. wait: seconds, for another run's end.

    Raises VirtfleetError NOT_PENDING, LOCKED, STATE_UNUSABLE or JOURNAL_UNREADABLE.
    """
    conn = connect(uri)
    try:
        key = key_of(conn, uri)
    finally:
        conn.close()
    with locked(key, wait, make=not check_mode):
        journal = Journal(key)
        left = journal.read_of(run)
        if left is None or not left.waits:
            raise VirtfleetError(
                "NOT_PENDING",
                f"No change {run!a} is waiting for confirmation on this host: it was already confirmed, or it was "
                "rolled back because its time is over or the host was rebooted.",
            )
        if not check_mode:
            journal.remove()
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
