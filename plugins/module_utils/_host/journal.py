# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run keeps beside libvirt, on the machine that the module runs on: a lock and a journal for each daemon."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .connection import is_remote

_ROOTS = "/var/lib/virtfleet-network"
_WAIT = 0.1
_KEYS = {"run", "networks", "confirm_by", "finished"}


def key_of(conn: Any, uri: str) -> Optional[str]:
    """The file name for a daemon; None for libvirt's test driver, whose networks end with the connection."""
    if conn.getType() == "TEST":
        return None
    opened = conn.getURI() or uri
    # However the local daemon is asked, its networks are the same; those of a session are another daemon's.
    local = "session" if "/session" in opened else "system"
    if not is_remote(opened):
        return local
    from urllib.parse import quote

    return quote(opened, safe="")


class Journal:
    """What a run is about to do, written before its first step and removed after its last.

    Found at the start of a run, it is of one that was broken off, or of one that waits to be confirmed.
    """

    def __init__(self, key: Optional[str]) -> None:
        self.key = key
        self.run = os.urandom(16).hex()

    @property
    def path(self) -> str:
        return os.path.join(_folder(), f"{self.key}.journal")

    def read(self) -> Optional[dict[str, Any]]:
        """run: its id; networks: of _plan/record.py; confirm_by: until when it waits to be confirmed (seconds since
        1970), None when it need not be; finished: whether it came to its end.

        Raises VirtfleetError JOURNAL_UNREADABLE.
        """
        if self.key is None:
            return None
        try:
            with open(self.path, encoding="utf-8") as file:
                document = json.load(file)
            if not isinstance(document, dict) or set(document) != _KEYS:
                raise ValueError("it is no journal of this version")
            return document
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise VirtfleetError(
                "JOURNAL_UNREADABLE",
                f"The journal of an earlier run, {self.path}, cannot be read ({error}); it says what that run was "
                "doing. Look after the host's networks, then remove it.",
            ) from None

    def read_of(self, run: str) -> Optional[dict[str, Any]]:
        """As read; None when it is another run's, too."""
        left = self.read()
        return left if left is not None and left["run"] == run else None

    def write(self, networks: list[dict[str, Any]], confirm_by: Optional[float] = None, finished: bool = False) -> None:
        """Raises VirtfleetError JOURNAL_UNWRITABLE."""
        if self.key is None:
            return
        document = {"run": self.run, "networks": networks, "confirm_by": confirm_by, "finished": finished}
        new = f"{self.path}.new"
        try:
            os.makedirs(_folder(), mode=0o700, exist_ok=True)
            with open(new, "w", encoding="utf-8") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
            _sync_folder()
        except OSError as error:
            raise VirtfleetError(
                "JOURNAL_UNWRITABLE",
                f"{self.path} cannot be written ({error}), without which a change that is broken off could not be put "
                "right; nothing was changed.",
            ) from None

    def remove(self) -> None:
        if self.key is not None:
            with suppress(FileNotFoundError):
                os.unlink(self.path)


@contextmanager
def locked(key: Optional[str], seconds: float, make: bool = True) -> Iterator[None]:
    """One run at a time changes the networks of a daemon. seconds: how long to wait for another's end; make: whether
    the lock's file may be made, without which there has been no other run.

    Raises VirtfleetError LOCKED or JOURNAL_UNWRITABLE.
    """
    path = os.path.join(_folder(), f"{key}.lock")
    if key is None or not (make or os.path.exists(path)):
        yield
        return
    try:
        os.makedirs(_folder(), mode=0o700, exist_ok=True)
        file = open(path, "a+", encoding="ascii")  # noqa: SIM115 - it is closed below, after the lock's whole time
    except OSError as error:
        raise VirtfleetError("JOURNAL_UNWRITABLE", f"{path} cannot be opened ({error}).") from None
    with file:
        _acquire(file, path, seconds)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield  # closing the file gives the lock up, and so does the end of the process, however it ends


def _acquire(file: Any, path: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() >= until:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise VirtfleetError(
                    "LOCKED",
                    f"Another run is changing the networks of this host (process {holder} holds {path}) and did not "
                    f"end in {seconds:g} seconds; nothing was changed. lock_timeout says how long to wait.",
                ) from None
        time.sleep(_WAIT)


def _folder() -> str:
    if os.geteuid() == 0:
        return _ROOTS
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "virtfleet-network")


def _sync_folder() -> None:
    """A name that is new in a folder survives a loss of power only when the folder is written too."""
    handle = os.open(_folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
