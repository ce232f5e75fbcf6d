# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery of an earlier run that was interrupted, or that was not confirmed in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

from .._host.bridges import read_bridges
from .._host.guests import read_guests
from .._host.journal import Journal, UnfinishedRun
from .._host.networks import read_network
from .._host.plugged import read_with_plugged
from .._host.run_step import run_step
from .._model.errors import VirtfleetError
from .._model.foreseen import Foreseen
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._plan.after_recovery import after_recovery
from .._plan.leases import is_linked, own_bridge
from .._plan.order import order_parts, part_of
from .._plan.record import Entry, record
from .._plan.recovery import completion_steps, merge_entries, rollback_of_interrupted, stp_again
from .._plan.replug import bridges_of, is_replug
from .._plan.step import Step
from .interruption import Interruption, as_own_error, deferred_interruption
from .leases import kept_before, remove_unused_leases, sources
from .preflight import refuse_steps
from .verify_plugged import plug_in_missing

# Why a change is rolled back.
EXPIRED, DECIDED = "was not confirmed in time and was rolled back", "was rolled back"
# What keeps a network from becoming what it was to become, and would keep it from becoming what it was.
_NOT_THE_DEFINITION = (
    "INTERRUPTED",
    "RIGHTS_MISSING",
    "LIBVIRT_UNWRITABLE",
    "DEPENDENCY_MISSING",
    "DAEMON_LOST",
    "DAEMON_SILENT",
)


def recover(conn: Any, host: Host, journal: Journal, left: UnfinishedRun) -> str:
    """What was done, as a warning.

    Raises VirtfleetError UNCONFIRMED while an earlier change may still be confirmed, RECOVERY_FAILED, or what reading
    and doing raise.
    """
    _refuse_unconfirmed(left)
    said = (
        roll_back_unfinished(conn, host, left, EXPIRED)
        if left.deadline is not None
        else _complete(conn, host, journal, left)
    )
    journal.remove()
    return said


def foresee(conn: Any, host: Host, journal: Journal, left: UnfinishedRun) -> tuple[Foreseen, str]:
    """What recover would do, for check mode, as a warning too. Nothing is changed.

    Raises VirtfleetError as recover does, as far as that can be known.
    """
    _refuse_unconfirmed(left)
    entries = left.entries()
    expired = left.deadline is not None
    if expired:
        entries = [replace(entry, back=True) for entry in merge_entries(entries)]
    recovery = _Recovery(conn, host, entries, Interruption(), lambda _entries: None)
    _turn_back_linked(recovery)
    _turn_back_tangled(recovery)
    networks: dict[str, Observed] = {}
    links: set[str] = set()
    sentences: list[str] = []
    failed: list[str] = []
    for place, entry in enumerate(recovery.entries):
        name = entry.was.name
        now, guests = recovery.look(place)
        steps, after = after_recovery(entry, now, host, guests)
        try:
            recovery.refuse_without_means(entry, steps)
        except VirtfleetError as error:
            if not expired:
                raise _not_recovered(name, error, journal) from None
            failed.append(f"network '{name}': {error.sentence}")
        if steps:
            networks[name] = after
            links.add(own_bridge(now))
        sentences += [step.sentence for step in (*steps, *recovery.stp_again(entry))]
    if failed:
        raise _not_rolled_back(failed)
    foreseen = Foreseen(networks, frozenset(links - {""}))
    if expired:
        what = f"An earlier change of {left.names} was not confirmed in time; a real run rolls it back first."
    else:
        what = f"An earlier run was interrupted while it changed {left.names}; a real run recovers it first."
    if not sentences:
        return foreseen, f"{what} {_told(sentences)}"
    return foreseen, f"{what} {_told(sentences)} The plan is for the networks after these steps, if none of them fails."


def _refuse_unconfirmed(left: UnfinishedRun) -> None:
    if left.deadline is not None and left.deadline.left > 0:
        raise VirtfleetError(
            "UNCONFIRMED",
            f"A change of {left.names} by user {left.user} is waiting for confirmation (virt_network_confirm) and will "
            f"be rolled back in {left.deadline.left:.0f} seconds; nothing was changed.",
            run=left.run,
        )


