# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run against one daemon: exclusive, after recovery of an earlier run, and itself recoverable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

from .._host.clock import Deadline, deadline_in
from .._host.connection import connect, host_of, sees_daemons
from .._host.journal import Journal, key_of, locked, locked_if_used
from .._host.sysfs import link_names
from .._model.bypass import is_bypass, is_end
from .._model.desired import IDLE
from .._model.errors import VirtfleetError
from .._model.foreseen import Foreseen
from .._model.host import Host
from .._plan.record import Entry, record
from .._plan.step import Work

if TYPE_CHECKING:
    from .._plan.gaps import Gap


@dataclass(frozen=True)
class Safety:
    """lock_timeout, confirm_timeout: seconds, confirm_timeout 0 for a change that need not be confirmed; confirm_run:
    the run whose change waits to be confirmed and which this one's joins; verify_reach: addresses that the host must
    reach before and after."""

    lock_timeout: float = 60
    confirm_timeout: float = 0
    confirm_run: str = ""
    verify_reach: Sequence[str] = ()


@dataclass(frozen=True)
class RunOptions:
    """How a task runs, whatever it wants. uri: of libvirt; restart: of _model/desired.py; update_guests: bring guests
    that are plugged in up to date with the settings that their networks give then; check_mode: plan only."""

    uri: str
    restart: str = IDLE
    update_guests: bool = False
    check_mode: bool = False
    safety: Safety = field(default_factory=Safety)


@dataclass
class Session:
    """arm: has a process on the host roll the change back if it is not confirmed. warnings: what an earlier run left.
    gaps: of _run/execute.py, by network and tap. deadline: until when the change has to be confirmed. foreseen: in
    check mode, what a real run would have recovered first.
    """

    conn: Any
    host: Host
    journal: Journal
    safety: Safety
    arm: Optional[Callable[[Journal], None]] = None
    warnings: list[str] = field(default_factory=list)
    gaps: dict[str, dict[str, Gap]] = field(default_factory=dict)
    deadline: Optional[Deadline] = None
    foreseen: Foreseen = field(default_factory=Foreseen)

    @property
    def confirm(self) -> Optional[dict[str, Any]]:
        """For results: what virt_network_confirm needs, and for how long."""
        if self.deadline is None:
            return None
        return {"run": self.journal.run, "seconds": round(self.deadline.left)}

    def set_deadline(self) -> None:
        """The time to confirm counts from now on."""
        if self.arm is not None:
            self.deadline = deadline_in(self.safety.confirm_timeout)

    def rehearse(self, work: list[Work]) -> None:
        """For check mode: what a real run would refuse before its first step."""
        changing = [item for item in work if item[0].changed]
        if changing:
            from .preflight import preflight

            preflight(self.conn, self.host, self.safety.verify_reach, changing)
            self.journal.refuse_unwritable(record([Entry(plan, observed) for plan, observed in changing]))


@contextmanager
def session(options: RunOptions) -> Iterator[Session]:
    """A connection, the daemon's lock, and nothing left of a run before.

    Raises VirtfleetError LOCKED, UNCONFIRMED, NOT_PENDING, or what connecting, reading and recovering raise.
    """
    uri, safety, check_mode = options.uri, options.safety, options.check_mode
    arm = None
    if safety.confirm_timeout and not check_mode:
        from .confirmation import watch

        arm = watch(uri)
    conn = connect(uri)
    try:
        host = host_of(conn, uri)
        key = key_of(conn, uri)
        with (locked_if_used if check_mode else locked)(key, safety.lock_timeout):
            opened = Session(conn, host, Journal(key), safety, arm)
            left = opened.journal.read()
            if safety.confirm_run:
                if left is None or left.run != safety.confirm_run or not left.waits:
                    raise VirtfleetError(
                        "NOT_PENDING",
                        f"No change {safety.confirm_run!a} (confirm_run) is waiting for confirmation on this host; "
                        "nothing was changed.",
                    )
                opened.journal.join(left)
                opened.deadline = left.deadline
            elif left is not None:
                from .recover import foresee, recover

                if check_mode:
                    opened.foreseen, said = foresee(conn, host, opened.journal, left)
                else:
                    said = recover(conn, host, opened.journal, left)
                opened.warnings.append(said)
            elif _has_bypass(host, uri):
                from .bypass import remove_leftovers

                opened.warnings += remove_leftovers(conn, host, check_mode)
            recovered = [] if check_mode else list(opened.warnings)
            try:
                yield opened
            except VirtfleetError as error:
                if recovered:
                    raise _after(recovered, error) from None
                raise
    finally:
        conn.close()


def _has_bypass(host: Host, uri: str) -> bool:
    """Whether a bypass may have been left on this host. Every run asks."""
    return not host.remote and sees_daemons(uri) and any(is_bypass(link) or is_end(link) for link in link_names())


def _after(recovered: list[str], error: VirtfleetError) -> VirtfleetError:
    """A failure of a run that had recovered an earlier one: the recovery is a change."""
    sentence = f"This run recovered an earlier one first; see recovered. After that: {error.sentence}"
    return VirtfleetError(error.code, sentence, **error.details, recovered=recovered)
