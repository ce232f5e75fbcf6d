# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the bypass of a network, joining it to the network's bridge, and removing it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Optional

from .._model.bridge_port import BridgePort
from .._model.bypass import alias_of, bypass_of, inner_end, is_alias_of, outer_end
from .._model.errors import VirtfleetError
from .bridge_ports import bridge_port_names, exists, master_of, read_setting, write_setting
from .links import delete_link, netlink
from .plug_in import plug_in, set_operstate, without_stp

_SYSFS = "/sys/class/net"
_IPV6 = "/proc/sys/net/ipv6/conf"
# A bridge's own settings that frames between guests depend on, and the temporary one has like the network's.
_LIKE_THE_OTHER = ("ageing_time", "group_fwd_mask")
_FORWARDING = "3"  # BR_STATE_FORWARDING, linux/if_bridge.h
# How long the kernel may take to see that a link is up.
_SECONDS = 2.0
# How long the host is given to find its neighbours: guests that speak at once need a moment, and the kernel asks again
# a second after a question that was not answered.
_LEAST, _MOST = 0.3, 2.5
_NUD_INCOMPLETE = 0x01  # linux/neighbour.h
# What a joint must not learn: a guest that moved is found at once only if nothing remembers it beyond the joint.
# Multicast goes to it always (MDB_RTR_TYPE_PERM).
_OUTER = (("learning", 0), ("multicast_router", 2))
_INNER = (("isolated", 1), ("learning", 0))


def make_bypass(network: str, bridge: str) -> None:
    """The temporary bridge, joined to the network's, which runs. What an earlier run left of it is removed first.

    Raises VirtfleetError BYPASS_LOST, with nothing left of it, DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    name = bypass_of(network)
    remove_bypass(network)
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            _make(route, network, name, bridge)
        except (OSError, NetlinkError) as error:
            remove_bypass(network)
            raise _lost(network, "made", error) from error


def _make(route: Any, network: str, name: str, bridge: str) -> None:
    outer, inner = outer_end(name), inner_end(name)
    mtu = max(int(read_setting(link, "mtu")) for link in (bridge, *bridge_port_names(bridge)))
    route.link("add", ifname=name, kind="bridge")
    write_setting(alias_of(network), name, "ifalias")
    _write_ipv6(name)
    for setting in _LIKE_THE_OTHER:
        write_setting(read_setting(bridge, "bridge", setting), name, "bridge", setting)
    write_setting("0", name, "bridge", "stp_state")
    with suppress(OSError):  # a kernel without it floods all multicast anyway
        write_setting("0", name, "bridge", "multicast_snooping")
    route.link("add", ifname=outer, kind="veth", peer=inner)
    for end in (outer, inner):
        write_setting(alias_of(network), end, "ifalias")
        _write_ipv6(end)
    _set_mtu(route, name, mtu)
    for link in (name, outer, inner):
        route.link("set", index=socket.if_nametoindex(link), state="up")
    plug_in(route, name, BridgePort(inner, options=_INNER))
    with without_stp(bridge, coming=(outer,)):
        plug_in(route, bridge, BridgePort(outer, options=_OUTER))
        _await_forwarding((outer, inner))


def join_bypass(network: str, bridge: str) -> None:
    """To the bridge that the network has now.

    Raises VirtfleetError BYPASS_LOST, DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    name = bypass_of(network)
    outer = outer_end(name)
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            mtu = int(read_setting(bridge, "mtu"))
            if mtu > int(read_setting(name, "mtu")):
                _set_mtu(route, name, mtu)
            with without_stp(bridge, coming=(outer,)), _held_back(route, inner_end(name)):
                plug_in(route, bridge, BridgePort(outer, options=_OUTER))
                _await_forwarding((outer,))
                _await_carrier(bridge)
        except (OSError, NetlinkError) as error:
            raise _lost(network, "joined to its bridge", error) from error