@dataclass
class _Recovery:
    """save: writes the entries to the journal, for the case that the recovery is interrupted too."""

    conn: Any
    host: Host
    entries: list[Entry]
    interruption: Interruption
    save: Callable[[list[Entry]], None]

    def roll_back_entries(self, places: Iterable[int]) -> None:
        """A rollback that is killed must be continued as a rollback."""
        for place in places:
            self.entries[place] = replace(self.entries[place], back=True)
        self.save(self.entries)

    def look(self, place: int) -> tuple[Observed, Optional[tuple[Guest, ...]]]:
        return read_with_plugged(self.conn, self.host, self.entries[place].was.name), read_guests(self.conn)

    def settle(self, place: int) -> list[str]:
        """What was done. Raises VirtfleetError."""
        entry = self.entries[place]
        steps = self.steps(place)
        self.refuse_without_means(entry, steps)
        done = self.run(place, steps)
        if is_replug(entry.plan):
            plug_in_missing(self.conn, self.host, entry.was.name, entry.was.plugged or ())
        return done + self.run(place, self.stp_again(entry))

    def steps(self, place: int) -> tuple[Step, ...]:
        now, guests = self.look(place)
        return after_recovery(self.entries[place], now, self.host, guests)[0]

    def refuse_without_means(self, entry: Entry, steps: Sequence[Step]) -> None:
        refuse_steps(self.conn, self.host, entry.was.name, bridges_of(entry.plan, entry.was), steps)

    def stp_again(self, entry: Entry) -> tuple[Step, ...]:
        if self.host.remote:
            return ()
        now = read_network(self.conn, entry.was.name)
        # libvirt may have named the new bridge itself.
        names = {*bridges_of(entry.plan, entry.was), own_bridge(now)} - {""}
        return stp_again(entry.bridges, read_bridges(sorted(names)), now)

    def run(self, place: int, steps: Iterable[Step]) -> list[str]:
        done = []
        for step in steps:
            self.interruption.refuse()
            try:
                self._keep_leases(place, step)
                run_step(self.conn, step, sources(step, self.entries))
            except Exception as error:
                raise as_own_error(error) from error
            done.append(step.sentence)
        return done

    def _keep_leases(self, place: int, step: Step) -> None:
        entry = kept_before(self.conn, self.entries[place], step)
        if entry is not self.entries[place]:
            self.entries[place] = entry
            self.save(self.entries)


def _complete(conn: Any, host: Host, journal: Journal, left: UnfinishedRun) -> str:
    """Recovers an interrupted run: each network becomes as it was to become, or as it was."""

    def save(entries: list[Entry]) -> None:
        journal.run = left.run
        journal.write(record(entries), left.deadline, left.finished)

    done: list[str] = []
    with deferred_interruption() as interruption:
        recovery = _Recovery(conn, host, left.entries(), interruption, save)
        _turn_back_linked(recovery)
        _turn_back_tangled(recovery)
        places = range(len(recovery.entries))
        _refuse_without_means(recovery, journal)
        # A rollback goes in reverse order, unless a network waits for another.
        exchanged, back = _exchanged([place for place in reversed(places) if recovery.entries[place].back], recovery)
        done += exchanged
        for place in (*back, *(place for place in places if not recovery.entries[place].back)):
            done += _settled(recovery, place, journal)
        if not host.remote:
            remove_unused_leases(conn, recovery.entries)
    return f"An earlier run was interrupted while it changed {left.names}. {_told(done)}"


def _refuse_without_means(recovery: _Recovery, journal: Journal) -> None:
    """Before the first step on any of the networks."""
    for place, entry in enumerate(recovery.entries):
        try:
            recovery.refuse_without_means(entry, recovery.steps(place))
        except VirtfleetError as error:
            raise _not_recovered(entry.was.name, error, journal) from None


