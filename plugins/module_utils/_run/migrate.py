# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests migrate from this host, several at a time, each watched until it has arrived or runs on here."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable, Optional

from .._host.connection import connect
from .._host.move_guest import (
    cancel_migration,
    find_guest,
    has_switched,
    move_guest,
    place_of,
    read_completed,
    read_job,
    read_mark,
    set_autostart,
    start_post_copy,
    suspend_guest,
    write_mark,
)
from .._migrate.moving.needs_migration import needs_migration
from .._migrate.moving.statistics import explain_delay, progress_of, statistics_of
from .._model.errors import VirtfleetError
from .._model.move import CANCEL, OFFLINE, SUSPEND, Move, MoveSettings, Place
from .._xml.guest_mark import read_origin, remove_origin, write_origin
from .interruption import as_own_error, deferred_interruption

# Seconds between two looks at the migrations.
LOOK = 0.5
# Facts beside an error that results have.
_SHOWN = ("libvirt_code", "libvirt_domain", "libvirt_message", "signal")

# Takes what is known of the migrations that run: guest, destination, seconds, progress.
Tell = Callable[[list[dict[str, Any]]], None]


def migrate(
    uri: str, moves: Sequence[Move], settings: MoveSettings, tell: Optional[Tell], check_mode: bool
) -> list[dict[str, Any]]:
    """What became of each move, in order: guest, destination, moved, joined, and when it failed code and sentence.

    tell: called every LOOK seconds. Raises VirtfleetError when this host's daemon cannot be reached.
    """
    with deferred_interruption() as interruption:
        conn = connect(uri)
        ends, one_ended = _Destinations(), threading.Event()
        try:
            journeys = [_Migration(uri, conn, ends, move, settings) for move in moves]
            running = [journey for journey in journeys if journey.begin(check_mode, one_ended)]
            while running:
                one_ended.wait(LOOK)
                one_ended.clear()
                running = [journey for journey in running if journey.look(interruption.name)]
                if tell is not None:
                    tell([journey.progress() for journey in running])
            return [journey.result() for journey in journeys]
        finally:
            ends.close()
            conn.close()


