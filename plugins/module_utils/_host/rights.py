# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process may do to the host's links and files, tried in a way that changes nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Optional

from .links import netlink

# An index that no link has: the kernel looks at the rights first. (linux/net/core/rtnetlink.c, rtnetlink_rcv_msg)
_NO_LINK = 0x7FFFFFFF
# Several times what libvirt writes for a network.
_LEAST = 64 * 1024


def unwritable_files(paths: Iterable[str]) -> list[str]:
    """Of those that exist. Opening is what shows an access list, a capability or a read-only mount."""
    found = []
    for path in paths:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            continue
        except OSError:
            found.append(path)
    return found


def unwritable_folders(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if os.path.isdir(path) and not os.access(path, os.W_OK | os.X_OK)]


def why_unwritable(path: str) -> Optional[str]:
    """Why the daemon cannot create files in a folder, regardless of this user's permissions; None if it can, or if the
    folder cannot be seen."""
    try:
        seen = os.statvfs(path)
    except OSError:
        return None
    if seen.f_flag & os.ST_RDONLY:
        return "it is read-only"
    if seen.f_blocks and seen.f_bfree * seen.f_frsize < _LEAST:
        return "no space is left on the device"
    if seen.f_files and not seen.f_ffree:
        return "no inodes are left on the device"
    return None


def may_set_links() -> bool:
    """Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            route.link("set", index=_NO_LINK, state="up")
        except NetlinkError as error:
            return error.code not in (errno.EPERM, errno.EACCES)
    return True