def _settled(recovery: _Recovery, place: int, journal: Journal) -> list[str]:
    name = recovery.entries[place].was.name
    try:
        try:
            return recovery.settle(place)
        except VirtfleetError as error:
            if recovery.entries[place].back or error.code in _NOT_THE_DEFINITION:
                raise
        # The new definition does not start: the old one did.
        recovery.roll_back_entries([place])
        return recovery.settle(place)
    except VirtfleetError as error:
        raise _not_recovered(name, error, journal) from None


def _not_recovered(name: str, error: VirtfleetError, journal: Journal) -> VirtfleetError:
    return VirtfleetError(
        error.code,
        f"An earlier run was interrupted while it changed network '{name}', and the recovery failed: "
        f"{error.sentence} The next run tries again; to skip the recovery, remove {journal.path}.",
        **error.details,
    )


def _turn_back_linked(recovery: _Recovery) -> None:
    """A network that takes the place of another one, with its leases: both are new in the end, or both old."""
    entries = recovery.entries
    for place, entry in enumerate(entries):
        others = [
            other
            for other in range(len(entries))
            if other != place and any(is_linked(step, [entries[other].was]) for step in entry.plan.steps)
        ]
        if not others or all(entries[one].back for one in (place, *others)):
            continue
        if any(_completed(recovery, one) is None for one in (place, *others)):
            recovery.roll_back_entries([place, *others])


def _turn_back_tangled(recovery: _Recovery) -> None:
    """Networks that exchange what they have: half-way, none of them may be able to go on alone."""
    entries = recovery.entries
    forth = [place for place in range(len(entries)) if not entries[place].back]
    order = order_parts([part_of(entries[place].was, entries[place].plan.steps) for place in forth])
    if order.tangled and any(_completed(recovery, place) is None for place in forth):
        recovery.roll_back_entries(range(len(entries)))


def _exchanged(places: list[int], recovery: _Recovery) -> tuple[list[str], list[int]]:
    """The places in the order in which their networks can be put back; and what was done already, where that takes
    steps of one between those of another. Raises VirtfleetError."""
    if len(places) < 2:
        return [], places
    parts = []
    for place in places:
        entry = recovery.entries[place]
        now, guests = recovery.look(place)
        parts.append(part_of(now, rollback_of_interrupted(entry.plan, entry.was, now, recovery.host, guests)))
    order = order_parts(parts)
    done: list[str] = []
    if order.tangled:
        for number, step in order.sequence:
            done += recovery.run(places[order.places[number]], [step])
    return done, [places[place] for place in order.places]


def _completed(recovery: _Recovery, place: int) -> Optional[tuple[Step, ...]]:
    entry = recovery.entries[place]
    if entry.back:
        return None
    now, guests = recovery.look(place)
    return completion_steps(entry.plan, entry.was, now, recovery.host, guests)


def roll_back_unfinished(conn: Any, host: Host, left: UnfinishedRun, reason: str) -> str:
    """Restores the networks as they were before the run; returns a sentence that says what was done.

    reason: EXPIRED, or DECIDED, when the time may not be over. Every network is tried.
    Raises VirtfleetError RECOVERY_FAILED.
    """
    done: list[str] = []
    failed: list[str] = []
    with deferred_interruption() as interruption:
        entries = [replace(entry, back=True) for entry in merge_entries(left.entries())]
        recovery = _Recovery(conn, host, entries, interruption, lambda _entries: None)
        places = list(reversed(range(len(entries))))
        # Errors here are reported for each network below.
        with suppress(VirtfleetError):
            exchanged, places = _exchanged(places, recovery)
            done += exchanged
        for place in places:
            try:
                done += recovery.settle(place)
            except VirtfleetError as error:
                failed.append(f"network '{entries[place].was.name}': {error.sentence}")
        if not failed:
            remove_unused_leases(conn, recovery.entries)
    if failed:
        raise _not_rolled_back(failed)
    return f"The change of {left.names} {reason}. {_told(done)}"


def _not_rolled_back(failed: list[str]) -> VirtfleetError:
    return VirtfleetError(
        "RECOVERY_FAILED",
        f"A change that was not confirmed could not be rolled back: {'; '.join(failed)}",
        left=failed,
    )


def _told(done: list[str]) -> str:
    return " ".join(done) if done else "No steps were necessary."
