# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans done within a session: whole, or taken back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Callable, TypeVar

from .._host.networks import read_network
from .._model.canonical import canonical
from .._model.errors import VirtfleetError
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.record import record
from .._plan.replug import is_replug
from .._plan.step import Work
from .execute import execute, roll_back
from .session import Session

T = TypeVar("T")


def run_transaction(opened: Session, work: list[Work], look: Callable[[], T]) -> T:
    """Do the plans and look at the host again; what look gives. look raises VirtfleetError when it does not find
    what was to be.

    Raises VirtfleetError; then everything is as it was, or the error says what is not.
    """
    changing = [item for item in work if item[0].changed]
    _refuse_changed(opened.conn, changing)
    _refuse_out_of_reach(opened.safety.verify_reach)
    networks = record(changing)
    if opened.arm is not None:
        opened.confirm_by = time.time() + opened.safety.confirm_timeout
    opened.journal.write(networks, opened.confirm_by)
    if opened.arm is not None and opened.confirm_by is not None:
        opened.arm(opened.journal, opened.confirm_by)
    done: list[Any] = []
    try:
        opened.gaps = execute(opened.conn, opened.host, changing, done)
        _verify_plugged(opened, changing)
        result = look()
        _verify_reach(opened.safety.verify_reach)
    except VirtfleetError as error:
        failure = roll_back(opened.conn, done, error)
        if not failure.details.get("left"):
            opened.journal.remove()
        raise failure from None
    if opened.confirm_by is None:
        opened.journal.remove()
    else:
        opened.journal.write(networks, opened.confirm_by, finished=True)
    return result


def _refuse_changed(conn: Any, work: list[Work]) -> None:
    """Somebody without our lock (virsh, another tool) may have been here since the plan was made."""
    for _plan, observed in work:
        now = read_network(conn, observed.name)
        if _facts(now) != _facts(observed):
            raise VirtfleetError(
                "CHANGED_MEANWHILE",
                f"Network '{observed.name}' was changed by somebody else since this run read it; nothing was "
                "changed. Run the same task again, which takes that into account.",
                network=observed.name,
            )


def _facts(observed: Observed) -> tuple[Any, ...]:
    live, persistent = (
        None if document is None else canonical(NETWORK, document) for document in (observed.live, observed.persistent)
    )
    return live, persistent, observed.autostart


def _verify_plugged(opened: Session, work: list[Work]) -> None:
    if any(is_replug(plan) for plan, _observed in work):
        from .verify_plugged import verify_plugged

        verify_plugged(opened.conn, opened.host, work)


def _refuse_out_of_reach(addresses: Sequence[str]) -> None:
    silent = _silent(addresses)
    if silent:
        raise VirtfleetError(
            "REACH_MISSING",
            f"{', '.join(silent)} of verify_reach cannot be reached from this host before anything was changed; "
            "nothing was changed.",
            silent=silent,
        )


def _verify_reach(addresses: Sequence[str]) -> None:
    silent = _silent(addresses)
    if silent:
        raise VirtfleetError(
            "REACH_LOST", f"The host no longer reaches {', '.join(silent)} after the change.", silent=silent
        )


def _silent(addresses: Sequence[str]) -> list[str]:
    if not addresses:
        return []
    from .._host.reach import silent

    return silent(addresses)
