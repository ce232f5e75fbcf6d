# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying plans out, and rolling them back when a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional

from .._host.bridges import read_bridges
from .._host.bypass import await_neighbours
from .._host.guests import read_guests
from .._host.networks import read_network
from .._host.plugged import read_with_plugged
from .._host.run_step import run_step
from .._model.bridge_state import BridgeState
from .._model.dnsmasq import FAULTY
from .._model.errors import VirtfleetError
from .._model.first_few import first_few
from .._model.host import Host
from .._model.observed import Observed
from .._plan.gaps import Gap, Gaps
from .._plan.holdings import State
from .._plan.leases import own_bridge
from .._plan.order import Part, Turn, order_parts, part_of
from .._plan.record import Entry, record
from .._plan.replug import bridges_of, is_replug
from .._plan.rollback import rollback
from .._plan.step import ASIDE, ATTACH, BYPASS, DESTROY, JOIN, REFRESH, RELEASE, UNDEFINE, Plan, Step, Work
from .before_stop import replan_before_stop
from .interruption import Interruption, as_own_error
from .leases import keep_leases, kept_before, sources
from .preflight import refuse_unwritable_directories

# The daemon is gone, so nothing more can be done.
_GONE = ("DAEMON_LOST", "DAEMON_SILENT")
# A rollback starts from what exists; what remains after the first round, a second one may be able to roll back.
_ROUNDS = 2
# After these steps libvirt has to write before everything is plugged in again.
_CUTTING = (BYPASS, DESTROY, RELEASE)


@dataclass
class Running:
    """What a transaction does: to which networks, from what, and how far it is.

    begun: networks on which a step was begun, which may have had its effect even where it failed; done: the sentences
    of the steps that were carried out, by network; write: puts the entries into the journal.
    """

    conn: Any
    host: Host
    entries: list[Entry]
    write: Callable[[list[dict[str, Any]]], None]
    begun: set[str] = field(default_factory=set)
    done: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def begin(cls, conn: Any, host: Host, work: list[Work], write: Callable[[list[dict[str, Any]]], None]) -> Running:
        entries = [Entry(plan, was, bridges=_bridges(host, plan, was)) for plan, was in work]
        running = cls(conn, host, entries, write)
        for place, entry in enumerate(entries):
            if any(step.action in (DESTROY, UNDEFINE) for step in entry.plan.steps):
                running.keep(place, keep_leases(conn, entry, own_bridge(entry.was)))
        return running

    def keep(self, place: int, entry: Entry) -> bool:
        """Whether there is more to keep now."""
        more = entry is not self.entries[place]
        self.entries[place] = entry
        return more

    def keep_leases(self, place: int, step: Step) -> None:
        """Raises VirtfleetError JOURNAL_UNWRITABLE, or what reading raises."""
        if self.keep(place, kept_before(self.conn, self.entries[place], step)):
            self.save()

    @property
    def networks(self) -> list[dict[str, Any]]:
        return record(self.entries)

    def save(self) -> None:
        """Raises VirtfleetError JOURNAL_UNWRITABLE."""
        self.write(self.networks)

    def roll_back_entries(self) -> None:
        """From here on, an interrupted run has its rollback completed. A journal that cannot be written now
        serves all the same: by it, each network becomes the old or the new one."""
        self.entries = [replace(entry, back=True) for entry in self.entries]
        with suppress(Exception):
            self.save()


def _bridges(host: Host, plan: Plan, was: Observed) -> tuple[BridgeState, ...]:
    names = () if host.remote else bridges_of(plan, was)
    if not names:
        return ()
    return read_bridges(names)


@dataclass
class _Going:
    """A plan that is being carried out: what is left of it, how many steps were done, how long taps are cut off."""

    place: int
    rest: list[Step]
    count: int = 0
    gaps: Gaps = field(default_factory=Gaps)


def execute(
    running: Running, interruption: Interruption, turns: Optional[Sequence[Turn]] = None
) -> dict[str, dict[str, Gap]]:
    """Do all steps of all plans. turns: whose come when; None for one plan after another.

    For each network the taps that were put back, and how long each was cut off.
    Raises VirtfleetError with the step that failed, which may have had its effect.
    """
    going = [_Going(place, list(entry.plan.steps)) for place, entry in enumerate(running.entries)]
    for place, until in turns or [Turn(place, None) for place in range(len(going))]:
        while going[place].rest and (until is None or going[place].count < until):
            interruption.refuse()
            _do_next(running, going[place])
    return {
        running.entries[one.place].plan.network: one.gaps.measured()
        for one in going
        if one.gaps.spans or is_replug(running.entries[one.place].plan)
    }


