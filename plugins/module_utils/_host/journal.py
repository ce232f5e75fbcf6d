# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run keeps beside libvirt, on the machine that the module runs on: a lock and a journal for each daemon."""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Callable, Optional
from urllib.parse import quote

from .._model.errors import VirtfleetError, shortened
from .._model.first_few import first_few
from .._plan.record import Entry, entries_from_record
from .clock import Deadline
from .connection import is_remote
from .state_directory import (
    SYSTEM,
    directory_to_use,
    give_to_group,
    make_state_directory,
    read_bytes,
    retire_members_directory,
    state_directories,
    unwritable,
    unwritable_any_more,
)

# Of the journal's own layout and of _plan/record.py's. Format 1 had no number.
FORMAT = 4

_WAIT = 0.1
_MOST = 64 * 1024 * 1024
_LONGEST_NAME = 200
# A journal is written beside the one before, and the file system rounds up.
_SPARE = 64 * 1024
_HOLDER = 64


def key_of(conn: Any, uri: str) -> Optional[str]:
    """The file name for a daemon; None for libvirt's test driver, whose networks end with the connection."""
    if conn.getType() == "TEST":
        return None
    opened = conn.getURI() or uri
    # However the local daemon is asked, its networks are the same; those of a session are another daemon's.
    local = "session" if "/session" in opened else SYSTEM
    if not is_remote(opened):
        return local
    name = quote(opened, safe="")
    return name if len(name) <= _LONGEST_NAME else hashlib.sha256(opened.encode()).hexdigest()


@dataclass(frozen=True)
class UnfinishedRun:
    """What an earlier run left in its journal. path: the file; user: who ran it; networks: of _plan/record.py;
    deadline: until when it waits to be confirmed, None when it need not be; finished: whether it came to its end.
    """

    path: str
    run: str
    user: str
    networks: list[dict[str, Any]]
    deadline: Optional[Deadline] = None
    finished: bool = False

    @property
    def names(self) -> str:
        """For sentences."""
        return first_few(dict.fromkeys(str(entry["network"]) for entry in self.networks))

    @property
    def waits(self) -> bool:
        """Whether it can still be confirmed."""
        return self.finished and self.deadline is not None and self.deadline.left > 0

    def entries(self) -> list[Entry]:
        """Raises VirtfleetError JOURNAL_UNREADABLE."""
        try:
            return entries_from_record(self.networks)
        except (ValueError, RecursionError) as error:
            raise _unreadable(self.path, str(error), self.names) from None
        except VirtfleetError:
            raise _unreadable(self.path, "a definition in it is not valid XML", self.names) from None


