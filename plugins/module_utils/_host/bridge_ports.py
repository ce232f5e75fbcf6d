# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices in a bridge, and how they are plugged in.

A port's settings are read by their names in sysfs (linux/net/bridge/br_sysfs_if.c), which libvirt uses too; only what
sysfs cannot do goes by netlink.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Optional

from .._model.bridge_port import BridgePort
from .._model.bypass import is_end
from .links import netlink

_SYSFS = "/sys/class/net"
# What an administrator or libvirt may have set for one port. The rest of the folder is state.
_OPTIONS = (
    "bpdu_guard",
    "broadcast_flood",
    "group_fwd_mask",
    "hairpin_mode",
    "isolated",
    "learning",
    "multicast_fast_leave",
    "multicast_flood",
    "multicast_router",
    "multicast_to_unicast",
    "neigh_suppress",
    "path_cost",
    "priority",
    "proxyarp",
    "proxyarp_wifi",
    "root_block",
    "unicast_flood",
)
# A static entry of a bridge's forwarding table, in contrast to a learned one: NUD_PERMANENT is the device's own
# address, NUD_NOARP one that was set. (linux/neighbour.h)
NUD_NOARP = 0x40


def read_bridge_ports(bridge: str) -> tuple[tuple[BridgePort, str], ...]:
    """The devices in a bridge, less what does not belong to guests; each with its MAC address."""
    found = []
    for name in bridge_port_names(bridge):
        with suppress(OSError):  # gone meanwhile
            found.append((_read_tap(name), read_setting(name, "address")))
    return tuple(found)


def bridge_port_names(bridge: str) -> list[str]:
    """The devices in a bridge, less the dummy that libvirt itself puts there and the way to a bypass."""
    names = _names(os.path.join(_SYSFS, bridge, "brif"))
    return [name for name in names if name != f"{bridge}-nic" and not is_end(name)]


def _read_tap(name: str) -> BridgePort:
    options = []
    for option in _OPTIONS:
        with suppress(OSError, ValueError):  # another kernel has others
            options.append((option, int(read_setting(name, "brport", option), 0)))
    learns = dict(options).get("learning", 1)
    fdb = () if learns else _static_entries(name)
    return BridgePort(name, int(read_setting(name, "mtu")), tuple(options), fdb, is_dormant(name))


def settings_files(bridges: Iterable[str], taps: Iterable[str]) -> list[str]:
    """What is written to when taps are put into a bridge."""
    found = [os.path.join(_SYSFS, bridge, "bridge", "stp_state") for bridge in bridges]
    for tap in taps:
        found.append(os.path.join(_SYSFS, tap, "mtu"))
        found += [os.path.join(_SYSFS, tap, "brport", option) for option in _OPTIONS]
    return found


def exists(name: str) -> bool:
    return os.path.exists(os.path.join(_SYSFS, name))


def master_of(name: str) -> Optional[str]:
    """The bridge that a device is in."""
    try:
        return os.path.basename(os.readlink(os.path.join(_SYSFS, name, "master")))
    except OSError:
        return None


def is_dormant(name: str) -> bool:
    """Whether a bridge lets nothing of this link through."""
    return read_setting(name, "operstate") == "dormant"


def _static_entries(name: str) -> tuple[str, ...]:
    with netlink() as route:
        entries = route.fdb("dump", ifindex=socket.if_nametoindex(name))
        static = {
            str(entry.get_attr("NDA_LLADDR"))
            for entry in entries
            if entry["state"] == NUD_NOARP and entry.get_attr("NDA_MASTER") is not None
        }
        return tuple(sorted(static))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def read_setting(*path: str) -> str:
    """Of a link, by its place below /sys/class/net. Raises OSError."""
    with open(os.path.join(_SYSFS, *path), encoding="utf-8") as file:
        return file.read().strip()


def write_setting(value: str, *path: str) -> None:
    """Raises OSError."""
    with open(os.path.join(_SYSFS, *path), "w", encoding="utf-8") as file:
        file.write(value)
