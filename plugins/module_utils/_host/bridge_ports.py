# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices in a bridge, and how they are plugged in.

A port's settings are read by their names in sysfs (linux/net/bridge/br_sysfs_if.c), which libvirt uses too; what sysfs
does not have goes by netlink.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from typing import Optional

from .._model.bridge_port import BridgePort
from .._model.bypass import is_end
from .port_netlink import FdbEntry, PortNetlink, note_vlans, read_fdb, read_port_netlink
from .sysfs import IFF_UP

_SYSFS = "/sys/class/net"
# What an administrator or libvirt may have set for one port. The rest of the directory is state.
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


class FdbRead(Enum):
    """Of what bridge ports the forwarding table is read: of all, or only where one has use for it."""

    ALWAYS = "always"
    WHERE_NEEDED = "where_needed"


def read_bridge_ports(bridge: str, fdb: FdbRead = FdbRead.WHERE_NEEDED) -> tuple[tuple[BridgePort, str], ...]:
    """The devices in a bridge, less what does not belong to guests; each with its MAC address. fdb: when what was set
    in the forwarding table, which may be long, is read.
    """
    found = []
    names = bridge_port_names(bridge)
    told = read_port_netlink() if names else {}
    if names and filters_vlans(bridge):
        note_vlans(told)
    for name in names:
        with suppress(OSError):  # gone meanwhile
            found.append((_read_tap(name, told), read_setting(name, "address")))
    if any(fdb is FdbRead.ALWAYS or _needs_fdb(tap) for tap, _mac in found):
        entries = read_fdb()
        found = [(replace(tap, fdb=_of_port(entries, tap, mac)), mac) for tap, mac in found]
    return tuple(found)


def _needs_fdb(tap: BridgePort) -> bool:
    """A port that does not learn or is locked forwards only to addresses in the table."""
    return not dict(tap.options).get("learning", 1) or tap.guarded


def filters_vlans(bridge: str) -> bool:
    try:
        return read_setting(bridge, "bridge", "vlan_filtering") == "1"
    except OSError:  # a kernel without it
        return False


def bridge_port_names(bridge: str) -> list[str]:
    """The devices in a bridge, less the dummy that libvirt itself puts there and the way to a bypass."""
    names = _names(os.path.join(_SYSFS, bridge, "brif"))
    return [name for name in names if name != f"{bridge}-nic" and not is_end(name)]


def _read_tap(name: str, told: Mapping[int, PortNetlink]) -> BridgePort:
    options = []
    for option in _OPTIONS:
        with suppress(OSError, ValueError):  # another kernel has others
            options.append((option, int(read_setting(name, "brport", option), 0)))
    mtu = int(read_setting(name, "mtu"))
    rest = told.get(socket.if_nametoindex(name)) or PortNetlink()
    return BridgePort(
        name,
        mtu,
        (*options, *rest.options),
        dormant=is_dormant(name),
        up=is_up(name),
        groups=tuple(rest.groups),
        lost=tuple(dict.fromkeys(rest.lost)),
    )


def settings_files(bridges: Iterable[str], taps: Iterable[str]) -> list[str]:
    """What is written to when taps are put into a bridge."""
    found = [os.path.join(_SYSFS, bridge, "bridge", "stp_state") for bridge in bridges]
    for tap in taps:
        found.append(os.path.join(_SYSFS, tap, "mtu"))
        found += [os.path.join(_SYSFS, tap, "brport", option) for option in _OPTIONS]
    return found


def exists(name: str) -> bool:
    return bool(name) and os.path.exists(os.path.join(_SYSFS, name))


def master_of(name: str) -> Optional[str]:
    """The bridge that a device is in."""
    try:
        return os.path.basename(os.readlink(os.path.join(_SYSFS, name, "master")))
    except OSError:
        return None


def is_up(name: str) -> bool:
    """Whether a link is set up. Raises OSError when there is none."""
    return bool(int(read_setting(name, "flags"), 16) & IFF_UP)


def is_dormant(name: str) -> bool:
    """Whether a bridge lets nothing of this link through."""
    return read_setting(name, "operstate") == "dormant"


def _of_port(entries: Iterable[FdbEntry], tap: BridgePort, mac: str) -> tuple[tuple[str, int, int], ...]:
    """Less the port's own address, which the kernel enters. A locked port lets in who is in the table, so what was
    learned or will age counts there, too."""
    try:
        index = socket.if_nametoindex(tap.name)
    except OSError:  # gone meanwhile
        return ()
    locked = bool(dict(tap.options).get("locked"))
    mine = (one for one in entries if one.index == index and one.mac != mac and not one.waits)
    return tuple(sorted({(one.mac, one.state, one.flags) for one in mine if locked or one.is_set}))


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
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