class Journal:
    """What a run is about to do, written before its first step and removed after its last.

    A journal that exists at the start of a run belongs to an interrupted run, or to one that is not confirmed yet.
    """

    def __init__(self, key: Optional[str], path: str = "") -> None:
        """path: of the file where that is known, and not to be looked for."""
        self.key = key
        self.run = os.urandom(16).hex()
        self._path = path
        self._joined: Optional[UnfinishedRun] = None
        self._begun = False

    @property
    def path(self) -> str:
        """Of the file that is there, "" when there is none. Raises VirtfleetError STATE_UNUSABLE."""
        if self._path or self.key is None:
            return self._path
        paths = [os.path.join(directory, f"{self.key}.journal") for directory in state_directories(self.key)]
        return next((path for path in paths if os.path.lexists(path)), "")

    def read(self) -> Optional[UnfinishedRun]:
        """Raises VirtfleetError JOURNAL_UNREADABLE or STATE_UNUSABLE."""
        path = self.path
        if not path:
            return None
        try:
            document = json.loads(read_bytes(path, _MOST).decode("utf-8"), parse_constant=_no_number)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        except (ValueError, RecursionError):
            raise _unreadable(path, "it is damaged") from None
        self._begun = True
        return _left(path, document)

    def read_of(self, run: str) -> Optional[UnfinishedRun]:
        """As read; None when it is another run's, too."""
        left = self.read()
        return left if left is not None and left.run == run else None

    def join(self, left: UnfinishedRun) -> None:
        """Let the changes to come be confirmed, or rolled back, together with that one."""
        self.run, self._path, self._joined, self._begun = left.run, left.path, left, False

    def write(
        self, networks: list[dict[str, Any]], deadline: Optional[Deadline] = None, finished: bool = False
    ) -> None:
        """Raises VirtfleetError JOURNAL_UNWRITABLE or STATE_UNUSABLE."""
        if self.key is None:
            return
        path = self.path or os.path.join(make_state_directory(self.key), f"{self.key}.journal")
        try:
            _replace(path, self._text(networks, deadline, finished))
        except OSError as error:
            raise (unwritable_any_more if self._begun else unwritable)(path, error) from None
        self._path, self._begun = path, True

    def refuse_unwritable(self, networks: list[dict[str, Any]]) -> None:
        """What write would raise, as far as it can be known without writing."""
        if self.key is None:
            return
        directory = directory_to_use(self.key)
        while not os.path.isdir(directory):
            directory = os.path.dirname(directory)
        try:
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError(0, "permission denied, or a read-only file system")
            found = os.statvfs(directory)
            free = (found.f_bfree if os.geteuid() == 0 else found.f_bavail) * found.f_frsize
            if free < len(self._text(networks, None, False)) + _SPARE or (found.f_files and not found.f_favail):
                raise OSError(0, "no space is left on the device")
        except OSError as error:
            raise unwritable(directory, error) from None

    def remove(self) -> None:
        path = self.path
        if path:
            with suppress(FileNotFoundError):
                os.unlink(path)
                # Else it might be back after a loss of power, and a confirmed change would be rolled back.
                _sync_directory(path)

    def withdraw(self) -> None:
        """This run changed nothing in the end. A run that it joined keeps waiting for confirmation."""
        if self._joined is None:
            self.remove()
            return
        joined, self._joined = self._joined, None
        # Where this cannot be written, what stands there brings the same about a little later.
        with suppress(VirtfleetError):
            self.write(joined.networks, joined.deadline, finished=True)

    def _text(self, networks: list[dict[str, Any]], deadline: Optional[Deadline], finished: bool) -> bytes:
        document = {
            "format": FORMAT,
            "run": self.run,
            "user": _user(),
            "networks": [*(self._joined.networks if self._joined else ()), *networks],
            "deadline": None if deadline is None else {"boot": deadline.boot, "at": deadline.at},
            "finished": finished,
        }
        return json.dumps(document).encode()


def _left(path: str, document: Any) -> UnfinishedRun:
    """Raises VirtfleetError JOURNAL_UNREADABLE for what Journal did not write."""
    if not isinstance(document, dict):
        raise _unreadable(path, "it is damaged")
    number = document.get("format", 1 if "run" in document else None)
    networks = document.get("networks")
    entries = networks if isinstance(networks, list) else []
    names = first_few(str(entry["network"]) for entry in entries if _is_entry(entry))
    if not isinstance(number, int) or isinstance(number, bool):
        raise _unreadable(path, "it is damaged", names)
    if number != FORMAT:
        age = "an older" if number < FORMAT else "a newer"
        raise _unreadable(path, f"{age} version of this collection wrote it (format {number}, not {FORMAT})", names)
    try:
        if set(document) != {"format", "run", "user", "networks", "deadline", "finished"}:
            raise ValueError("other keys")
        if not isinstance(networks, list) or not all(map(_is_entry, networks)):
            raise ValueError("networks")
        for name, kind in (("run", str), ("user", str), ("finished", bool)):
            if not isinstance(document[name], kind):
                raise ValueError(name)
        deadline = _deadline(document["deadline"])
    except (ValueError, OverflowError):
        raise _unreadable(path, "it is damaged", names) from None
    return UnfinishedRun(path, document["run"], document["user"], networks, deadline, document["finished"])


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("network"), str)


def _deadline(value: Any) -> Optional[Deadline]:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"boot", "at"} or not isinstance(value["boot"], str):
        raise ValueError("deadline")
    if (
        isinstance(value["at"], bool)
        or not isinstance(value["at"], (int, float))
        or not math.isfinite(float(value["at"]))
    ):
        raise ValueError("deadline")
    return Deadline(value["boot"], float(value["at"]))