def _do_next(running: Running, one: _Going) -> None:
    plan = running.entries[one.place].plan
    step = one.rest[0]
    try:
        if step.action in _CUTTING:
            # The disk may have filled up since the plan was made.
            refuse_unwritable_directories(running.conn, plan.network, one.rest)
        if step.action in (BYPASS, DESTROY):
            entry, one.rest = replan_before_stop(running.conn, running.host, running.entries[one.place], one.rest)
            if running.keep(one.place, entry):
                running.save()
            step = one.rest[0]
        running.keep_leases(one.place, step)
        if step.action == DESTROY:
            one.gaps.stopped = time.monotonic()
        running.begun.add(plan.network)
        moved = run_step(running.conn, step, sources(step, running.entries))
        if step.action == JOIN:
            one.gaps.joined = time.monotonic()
            await_neighbours(plan.network)
    except Exception as error:
        ours = as_own_error(error)
        ours.details["failed_step"] = step.as_dict()
        raise ours from error
    one.gaps.add(moved)
    if step.action == ASIDE:
        one.gaps.isolated = {port.tap.name for port in step.ports if port.tap is not None and port.tap.isolated}
    running.done.setdefault(plan.network, []).append(one.rest.pop(0).sentence)
    one.count += 1


def roll_back(running: Running, error: VirtfleetError) -> VirtfleetError:
    """Put the networks back as they were, latest first unless one waits for another; the error, with what came of it.

    Its details say undone, and left: what could not be put back. Without a daemon nothing can be: the error then
    says what stays, under done too.
    """
    if error.code in _GONE:
        return _stays(running, error)
    if not running.begun:
        return _with(error, "Nothing was changed.", undone=[], left=[])
    running.roll_back_entries()
    undone, left, gone = _put_back(running)
    if gone:
        return _stays(running, error, undone, left)
    if left:
        ending = (
            "The rollback is incomplete: "
            + " ".join(left)
            + " The journal keeps the original state. Fix the cause and run the task again to complete the rollback."
        )
    elif undone:
        ending = "All earlier steps were rolled back."
    else:
        ending = "Nothing was changed."
    return _with(error, ending, undone=undone, left=left)


def _put_back(running: Running) -> tuple[list[str], list[str], bool]:
    """What was done, what could not be done, and whether the daemon is gone."""
    places = [p for p in reversed(range(len(running.entries))) if running.entries[p].plan.network in running.begun]
    undone: list[str] = []
    left: list[str] = []
    for _round in range(_ROUNDS):
        parts, left = [], []
        for place in places:
            plan, was = running.entries[place].plan, running.entries[place].was
            try:
                now = read_with_plugged(running.conn, running.host, was.name)
                steps = rollback(was, now, running.host, read_guests(running.conn), plan)
                parts.append(part_of(now, steps))
            except Exception as second:
                ours = as_own_error(second)
                left.append(f"network '{was.name}': {ours.sentence}")
                if ours.code in _GONE:
                    return undone, left, True
                parts.append(Part(was.name, State(None, None), ()))
        order = order_parts(parts)
        for number, step in order.sequence:
            with suppress(Exception):
                running.keep_leases(places[order.places[number]], step)
            try:
                run_step(running.conn, step, sources(step, running.entries))
                undone.append(step.sentence)
            except Exception as second:
                ours = as_own_error(second)
                left.append(f"{step.sentence} {ours.sentence}")
                if ours.code in _GONE:
                    return undone, left, True
        # Settings of a tap that this kernel does not support would be found missing in every round, and those of a
        # port in Open vSwitch are not looked at.
        if not left and all(step.action in (ATTACH, REFRESH) for part in parts for step in part.steps):
            break
    for place in places:
        left += _without_dnsmasq(running, running.entries[place].was)
    return undone, left, False


def _without_dnsmasq(running: Running, was: Observed) -> list[str]:
    """libvirt does not look after it."""
    try:
        now = read_network(running.conn, was.name)
    except Exception as error:
        return [f"network '{was.name}': {as_own_error(error).sentence}"]
    gone = now.dnsmasq in FAULTY and was.dnsmasq not in FAULTY
    return [f"dnsmasq of network '{was.name}' does not run as before."] if gone else []


def _stays(
    running: Running, error: VirtfleetError, undone: Sequence[str] = (), left: Sequence[str] = ()
) -> VirtfleetError:
    names = [f"'{name}'" for name in running.done]
    shown = first_few(names)
    what = "Nothing was changed before" if not names else f"Earlier steps on {shown} remain in effect"
    if undone:
        what = f"Only some of the steps on {shown} could be rolled back"
    ending = f"{what}; run the same task again once the daemon answers."
    sentences = [sentence for done in running.done.values() for sentence in done]
    return _with(error, ending, done=sentences, undone=list(undone), left=list(left) or sentences)


def _with(error: VirtfleetError, ending: str, **details: list[str]) -> VirtfleetError:
    return VirtfleetError(error.code, f"{error.sentence} {ending}", **{**error.details, **details})