class _Destinations:
    """One connection to each."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def get(self, uri: str) -> Any:
        """Raises what connect() raises."""
        if uri not in self._found:
            try:
                self._found[uri] = connect(uri)
            except VirtfleetError as error:
                self._found[uri] = error
        if isinstance(self._found[uri], VirtfleetError):
            raise self._found[uri]
        return self._found[uri]

    def close(self) -> None:
        for conn in self._found.values():
            if not isinstance(conn, VirtfleetError):
                conn.close()


class _Migration:
    """One guest's. The thread that asks libvirt for it blocks until it is over; this looks at it from beside."""

    def __init__(self, uri: str, conn: Any, ends: _Destinations, move: Move, settings: MoveSettings) -> None:
        self._uri, self._conn, self._ends = uri, conn, ends
        self._asked, self._move, self._settings = move.guest, move, settings
        self._domain: Any = None
        self._uuid = ""
        self._here: Optional[Place] = None
        self._mark: Optional[str] = None
        self._marked = False
        self._joined = False
        self._thread: Optional[threading.Thread] = None
        self._error: Optional[VirtfleetError] = None
        self._began = 0.0
        self._passes = 0
        self._stopped = ""
        self._act: Optional[Callable[[Any], bool]] = None
        self._result: dict[str, Any] = {}

    def begin(self, check_mode: bool, ended: threading.Event) -> bool:
        """Look where the guest is, and set out unless it is there already; whether it is on its way now.

        ended: set when it is there.
        """
        try:
            self._domain = find_guest(self._conn, self._move.guest)
            if self._domain is not None:
                self._move = replace(self._move, guest=self._domain.name())
            self._here = place_of(self._conn, self._domain)
            there = self._find_there()
            self._joined = self._here is not None and read_job(self._domain) is not None
            if not self._joined and not needs_migration(self._move, self._here, place_of(self._end_conn(), there)):
                self._stay_there(check_mode)
            elif check_mode:
                self._result = {"moved": True}
            else:
                self._set_out(ended)
        except VirtfleetError as error:
            self._failed(error)
        return self._thread is not None

    def look(self, signal: Optional[str]) -> bool:
        """Act when it takes too long. signal: that wants this run to end. False when it is over."""
        if self._thread is None or not self._thread.is_alive():
            self._end()
            return False
        late = self._settings.timeout and time.monotonic() - self._began > self._settings.timeout
        if signal and self._stopped != signal:
            self._stopped, self._act = signal, cancel_migration
        elif late and not self._stopped:
            self._stopped = "timeout"
            self._act = {CANCEL: cancel_migration, SUSPEND: suspend_guest}.get(
                self._settings.on_timeout, start_post_copy
            )
        # Again at each look until it is done: at first there may be nothing yet that libvirt could do it to.
        if self._act is not None and self._act(self._domain):
            self._act = None
        return True

    def progress(self) -> dict[str, Any]:
        job = read_job(self._domain)
        found = None if job is None else progress_of(job, has_switched(self._domain))
        if found is not None:
            self._passes = found["pass"]
        return {
            "guest": self._move.guest,
            "destination": self._move.destination,
            "seconds": round(time.monotonic() - self._began, 1),
            "progress": found,
        }

    def result(self) -> dict[str, Any]:
        return {"guest": self._asked, "destination": self._move.destination, **self._result}

    def _end_conn(self) -> Any:
        return self._ends.get(self._move.destination)

    def _find_there(self) -> Any:
        conn = self._end_conn()
        return find_guest(conn, self._move.guest if self._domain is None else self._domain.UUIDString())

    def _set_out(self, ended: threading.Event) -> None:
        self._uuid = self._domain.UUIDString()
        if not self._joined:
            self._mark = read_mark(self._conn, self._domain)
            if self._move.origin and not read_origin(self._mark):
                write_mark(self._conn, self._domain, write_origin(self._mark, self._move.origin))
                self._marked = True
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._go, args=(ended,), daemon=True)
        self._thread.start()

    def _go(self, ended: threading.Event) -> None:
        try:
            if self._joined:
                self._wait()
            else:
                self._migrate()
        except BaseException as error:
            self._error = as_own_error(error)
        finally:
            ended.set()

    def _migrate(self) -> None:
        # A connection of its own: a daemon answers only a few calls of one connection at a time, and this one lasts.
        conn = connect(self._uri)
        try:
            domain = find_guest(conn, self._uuid)
            if domain is not None and self._here is not None:
                move_guest(conn, domain, self._move, self._settings, self._here)
        finally:
            conn.close()

    def _wait(self) -> None:
        """An earlier run had begun it."""
        while read_job(self._domain) is not None:
            time.sleep(LOOK)

    def _end(self) -> None:
        try:
            here = place_of(self._conn, self._domain)
        except VirtfleetError as error:
            self._failed(self._error or error)
            return
        try:
            there = place_of(self._end_conn(), self._find_there())
        except VirtfleetError as error:
            # It may have died, and the guest is known to run here only if it does.
            self._error = self._error or error
            self._stay(here, None, self._why() if here is not None and here.active else self._error)
            return
        arrived = there is not None and (there.active or self._move.mode == OFFLINE) and not (here and here.active)
        if arrived and self._error is None:
            self._complete_move()
            return
        why = self._why()
        if why.code == "DAEMON_LOST":
            why = explain_lost_reason(why, self._move, self._settings)
        self._stay(here, there, why, _left(here, there, self._move))

    def _stay(self, here: Optional[Place], there: Optional[Place], why: VirtfleetError, left: str = "") -> None:
        """The guest is not at its destination: it has no other origin than before."""
        if here is not None and self._marked:
            with suppress(VirtfleetError):
                write_mark(self._conn, self._domain, self._mark)
        if here is not None and here.active:
            left = left or _left(here, there, self._move)
        self._failed(why, left)

    def _why(self) -> VirtfleetError:
        guest = f"guest {self._move.guest!a}"
        if self._stopped == "timeout" and self._settings.on_timeout == CANCEL:
            return VirtfleetError(
                "MIGRATION_TIMEOUT",
                f"The migration of {guest} to {self._move.destination} took more than {self._settings.timeout:g} "
                f"seconds and was cancelled.{explain_delay(self._passes)}",
            )
        if self._stopped and self._stopped != "timeout":
            return VirtfleetError(
                "INTERRUPTED",
                f"{self._stopped} interrupted the run; the migration of {guest} was cancelled.",
                signal=self._stopped,
            )
        return self._error or VirtfleetError(
            "MIGRATION_ENDED",
            f"An earlier run began to migrate {guest}; that migration ended without moving the guest.",
        )

    def _complete_move(self) -> None:
        """The guest has come to its destination."""
        conn, domain = self._end_conn(), self._find_there()
        self._result = {"moved": True, "joined": self._joined, "uuid": domain.UUIDString()}
        place = place_of(conn, domain)
        if self._move.mode != OFFLINE:
            self._result["statistics"] = statistics_of(read_completed(domain))
        mark = read_mark(conn, domain)
        self._note_origin(mark)
        self._forget_origin(mark)
        if place and place.persistent and self._here and self._here.autostart and not place.autostart:
            set_autostart(conn, domain)

    def _stay_there(self, check_mode: bool) -> None:
        """The guest was at its destination already."""
        domain = self._find_there()
        self._result = {"moved": False, "joined": self._joined, "uuid": domain.UUIDString()}
        mark = read_mark(self._end_conn(), domain)
        self._note_origin(mark)
        if not check_mode:
            self._forget_origin(mark)

    def _note_origin(self, mark: Optional[str]) -> None:
        origin = read_origin(mark)
        forgot = self._move.origin == "" and origin is not None
        self._result.update({"forgot_origin": forgot, "origin": None if forgot else origin})

    def _forget_origin(self, mark: Optional[str]) -> None:
        if self._result["forgot_origin"] and mark is not None:
            write_mark(self._end_conn(), self._find_there(), remove_origin(mark))

    def _failed(self, error: VirtfleetError, left: str = "") -> None:
        sentence = f"{error.sentence} {left}" if left else error.sentence
        self._result.update({"moved": False, "failed": True, "code": error.code, "sentence": sentence})
        self._result.update({name: value for name, value in error.details.items() if name in _SHOWN})


def explain_lost_reason(error: VirtfleetError, move: Move, settings: MoveSettings) -> VirtfleetError:
    """Of a lost connection when both hosts answer: with SSH, libvirt often replaces what the destination said by the
    end of the connection."""
    sentence = (
        f"The migration of guest {move.guest!a} to {move.destination} ended, and libvirt did not report the reason "
        f"({error.details.get('libvirt_message', error.sentence)}): see the logs of libvirt and of the guest there."
    )
    if settings.tls:
        sentence += " With tls, both hosts need QEMU's certificates, such as /etc/pki/qemu/ca-cert.pem."
    return VirtfleetError(error.code, sentence, **error.details)


def _left(here: Optional[Place], there: Optional[Place], move: Move) -> str:
    """Where a guest is whose migration did not end well."""
    if here is not None and here.active:
        return (
            f"{move.guest} runs on this host as before." if not (there and there.active) else "It runs on both hosts."
        )
    if there is not None and there.active:
        return f"{move.guest} runs at {move.destination}."
    if here is not None:
        return f"{move.guest} does not run; it is defined on this host."
    return f"{move.guest} is on neither host."
