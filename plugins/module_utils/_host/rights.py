# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process may do to the host's links and files, tried in a way that changes nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from .links import netlink

# An index that no link has: the kernel looks at the rights first. (linux/net/core/rtnetlink.c, rtnetlink_rcv_msg)
_NO_LINK = 0x7FFFFFFF


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


def unwritable_directories(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if os.path.isdir(path) and not os.access(path, os.W_OK | os.X_OK)]


def may_set_links() -> bool:
    """Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            route.link("set", index=_NO_LINK, state="up")
        except NetlinkError as error:
            return error.code not in (errno.EPERM, errno.EACCES)
    return True
