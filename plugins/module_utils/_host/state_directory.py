# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where runs keep what other runs must see: one directory for each daemon, shared by all its users.

Users of libvirt's system socket control the host, so the directory belongs to the socket's group. Users outside of the
group can neither create such a directory nor change one.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import tempfile
from contextlib import suppress
from typing import Optional

from .._model.errors import VirtfleetError

# The key of this host's own daemon.
SYSTEM = "system"

SHARED = "/var/lib/virtfleet-network"
# For members of the group on a host where root, who alone can make the other, has not been yet. It survives a reboot.
MEMBERS = "/var/tmp/virtfleet-network"  # noqa: S108 - nothing is read from it before its group shows who made it

_SOCKETS = tuple(f"/run/libvirt/{daemon}-sock" for daemon in ("libvirt", "virtqemud", "virtnetworkd"))
# Where the socket is open to all and polkit decides, libvirt's own rule lets this group in.
_POLKIT_GROUP = "libvirt"


def state_directories(key: str) -> list[str]:
    """The directories that there are for a daemon, the one to write to first.

    Raises VirtfleetError STATE_UNUSABLE.
    """
    if key != SYSTEM:
        own = own_directory()
        return [own] if os.path.isdir(own) else []
    group = _group()
    found = []
    if os.path.isdir(SHARED):
        if os.geteuid() and not os.access(SHARED, os.R_OK | os.W_OK | os.X_OK):
            raise _unusable(f"this user has no access to {SHARED}")
        found.append(SHARED)
    if _is_members(MEMBERS, group):
        found.append(MEMBERS)
    elif os.path.lexists(MEMBERS) and os.geteuid() and not found:
        raise _unusable(f"{MEMBERS} was created by a user outside the group of libvirt's socket")
    return found


def make_state_directory(key: str) -> str:
    """The directory to write to, made where there is none yet.

    Raises VirtfleetError STATE_UNUSABLE or JOURNAL_UNWRITABLE.
    """
    path = directory_to_use(key)
    try:
        if key != SYSTEM:
            os.makedirs(path, 0o700, exist_ok=True)
        elif not os.path.lexists(path):
            _make_open(path, _group())
        elif os.geteuid() == 0:
            _open_to(path, _group())
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def directory_to_use(key: str) -> str:
    """The directory to write to, whether it is there or not. Raises VirtfleetError STATE_UNUSABLE."""
    if key != SYSTEM:
        return own_directory()
    if os.geteuid() == 0 or os.path.isdir(SHARED):
        return SHARED
    if _group() not in {os.getegid(), *os.getgroups()}:
        raise _unusable(f"{SHARED} does not exist yet")
    return MEMBERS


def own_directory() -> str:
    """For daemons that are this user's own, or are reached with this user's keys. The environment may be another's."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = os.path.expanduser("~")
    return os.path.join(home, ".local", "state", "virtfleet-network")


def retire_members_directory() -> None:
    """Root has made the shared directory: from now on all meet there. To be called with both directories locked."""
    with suppress(OSError):
        names = os.listdir(MEMBERS)
        if os.geteuid() == 0 and all(name.endswith((".lock", ".new")) for name in names):
            for name in names:
                os.unlink(os.path.join(MEMBERS, name))
            os.rmdir(MEMBERS)


def unwritable(path: str, error: OSError) -> VirtfleetError:
    """Before anything was changed."""
    return _unwritable(path, error, " Nothing was changed.")


def unwritable_any_more(path: str, error: OSError) -> VirtfleetError:
    """During a change."""
    return _unwritable(path, error, "")


def _unwritable(path: str, error: OSError, effect: str) -> VirtfleetError:
    return VirtfleetError(
        "JOURNAL_UNWRITABLE",
        f"{path} cannot be written ({error.strerror or error}); without it, an interrupted change could not be "
        f"recovered.{effect}",
        journal=path,
    )


def read_bytes(path: str, most: int) -> bytes:
    """A file that another user may have put there. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, "it is too large")
    return content


def give_to_group(handle: int) -> None:
    """A new file of the directory, for all who share it; its group comes from the directory."""
    with suppress(OSError):
        os.fchmod(handle, 0o660)


def _group() -> Optional[int]:
    """The group that libvirt lets change this host's networks; None when that is root alone."""
    for path in _SOCKETS:
        try:
            found = os.stat(path)
        except OSError:
            continue
        if found.st_mode & stat.S_IWOTH:
            with suppress(KeyError):
                return grp.getgrnam(_POLKIT_GROUP).gr_gid
        elif found.st_mode & stat.S_IWGRP:
            return found.st_gid
        return None
    # No daemon is there to say, so it stays as it is.
    for path in (SHARED, MEMBERS):
        with suppress(OSError):
            found = os.lstat(path)
            if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IRWXG and found.st_uid in (0, os.geteuid()):
                return found.st_gid
    return None


def _make_open(path: str, group: Optional[int]) -> None:
    """The directory is not visible to others before it has its final owner and mode."""
    new = tempfile.mkdtemp(prefix=".virtfleet-network-", dir=os.path.dirname(path))
    _open_to(new, group)
    try:
        os.rename(new, path)
    except OSError:
        os.rmdir(new)
        if not os.path.lexists(path):
            raise


def _open_to(path: str, group: Optional[int]) -> None:
    """For the group, with every file in it, or for its owner alone."""
    if group is not None and os.stat(path).st_gid != group:
        os.chown(path, -1, group)
        for name in os.listdir(path):
            with suppress(OSError):
                os.chown(os.path.join(path, name), -1, group, follow_symlinks=False)
    mode = 0o700 if group is None else 0o2770
    if stat.S_IMODE(os.stat(path).st_mode) != mode:
        os.chmod(path, mode)


def _is_members(path: str, group: Optional[int]) -> bool:
    """Only a member can have given a directory to the group, and only members can have put anything into it."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_gid == group and not found.st_mode & stat.S_IRWXO


def _unusable(why: str) -> VirtfleetError:
    return VirtfleetError(
        "STATE_UNUSABLE",
        f"This user cannot check whether another user is changing the networks of this host: {why}. Nothing was "
        f"changed. Run this task as root (become: true), or run one task as root first, which creates {SHARED} for "
        "the group of libvirt's socket.",
    )
