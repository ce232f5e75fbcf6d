# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would end a run in the middle: signals, and errors that are not ours.

A lost SSH session arrives as SIGHUP where the module has a terminal (Ansible without pipelining), and as nothing at all
where it has none; sudo and systemd pass SIGTERM on.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

from .._model.errors import VirtfleetError

# Signals that end a process by default, can be caught, and may be sent to a run.
_SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGXCPU")


class Interruption:
    """Which signal came first, if one did."""

    def __init__(self) -> None:
        self.name: Optional[str] = None

    def refuse(self) -> None:
        """To be called between two steps. Raises VirtfleetError INTERRUPTED."""
        if self.name is not None:
            raise VirtfleetError("INTERRUPTED", f"The run was interrupted by {self.name}.", signal=self.name)


@contextmanager
def deferred_interruption() -> Iterator[Interruption]:
    """Signals end nothing in the block, where the run itself looks for them between its steps: what began is completed
    or rolled back, however many more of them come."""
    seen = Interruption()

    def note(number: int, _frame: Any) -> None:
        seen.name = seen.name or signal.Signals(number).name

    before: dict[int, Any] = {}
    try:
        for name in _SIGNALS:
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's stays
                before[number] = signal.signal(number, note)
    except ValueError:
        pass  # Python delivers signals only to its main thread, and this is not the main thread
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def as_own_error(error: BaseException) -> VirtfleetError:
    """The error that ended a step, with a code and a sentence."""
    if isinstance(error, VirtfleetError):
        return error
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return VirtfleetError("INTERRUPTED", f"The run was interrupted ({what}).")
    if isinstance(error, (OSError, MemoryError)):
        return VirtfleetError("HOST_FAILED", f"The run failed because of an error on the host ({what}).")
    return VirtfleetError(
        "UNEXPECTED",
        f"Unexpected error in virtfleet.network ({what}); please report it.",
        exception="".join(traceback.format_exception(type(error), error, error.__traceback__)),
    )
