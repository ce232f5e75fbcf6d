# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's network links, by netlink.

pyroute2 is slow to import: what needs no link must not bring it in.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._model.errors import VirtfleetError
from .._model.host_link import LinkMessage

# Of the kernel's bridges, by number; their times are in hundredths of a second.
_PORT_STATES = {0: "disabled", 1: "listening", 2: "learning", 3: "forwarding", 4: "blocking"}
_TICKS = 100
# linux/if_ether.h; some versions of pyroute2 take the order of bytes of the network for the host's.
_VLAN_PROTOCOLS = {0x8100: "802.1q", 0x0081: "802.1q", 0x88A8: "802.1ad", 0xA888: "802.1ad"}
_KIND = "IFLA_LINKINFO"


@contextmanager
def netlink() -> Iterator[Any]:
    """An open IPRoute. Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
    try:
        from pyroute2 import IPRoute
    except ImportError:
        raise VirtfleetError(
            "DEPENDENCY_MISSING",
            "The Python module pyroute2, which is required to read the links of this host, is not installed: install "
            "python3-pyroute2.",
            packages=["python3-pyroute2"],
        ) from None
    try:
        with IPRoute() as route:
            yield route
    except OSError as error:
        raise VirtfleetError("LINKS_UNREADABLE", f"The links of this host cannot be read: {error}.") from None


def delete_link(route: Any, name: str) -> None:
    """Raises OSError or NetlinkError.

    pyroute2 before 0.6 asks with NLM_F_EXCL, which Linux 5.19 and later take for NLM_F_BULK and refuse.
    """
    from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST
    from pyroute2.netlink.rtnl import RTM_DELLINK

    route.link((RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK), index=socket.if_nametoindex(name))


def link_of(message: Any) -> LinkMessage:
    info = message.get_attr(_KIND)
    carrier = message.get_attr("IFLA_CARRIER")
    filtering = _data(info, "bridge", "IFLA_BR_VLAN_FILTERING")
    return {
        "name": message.get_attr("IFLA_IFNAME"),
        "index": int(message["index"]),
        "kind": (info.get_attr("IFLA_INFO_KIND") if info else None) or "physical",
        "mac": message.get_attr("IFLA_ADDRESS"),
        "mtu": message.get_attr("IFLA_MTU"),
        "state": str(message.get_attr("IFLA_OPERSTATE")).lower(),
        "admin": "up" if message["flags"] & 1 else "down",
        "carrier": None if carrier is None else bool(carrier),
        "vlan": _data(info, "vlan", "IFLA_VLAN_ID"),
        "vlan_protocol": _vlan_protocol(info),
        "vlan_filtering": None if filtering is None else bool(filtering),
        "default_pvid": _data(info, "bridge", "IFLA_BR_VLAN_DEFAULT_PVID"),
        "stp_delay": _stp_delay(info),
        "port_state": _PORT_STATES.get(_data(info, "bridge", "IFLA_BRPORT_STATE", "SLAVE_")),
        "parent": message.get_attr("IFLA_LINK") if message.get_attr("IFLA_LINK_NETNSID") is None else None,
        "mode": _mode(info),
    }


def has_xdp(message: Any) -> bool:
    """Whether an XDP program, which sees every incoming frame, is attached."""
    told = message.get_attr("IFLA_XDP")
    return bool(hasattr(told, "get_attr") and told.get_attr("IFLA_XDP_ATTACHED"))


def _mode(info: Any) -> Any:
    data: Any = info.get_attr("IFLA_INFO_DATA") if info else None
    if not hasattr(data, "get_attr"):
        return None
    return data.get_attr("IFLA_MACVTAP_MODE") or data.get_attr("IFLA_MACVLAN_MODE")


def _vlan_protocol(info: Any) -> Any:
    told = [_data(info, "vlan", "IFLA_VLAN_PROTOCOL"), _data(info, "bridge", "IFLA_BR_VLAN_PROTOCOL")]
    number = next((one for one in told if one is not None), None)
    return None if number is None else _VLAN_PROTOCOLS.get(number, hex(number))


def _stp_delay(info: Any) -> Any:
    """A new port listens and then learns, for a forward delay each."""
    speaks, delay = _data(info, "bridge", "IFLA_BR_STP_STATE"), _data(info, "bridge", "IFLA_BR_FORWARD_DELAY")
    return None if speaks is None else 2 * delay / _TICKS if speaks else 0


def _data(info: Any, kind: str, name: str, role: str = "") -> Any:
    """What only links of one kind have; with role SLAVE_, what they have as ports of a master of that kind."""
    its = info.get_attr(f"IFLA_INFO_{role}KIND") if info else None
    data: Any = info.get_attr(f"IFLA_INFO_{role}DATA") if its == kind else None
    return data.get_attr(name) if hasattr(data, "get_attr") else None
