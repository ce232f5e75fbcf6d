# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans done within a session: whole, or rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Callable, Optional, TypeVar

from .._host.networks import read_network
from .._model.canonical import canonical
from .._model.dnsmasq import FAULTY
from .._model.errors import VirtfleetError
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.order import Turn
from .._plan.replug import is_replug
from .._plan.step import Work
from .converged import without_dnsmasq
from .execute import Running, execute, roll_back
from .interruption import Interruption, as_own_error, deferred_interruption
from .leases import remove_unused_leases
from .preflight import preflight, silent_addresses
from .session import Session
from .verify_plugged import verify_plugged

T = TypeVar("T")


def run_transaction(
    opened: Session, work: list[Work], look: Callable[[], T], turns: Optional[Sequence[Turn]] = None
) -> T:
    """Execute the plans and look at the host again; returns what look returns. look raises VirtfleetError when the host
    is not as planned. turns: whose steps come when, by the place among the plans that change something; None for one
    plan after another.

    Raises VirtfleetError, whatever went wrong; then everything is as it was, or the error says what is not, and the
    journal keeps what it was.
    """
    changing = [item for item in work if item[0].changed]
    _refuse_changed(opened.conn, changing)
    preflight(opened.conn, opened.host, opened.safety.verify_reach, changing)
    with deferred_interruption() as interruption:
        return _run(opened, changing, look, interruption, turns)


def _run(
    opened: Session,
    work: list[Work],
    look: Callable[[], T],
    interruption: Interruption,
    turns: Optional[Sequence[Turn]],
) -> T:
    opened.set_deadline()
    running = Running.begin(
        opened.conn, opened.host, work, lambda networks: opened.journal.write(networks, opened.deadline)
    )
    running.save()
    try:
        if opened.arm is not None:
            opened.arm(opened.journal)
        opened.gaps = execute(running, interruption, turns)
        _verify_plugged(opened, running)
        _verify_dnsmasq(opened.conn, work)
        result = look()
        _verify_reach(opened.safety.verify_reach)
        interruption.refuse()
        if opened.deadline is not None:
            opened.journal.write(running.networks, opened.deadline, finished=True)
    except BaseException as error:
        failure = _rolled_back(running, as_own_error(error))
        if not failure.details.get("left"):
            _tidy(opened, running)
            with suppress(OSError):
                opened.journal.withdraw()
        raise failure from None
    _tidy(opened, running)
    if opened.deadline is None:
        # The next run finds nothing left to do in a journal that stays.
        with suppress(OSError):
            opened.journal.remove()
    return result


def _tidy(opened: Session, running: Running) -> None:
    """Leftover files are not a reason to fail a completed change."""
    with suppress(Exception):
        remove_unused_leases(opened.conn, running.entries)


def _rolled_back(running: Running, error: VirtfleetError) -> VirtfleetError:
    try:
        return roll_back(running, error)
    except BaseException as second:
        ending = f"It could not be rolled back ({as_own_error(second).sentence}); the journal stays for the next run."
        return VirtfleetError(error.code, f"{error.sentence} {ending}", **{**error.details, "left": [ending]})


def _refuse_changed(conn: Any, work: list[Work]) -> None:
    """Something without our lock (virsh, another tool) may have changed the network since the plan was made."""
    for _plan, observed in work:
        now = read_network(conn, observed.name)
        if _facts(now) != _facts(observed):
            raise VirtfleetError(
                "CHANGED_MEANWHILE",
                f"Network '{observed.name}' was changed by something else after this run read it; nothing was changed "
                "by this run. Run the task again.",
                network=observed.name,
            )


def _facts(observed: Observed) -> tuple[Any, ...]:
    live, persistent = (
        None if document is None else canonical(NETWORK, document) for document in (observed.live, observed.persistent)
    )
    return live, persistent, observed.autostart


def _verify_plugged(opened: Session, running: Running) -> None:
    if any(is_replug(entry.plan) for entry in running.entries):
        verify_plugged(opened.conn, opened.host, running.entries)


def _verify_dnsmasq(conn: Any, work: list[Work]) -> None:
    """libvirt starts it and does not look after it."""
    for plan, _observed in work:
        now = read_network(conn, plan.network)
        if now.dnsmasq in FAULTY and "dnsmasq" not in plan.pending:
            raise without_dnsmasq(now)


def _verify_reach(addresses: Sequence[str]) -> None:
    silent = silent_addresses(addresses)
    if silent:
        raise VirtfleetError(
            "REACH_LOST", f"The host cannot reach {', '.join(silent)} after the change.", silent=silent
        )
