# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short look at links that are down: whether they have a carrier once they are up.

libvirt sets such a link up, too, when a guest gets it. It is set down again, unless something uses it by then.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from .links import netlink
from .sysfs import ROOT

# An Ethernet NIC needs two or three seconds for its link.
_SECONDS = 5.0
_IPV6 = "/proc/sys/net/ipv6/conf"


def probe_carriers(names: Collection[str]) -> dict[str, bool]:
    """names: of links that are down and that nothing uses. Those that cannot be set up are left out.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    found: dict[str, bool] = {}
    spoke: dict[str, str] = {}
    with netlink() as route:
        try:
            for name in names:
                spoke[name] = _exchange(os.path.join(_IPV6, name, "disable_ipv6"), "1")  # it says nothing meanwhile
                if _set(route, name, "up"):
                    found[name] = False
            until = time.monotonic() + _SECONDS
            while not all(found.values()) and time.monotonic() < until:
                time.sleep(0.05)
                found = {name: _carrier(name) for name in found}
        finally:
            for name in spoke:
                if not glob.glob(os.path.join(ROOT, "class", "net", name, "upper_*")):
                    _set(route, name, "down")
                if spoke[name]:
                    _exchange(os.path.join(_IPV6, name, "disable_ipv6"), spoke[name])
    return found


def _set(route: Any, name: str, state: str) -> bool:
    # pyroute2's own error for what the kernel refuses is none of Python's.
    with suppress(Exception):
        route.link("set", index=route.link_lookup(ifname=name)[0], state=state)
        return True
    return False


def _carrier(name: str) -> bool:
    with suppress(OSError), open(os.path.join(ROOT, "class", "net", name, "carrier"), encoding="ascii") as file:
        return file.read().strip() == "1"
    return False


def _exchange(path: str, value: str) -> str:
    """What a sysctl was before; empty where there is none."""
    with suppress(OSError), open(path, "r+", encoding="ascii") as file:
        was = file.read().strip()
        file.seek(0)
        file.write(value)
        return was
    return ""
