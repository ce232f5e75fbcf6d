# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on this host could keep a network from having a bypass. Nothing is made."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Optional

from .._model.bypass import BypassFacts, bypass_of, inner_end, outer_end
from .._model.plugged import DEVICE, Plugged
from .bridge_ports import exists, read_setting
from .bypass import own_links
from .links import netlink

_IPV6 = "/proc/sys/net/ipv6/conf/all/disable_ipv6"
# No link can have it, which the kernel says after it has looked at the rights and at the kind of link
# (linux/net/core/rtnetlink.c, __rtnl_newlink).
_NO_ADDRESS = "00:00:00:00:00:00"
# BR_USER_STP, linux/net/bridge/br_private.h: a new port stays silent until the daemon lets it forward.
_USER_STP = "2"
# States of a port, linux/if_bridge.h
_ON_ITS_WAY, _BLOCKING = ("1", "2"), "4"


def read_bypass_facts(network: str, bridge: str, plugged: Sequence[Plugged]) -> BypassFacts:
    """bridge: the network's; plugged: what is in it.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    name = bypass_of(network)
    own = own_links(network)
    taken = [link for link in (name, outer_end(name), inner_end(name)) if link not in own and exists(link)]
    refused = {kind: _refusal(kind) for kind in ("bridge", "veth")}
    return BypassFacts(
        taken=tuple(taken),
        refused=tuple((kind, why) for kind, why in refused.items() if why is not None),
        ipv6=os.access(_IPV6, os.W_OK) or not os.path.exists(_IPV6),
        filters_vlans=_read(bridge, "bridge", "vlan_filtering") == "1",
        daemon_stp=_read(bridge, "bridge", "stp_state") == _USER_STP,
        silent=tuple(port.tap.name for port in plugged if port.tap is not None and _is_silent(port, port.tap.name)),
    )


def _refusal(kind: str) -> Optional[str]:
    with netlink() as route:
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            route.link("add", ifname="vfbp", kind=kind, address=_NO_ADDRESS)
        except NetlinkError as error:
            return None if error.code == errno.EADDRNOTAVAIL else os.strerror(error.code)
    return None


def _is_silent(port: Plugged, tap: str) -> bool:
    """A guest's tap is no way to a loop unless STP has found that it is; another device may be one that STP has not
    found yet."""
    state = _read(tap, "brport", "state")
    return state == _BLOCKING or (port.kind == DEVICE and state in _ON_ITS_WAY)


def _read(*path: str) -> str:
    try:
        return read_setting(*path)
    except OSError:
        return ""
