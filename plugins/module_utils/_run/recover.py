# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting right what an earlier run left: one that was broken off, or one that nobody confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from .._host.guests import read_guests
from .._host.journal import Journal
from .._host.plugged import read_with_plugged
from .._host.run_step import run_step
from .._model.errors import VirtfleetError
from .._model.host import Host
from .._model.observed import Observed
from .._plan.record import recalled
from .._plan.recovery import resumed, taken_back
from .._plan.step import DEFINE, START, Step


def recover(conn: Any, host: Host, journal: Journal, left: dict[str, Any], check_mode: bool) -> list[str]:
    """What was done, or in check mode would be, as warnings.

    Raises VirtfleetError UNCONFIRMED while an earlier change may still be confirmed, RECOVERY_FAILED, or what reading
    and doing raise.
    """
    names = ", ".join(str(entry["network"]) for entry in left["networks"])
    until = left["confirm_by"]
    if until is not None and time.time() < until:
        raise VirtfleetError(
            "UNCONFIRMED",
            f"A change of {names} waits {until - time.time():.0f} seconds more to be confirmed (virt_network_confirm), "
            "or to be taken back; nothing was changed.",
            run=left["run"],
        )
    if check_mode:
        return [f"An earlier run was broken off while it changed {names}; a real run puts that right first."]
    said = take_back(conn, host, left) if until is not None else _resume(conn, host, left)
    journal.remove()
    return [said]


def _resume(conn: Any, host: Host, left: dict[str, Any]) -> str:
    done: list[str] = []
    ports = _ports_of_guests(conn)
    for plan, was in recalled(left["networks"]):
        steps = resumed(plan, was, read_with_plugged(conn, host, was.name), ports)
        try:
            done += _run_steps(conn, steps)
        except VirtfleetError:
            # The new definition does not start: the old one did.
            done += _run_steps(conn, _as_it_was(conn, host, was))
    names = ", ".join(str(entry["network"]) for entry in left["networks"])
    return f"An earlier run was broken off while it changed {names}. {_told(done)}"


def take_back(conn: Any, host: Host, left: dict[str, Any]) -> str:
    """The networks as they were before the run; a sentence of what was done for that.

    Every network is tried. Raises VirtfleetError RECOVERY_FAILED.
    """
    done, failed = [], []
    for _plan, was in reversed(recalled(left["networks"])):
        try:
            done += _run_steps(conn, _as_it_was(conn, host, was))
        except VirtfleetError as error:
            failed.append(f"network '{was.name}': {error.sentence}")
    if failed:
        raise VirtfleetError(
            "RECOVERY_FAILED",
            f"A change that nobody confirmed could not be taken back, {'; '.join(failed)}",
            failed=failed,
        )
    names = ", ".join(str(entry["network"]) for entry in left["networks"])
    return f"Nobody confirmed the change of {names} in time, so it was taken back. {_told(done)}"


def _as_it_was(conn: Any, host: Host, was: Observed) -> Iterable[Step]:
    now = read_with_plugged(conn, host, was.name)
    try:
        return taken_back(was, now, host)
    except VirtfleetError:
        # Whatever keeps a plan from being made, the network is to have its definition and to run.
        starts = (Step(START, was.name, f"Start network '{was.name}' again."),) if was.active and not now.active else ()
        return (Step(DEFINE, was.name, f"Define network '{was.name}' as it was.", xml=was.persistent_xml), *starts)


def _run_steps(conn: Any, steps: Iterable[Step]) -> list[str]:
    done = []
    for step in steps:
        run_step(conn, step)
        done.append(step.sentence)
    return done


def _ports_of_guests(conn: Any) -> frozenset[str] | None:
    guests = read_guests(conn)
    return None if guests is None else frozenset(nic.port for guest in guests for nic in guest.nics if nic.port)


def _told(done: list[str]) -> str:
    return " ".join(done) if done else "Nothing was left to be put right."