def await_neighbours(network: str) -> None:
    """Wait while the host asks for the addresses of guests (ARP, IPv6 neighbour discovery), after a bypass was joined
    to the bridge of this network: an answer is lost when its guest moves just then, and the host asks again only a
    second later.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    bridge, begun = master_of(outer_end(bypass_of(network))), time.monotonic()
    time.sleep(_LEAST)
    if bridge is None:  # gone meanwhile
        return
    with netlink() as route:
        while time.monotonic() < begun + _MOST and _is_asking(route, bridge):
            time.sleep(0.02)


def _is_asking(route: Any, bridge: str) -> bool:
    try:
        index = socket.if_nametoindex(bridge)
    except OSError:  # gone meanwhile
        return False
    return any(
        message["ifindex"] == index and message["state"] & _NUD_INCOMPLETE
        for family in (socket.AF_INET, socket.AF_INET6)
        for message in route.get_neighbours(family=family)
    )


def remove_bypass(network: str) -> None:
    """Raises VirtfleetError BYPASS_IN_USE if something is still in it, BYPASS_LOST, DEPENDENCY_MISSING or
    LINKS_UNREADABLE."""
    name = bypass_of(network)
    left = bridge_port_names(name)
    if left:
        raise VirtfleetError(
            "BYPASS_IN_USE",
            f"The temporary bridge {name} of network '{network}' cannot be removed; it has ports: {', '.join(left)}.",
        )
    links = own_links(network)
    if not links:
        return
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        for link in links:
            try:
                delete_link(route, link)
            except (OSError, NetlinkError) as error:
                if exists(link):  # one end takes the other along
                    raise _lost(network, "removed", error) from error


def is_own_bypass(network: str) -> bool:
    """Whether the host has a bypass of this network, be it half made, or half removed by someone."""
    return bool(own_links(network))


def own_links(network: str) -> list[str]:
    """What the host has of it, in the order in which it is removed. A run that was killed just then has not written
    the alias of a link yet."""
    name = bypass_of(network)
    ends = [link for link in (outer_end(name), inner_end(name)) if exists(link)]
    alias = _alias(name) if os.path.isdir(os.path.join(_SYSFS, name, "bridge")) else None
    if alias is not None and (is_alias_of(alias, network) or not (alias or bridge_port_names(name))):
        return [*ends, name]
    return [link for link in ends if is_alias_of(_alias(link), network)]


def _alias(link: str) -> Optional[str]:
    try:
        return read_setting(link, "ifalias")
    except OSError:  # gone meanwhile
        return None


def read_bypasses(networks: Iterable[str]) -> list[str]:
    """Those of the networks that have a bypass."""
    return [network for network in networks if is_own_bypass(network)]


def _await_forwarding(ends: Sequence[str]) -> None:
    until = time.monotonic() + _SECONDS
    while any(read_setting(end, "brport", "state") != _FORWARDING for end in ends):
        if time.monotonic() > until:
            raise OSError(f"{', '.join(ends)} does not forward")
        time.sleep(0.001)


@contextmanager
def _held_back(route: Any, inner: str) -> Iterator[None]:
    """Keeps frames from passing from the temporary bridge to the network's.

    The host asks for a guest's address as soon as it has a packet for it. A bridge that gets its first port does not
    transmit at once: the kernel drops the request, and repeats it only a second later.
    """
    set_operstate(route, inner, "DORMANT")
    try:
        yield
    finally:
        set_operstate(route, inner, "UP")


def _await_carrier(bridge: str) -> None:
    """The kernel sets the state and lets the bridge transmit under one lock, which netlink requests wait for
    (net/core/link_watch.c). A bridge that stays down is not an error here."""
    until = time.monotonic() + _SECONDS
    while read_setting(bridge, "operstate") != "up" and time.monotonic() < until:
        time.sleep(0.001)


def _set_mtu(route: Any, name: str, mtu: int) -> None:
    for link in (outer_end(name), inner_end(name), name):
        route.link("set", index=socket.if_nametoindex(link), mtu=mtu)


def _write_ipv6(link: str) -> None:
    """It has no address, and says nothing of its own."""
    directory = os.path.join(_IPV6, link)
    if os.path.isdir(directory):  # a kernel with IPv6
        with open(os.path.join(directory, "disable_ipv6"), "w", encoding="ascii") as file:
            file.write("1")


def _lost(network: str, doing: str, error: Exception) -> VirtfleetError:
    return VirtfleetError("BYPASS_LOST", f"The temporary bridge of network '{network}' could not be {doing}: {error}.")
