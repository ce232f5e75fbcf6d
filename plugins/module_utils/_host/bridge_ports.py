# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices in a bridge: reading how they are plugged in, and plugging them in again.

A port's settings are read and set by their names in sysfs (linux/net/bridge/br_sysfs_if.c), which libvirt uses too;
only what sysfs cannot do goes by netlink.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Optional

from .._model.bridge_port import BridgePort
from .._model.errors import VirtfleetError
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
_NUD_NOARP = 0x40


def read_bridge_ports(bridge: str) -> tuple[tuple[BridgePort, str], ...]:
    """The devices in a bridge, less the dummy that libvirt itself puts there; each with its MAC address."""
    names = [name for name in _names(os.path.join(_SYSFS, bridge, "brif")) if name != f"{bridge}-nic"]
    found = []
    for name in names:
        with suppress(OSError):  # gone meanwhile
            found.append((_read_tap(name), _read(name, "address")))
    return tuple(found)


def _read_tap(name: str) -> BridgePort:
    options = []
    for option in _OPTIONS:
        with suppress(OSError, ValueError):  # another kernel has others
            options.append((option, int(_read(name, "brport", option), 0)))
    learns = dict(options).get("learning", 1)
    return BridgePort(name, int(_read(name, "mtu")), tuple(options), () if learns else _static_entries(name))


def settings_files(bridges: Iterable[str], taps: Iterable[str]) -> list[str]:
    """What is written to when taps are put into a bridge."""
    found = [os.path.join(_SYSFS, bridge, "bridge", "stp_state") for bridge in bridges]
    for tap in taps:
        found.append(os.path.join(_SYSFS, tap, "mtu"))
        found += [os.path.join(_SYSFS, tap, "brport", option) for option in _OPTIONS]
    return found


def attach(bridge: str, taps: Sequence[BridgePort]) -> dict[str, float]:
    """Put taps into a bridge, with the settings they had; those that are gone by now are left out.

    When each came into it (time.monotonic), by name. A tap that is there already keeps its place.
    Raises VirtfleetError TAPS_LOST, DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    done: dict[str, float] = {}
    lost = []
    with netlink() as route, without_stp(bridge):
        from pyroute2.netlink.exceptions import NetlinkError

        for tap in taps:
            if not exists(tap.name):
                continue
            try:
                _put(route, bridge, tap)
                done[tap.name] = time.monotonic()
            except (OSError, NetlinkError) as error:
                if exists(tap.name):  # else its guest did not come up, or was stopped
                    lost.append(f"{tap.name} ({error})")
    if lost:
        raise VirtfleetError("TAPS_LOST", f"These links could not be added to bridge {bridge}: {', '.join(lost)}.")
    return done


def exists(name: str) -> bool:
    return os.path.exists(os.path.join(_SYSFS, name))


def master_of(name: str) -> Optional[str]:
    """The bridge that a device is in."""
    try:
        return os.path.basename(os.readlink(os.path.join(_SYSFS, name, "master")))
    except OSError:
        return None


def _put(route: Any, bridge: str, tap: BridgePort) -> None:
    if tap.mtu is not None and int(_read(tap.name, "mtu")) != tap.mtu:
        _write(str(tap.mtu), tap.name, "mtu")
    if master_of(tap.name) != bridge:
        route.link("set", index=socket.if_nametoindex(tap.name), master=socket.if_nametoindex(bridge), state="up")
    for option, value in tap.options:
        with suppress(OSError, ValueError):  # what this kernel does not have, the other settings do not wait for
            if int(_read(tap.name, "brport", option), 0) != value:
                _write(str(value), tap.name, "brport", option)
    for mac in tap.fdb:
        route.fdb("replace", ifindex=socket.if_nametoindex(tap.name), lladdr=mac, state=_NUD_NOARP)


@contextmanager
def without_stp(bridge: str) -> Iterator[None]:
    """Turns STP off while ports are added to an empty bridge, so that they forward at once, and on again afterwards.
    With STP on, a new port does not forward for twice the forward delay, which is at least four seconds."""
    setting = os.path.join(_SYSFS, bridge, "bridge", "stp_state")
    others = [name for name in _names(os.path.join(_SYSFS, bridge, "brif")) if name != f"{bridge}-nic"]
    if others or _read(bridge, "bridge", "stp_state") != "1":
        yield
        return
    _write("0", setting)
    try:
        yield
    finally:
        _write("1", setting)


def _static_entries(name: str) -> tuple[str, ...]:
    with netlink() as route:
        entries = route.fdb("dump", ifindex=socket.if_nametoindex(name))
        static = {
            str(entry.get_attr("NDA_LLADDR"))
            for entry in entries
            if entry["state"] == _NUD_NOARP and entry.get_attr("NDA_MASTER") is not None
        }
        return tuple(sorted(static))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(*path: str) -> str:
    with open(os.path.join(_SYSFS, *path), encoding="ascii") as file:
        return file.read().strip()


def _write(value: str, *path: str) -> None:
    with open(os.path.join(_SYSFS, *path), "w", encoding="ascii") as file:
        file.write(value)
