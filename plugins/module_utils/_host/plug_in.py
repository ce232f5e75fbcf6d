# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugging devices into a bridge, with the settings that they had as ports of another.

A port's settings are set by their names in sysfs, as they are read in bridge_ports.py, or by netlink where sysfs does
not have them.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Optional

from .._model.bridge_port import BridgePort
from .._model.bypass import is_bypass, is_end
from .._model.errors import VirtfleetError
from .bridge_ports import bridge_port_names, exists, is_dormant, master_of, read_setting, write_setting
from .links import netlink
from .port_netlink import is_in_netlink, write_group, write_options

_NTF_MASTER = 0x04  # linux/neighbour.h


class TapMove(NamedTuple):
    """When a tap left a bridge for another, None if it was in none, and came into that (time.monotonic)."""

    out: Optional[float]
    back: float


def attach(bridge: str, taps: Sequence[BridgePort]) -> dict[str, TapMove]:
    """Put taps into a bridge, with the settings they had; those that are gone by now are left out.

    When each came into it, by name. A tap that is there already keeps its place.
    Raises VirtfleetError TAPS_LOST, DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    with netlink() as route:
        return attach_by(route, bridge, taps)


def attach_by(route: Any, bridge: str, taps: Sequence[BridgePort]) -> dict[str, TapMove]:
    """The same by an open netlink(). Raises VirtfleetError TAPS_LOST."""
    done: dict[str, TapMove] = {}
    lost = []
    with without_stp(bridge, [tap.name for tap in taps if exists(tap.name)]):
        from pyroute2.netlink.exceptions import NetlinkError

        for tap in taps:
            if not exists(tap.name):
                continue
            try:
                done[tap.name] = plug_in(route, bridge, tap)
            except (OSError, NetlinkError) as error:
                if exists(tap.name):  # else its guest did not come up, or was stopped
                    lost.append(f"{tap.name} ({error})")
    if lost:
        raise VirtfleetError("TAPS_LOST", f"These links could not be added to bridge {bridge}: {', '.join(lost)}.")
    return done


def plug_in(route: Any, bridge: str, tap: BridgePort) -> TapMove:
    """From whatever bridge it is in, by one request. An isolated or locked port forwards nothing before it is that.

    Raises OSError or NetlinkError.
    """
    if tap.mtu is not None and int(read_setting(tap.name, "mtu")) != tap.mtu:
        write_setting(str(tap.mtu), tap.name, "mtu")
    index, left, out = socket.if_nametoindex(tap.name), master_of(tap.name), None
    if left != bridge:
        master = socket.if_nametoindex(bridge)
        out = time.monotonic() if left is not None else None
        try:
            _silence(route, tap)
            route.link("set", index=index, master=master, **({"state": "up"} if tap.up else {}))
        except Exception:
            _end_silence(route, tap)
            raise
    back = time.monotonic()
    set_up_port(route, tap)
    return TapMove(out, time.monotonic() if tap.guarded else back)


def set_up_port(route: Any, tap: BridgePort) -> None:
    """A port of a bridge gets its settings, and forwards from then on. Raises OSError or NetlinkError."""
    index = socket.if_nametoindex(tap.name)
    for option, value in tap.options:
        if is_in_netlink(option):
            continue
        with suppress(OSError, ValueError):  # what this kernel does not have, the other settings do not wait for
            if int(read_setting(tap.name, "brport", option), 0) != value:
                write_setting(str(value), tap.name, "brport", option)
    with suppress(OSError):
        write_options(index, tap.options)
    for entry in tap.lasting_fdb:
        _enter(route, index, entry)
    _end_silence(route, tap)
    for entry in set(tap.fdb) - tap.lasting_fdb:
        _enter_for_a_while(route, index, entry)
    for group in tap.groups:
        with suppress(OSError):  # a temporary bridge has no table of groups: it floods
            write_group(socket.if_nametoindex(master_of(tap.name) or ""), group)


def _enter(route: Any, index: int, entry: tuple[str, int, int]) -> None:
    mac, state, flags = entry
    route.fdb("replace", ifindex=index, lladdr=mac, state=state, flags=_NTF_MASTER | flags)


def _enter_for_a_while(route: Any, index: int, entry: tuple[str, int, int]) -> None:
    """An entry that ages. The kernel takes it only for a port that forwards (fdb_add_entry: EPERM)."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        _enter(route, index, entry)
    except NetlinkError as error:
        if error.code != errno.EPERM:
            raise


def unplug_tap(route: Any, tap: BridgePort) -> None:
    """Out of its bridge; an isolated or locked port then forwards nothing in the next one before it is set up.

    Raises OSError or NetlinkError.
    """
    _silence(route, tap)
    route.link("set", index=socket.if_nametoindex(tap.name), master=0)


def _silence(route: Any, tap: BridgePort) -> None:
    """A bridge keeps the port of a dormant link disabled (net/bridge/br_if.c, br_port_carrier_check). The device on
    the other side of the link does not see it."""
    if tap.guarded and not is_dormant(tap.name):
        set_operstate(route, tap.name, "DORMANT")


def _end_silence(route: Any, tap: BridgePort) -> None:
    """The link is dormant or not, as it was."""
    if is_dormant(tap.name) != tap.dormant:
        set_operstate(route, tap.name, "DORMANT" if tap.dormant else "UP")


def set_operstate(route: Any, link: str, state: str) -> None:
    """state: DORMANT, which keeps the link's port in a bridge disabled, or UP. Raises OSError or NetlinkError."""
    route.link("set", index=socket.if_nametoindex(link), IFLA_OPERSTATE=state)


@contextmanager
def without_stp(bridge: str, coming: Sequence[str] = ()) -> Iterator[None]:
    """Turns STP off while ports are added, so that they forward at once, and on again afterwards. With STP on, a new
    port does not forward for twice the forward delay, which is at least four seconds.

    Only where that cannot close a loop: the bridge is empty otherwise, or what comes is a way to a bypass or from it.
    """
    setting = (bridge, "bridge", "stp_state")
    known = bool(coming) and all(is_end(name) or is_bypass(master_of(name) or "") for name in coming)
    if (bridge_port_names(bridge) and not known) or read_setting(*setting) != "1":
        yield
        return
    write_setting("0", *setting)
    try:
        yield
    finally:
        write_setting("1", *setting)