def _no_number(text: str) -> Any:
    raise ValueError(f"{shortened(text)} is not a JSON number")


def _unreadable(path: str, reason: str, names: str = "") -> VirtfleetError:
    whose = f" ({names})" if names else ""
    return VirtfleetError(
        "JOURNAL_UNREADABLE",
        f"The journal {path} of an interrupted or unconfirmed run cannot be read: {reason}. Nothing "
        f"was changed. Check the definition, state and guests of its networks{whose[:90]}, then remove the file and "
        "run the task again.",
        journal=path,
    )


def _replace(path: str, content: bytes) -> None:
    """Whole or not at all, also after a loss of power. Raises OSError."""
    new = f"{path}.new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o660)
        with open(handle, "wb") as file:
            give_to_group(handle)
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(new, path)
        _sync_directory(path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise


def _sync_directory(path: str) -> None:
    """A name that is new in a directory survives a loss of power only when the directory is written too."""
    handle = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


@contextmanager
def locked(key: Optional[str], seconds: float) -> Iterator[None]:
    """One run at a time changes the networks of a daemon. seconds: how long to wait for another's end.

    Raises VirtfleetError LOCKED, JOURNAL_UNWRITABLE or STATE_UNUSABLE.
    """
    if key is None:
        yield
        return

    def find_files() -> list[str]:
        make_state_directory(key)
        return _lock_files(key)

    with ExitStack() as held:
        _hold(held, find_files, seconds)
        if key == SYSTEM and len(state_directories(key)) > 1:
            retire_members_directory()
        yield  # closing the files gives the locks up, and so does the end of the process, however it ends


@contextmanager
def locked_if_used(key: Optional[str], seconds: float) -> Iterator[None]:
    """The same for a run that may make no file: where there is no lock's file, there has been no other run."""
    with ExitStack() as held:
        if key is not None:
            _hold(held, lambda: [path for path in _lock_files(key) if os.path.exists(path)], seconds)
        yield


def _lock_files(key: str) -> list[str]:
    return [os.path.join(directory, f"{key}.lock") for directory in state_directories(key)]


def _hold(held: ExitStack, find_files: Callable[[], list[str]], seconds: float) -> None:
    """All of these locks, until held is closed."""
    until = time.monotonic() + seconds
    while True:
        paths = find_files()
        files = {path: held.enter_context(_acquired(path, until, seconds)) for path in paths}
        # Another run may have created another directory meanwhile, or removed this one.
        if find_files() == paths and all(_is_still(path, file) for path, file in files.items()):
            return
        held.close()


def _acquired(path: str, until: float, seconds: float) -> Any:
    file = _opened(path)
    try:
        while not _is_mine(file):
            if time.monotonic() >= until:
                raise VirtfleetError(
                    "LOCKED",
                    f"Another run is changing the networks of this host ({_holder(file)} holds {path}) and did not "
                    f"end within {seconds:g} seconds; nothing was changed. Run the task again or increase "
                    "lock_timeout.",
                )
            time.sleep(_WAIT)
    except BaseException:
        file.close()
        raise
    # For the sentence above alone, so that a full disk does not matter.
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), f"{os.getpid()} {_user()}\n".encode(), 0)
    return file


def _opened(path: str) -> Any:
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o660)
        except PermissionError:
            handle = os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        raise unwritable(path, error) from None
    give_to_group(handle)
    return open(handle, "rb", buffering=0)


def _is_mine(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_still(path: str, file: Any) -> bool:
    """Whether the file that was locked is the one that others would lock now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _holder(file: Any) -> str:
    try:
        words = os.pread(file.fileno(), _HOLDER, 0).decode("ascii").split()
    except (OSError, ValueError):
        words = []
    if not words or not words[0].isdigit():
        return "an unknown process"
    return f"process {words[0]}" + (f" of {words[1]}" if len(words) > 1 and words[1].isprintable() else "")
