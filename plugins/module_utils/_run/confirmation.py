# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that undoes itself on the host unless somebody confirms it, who must reach the host for that."""

from __future__ import annotations

import json
import pkgutil
import time
from importlib import import_module
from typing import Callable

from .._host.connection import connect, host_of
from .._host.guard import stay_behind
from .._host.journal import Journal, key_of, locked
from .._model.errors import VirtfleetError

# How often the guard looks whether the change was confirmed, and how long it waits for a run that is at work.
_LOOK, _WAIT = 0.3, 120


def watch(uri: str) -> Callable[[Journal, float], None]:
    """Start the guard; the function that tells it which run to watch, and until when (seconds since 1970)."""
    _import_all()
    give = stay_behind(lambda order: _guard(uri, **json.loads(order)))

    def arm(journal: Journal, until: float) -> None:
        give(json.dumps({"key": journal.key, "run": journal.run, "until": until}))

    return arm


def _guard(uri: str, key: str, run: str, until: float) -> str:
    journal = Journal(key)
    while time.time() < until:
        # The order comes when the journal is written, so that a missing one has been removed.
        if journal.read_of(run) is None:
            return ""
        time.sleep(_LOOK)
    with locked(key, _WAIT):
        left = journal.read_of(run)
        if left is None:
            return ""
        from .recover import take_back

        conn = connect(uri)
        try:
            said = take_back(conn, host_of(conn, uri), left)
        finally:
            conn.close()
        journal.remove()
        return said


def confirm(run: str, *, uri: str, wait: float, check_mode: bool) -> list[str]:
    """The networks of the run whose change now stays. wait: seconds, for another run's end.

    Raises VirtfleetError NOT_PENDING or LOCKED.
    """
    conn = connect(uri)
    try:
        key = key_of(conn, uri)
    finally:
        conn.close()
    with locked(key, wait):
        journal = Journal(key)
        left = journal.read_of(run)
        if left is None or not left["finished"] or time.time() > (left["confirm_by"] or 0):
            raise VirtfleetError(
                "NOT_PENDING",
                f"No change {run!a} waits to be confirmed on this host: it was confirmed before, or its time is over "
                "and it was taken back.",
            )
        if not check_mode:
            journal.remove()
        return [str(entry["network"]) for entry in left["networks"]]


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
