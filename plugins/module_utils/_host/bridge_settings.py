# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a network's bridge that libvirt neither sets nor keeps, and what stands on it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress

from .._model.bridge_settings import BridgeSettings
from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import is_virtual
from .._model.network import NETWORK
from .bridge_ports import exists, read_setting, write_setting
from .bridges import read_addresses
from .port_netlink import read_fdb, read_port_netlink

_SYSFS = "/sys/class/net"
_UPPER = "upper_"
# What a new bridge has (linux/net/bridge/br_device.c, br_multicast.c, br_vlan.c), in the order in which it is set. STP
# and the forward delay are of the network's definition.
_USUAL = {
    "ageing_time": (30000,),
    "group_fwd_mask": (0,),
    "hello_time": (200,),
    "max_age": (2000,),
    "priority": (32768,),
    "no_linklocal_learn": (0,),
    "nf_call_iptables": (0,),
    "nf_call_ip6tables": (0,),
    "nf_call_arptables": (0,),
    "default_pvid": (1,),
    "vlan_stats_enabled": (0,),
    "vlan_stats_per_port": (0,),
    "vlan_protocol": (0x8100,),
    "vlan_filtering": (0,),
    "hash_max": (512, 4096),
    "multicast_snooping": (1,),
    "multicast_router": (1,),
    "multicast_igmp_version": (2,),
    "multicast_mld_version": (1,),
    "multicast_query_use_ifaddr": (0,),
    "multicast_stats_enabled": (0,),
    "multicast_last_member_count": (2,),
    "multicast_last_member_interval": (100,),
    "multicast_membership_interval": (26000,),
    "multicast_querier_interval": (25500,),
    "multicast_query_interval": (12500,),
    "multicast_query_response_interval": (1000,),
    "multicast_startup_query_count": (2,),
    "multicast_startup_query_interval": (3125, 3124),
    "multicast_querier": (0,),
}
# Where the spanning tree hides what was set for this bridge (linux/net/bridge/br_stp.c): a topology change shortens the
# ageing time for half a minute, and a bridge that is not the root shows the root's timers.
_OF_TOPOLOGY_CHANGE = ("ageing_time",)
_OF_ROOT = ("hello_time", "max_age")
# Where libvirt manages the bridge's table of MAC addresses, it sets these.
_BY_LIBVIRT = {"libvirt": ("vlan_filtering",)}


def read_bridge_settings(live: Document) -> BridgeSettings:
    """live: a running network of this host."""
    bridge = (live.get("bridge") or {}).get("name")
    if not bridge or not is_virtual(live) or not exists(bridge):
        return BridgeSettings()
    libvirts = _BY_LIBVIRT.get(str((live.get("bridge") or {}).get("mac_table_manager")), ())
    return BridgeSettings(
        tuple(_kept(bridge, libvirts)),
        tuple(dict.fromkeys((*_uppers(bridge), *_foreign_addresses(bridge, live), *_table_entries(bridge)))),
    )


def _kept(bridge: str, libvirts: Iterable[str]) -> Iterator[tuple[str, int]]:
    hidden = _hidden(bridge)
    found = []
    for name, usual in _USUAL.items():
        with suppress(OSError, ValueError):  # another kernel has others
            value = int(read_setting(bridge, "bridge", name), 0)
            if value not in usual and name not in libvirts:
                found.append((name, value))
    hidden |= _hidden(bridge)  # the spanning tree may have begun to work meanwhile
    return ((name, value) for name, value in found if name not in hidden)


def _hidden(bridge: str) -> set[str]:
    """Settings of which the kernel shows the spanning tree's value now instead of the bridge's own."""
    try:
        changes = int(read_setting(bridge, "bridge", "topology_change"))
        is_root = read_setting(bridge, "bridge", "root_id") == read_setting(bridge, "bridge", "bridge_id")
    except OSError:  # gone meanwhile
        return set()
    return {*(_OF_TOPOLOGY_CHANGE if changes else ()), *(() if is_root else _OF_ROOT)}


def _uppers(bridge: str) -> Iterator[str]:
    """The kernel removes them with the bridge, or takes it out of them."""
    for name in sorted(os.listdir(os.path.join(_SYSFS, bridge))):
        if name.startswith(_UPPER):
            yield f"device {name[len(_UPPER) :]} on top of it"


def _foreign_addresses(bridge: str, live: Document) -> Iterator[str]:
    own = {str(ip.get("address")) for ip in canonical(NETWORK, {"ips": live.get("ips") or []}).get("ips", ())}
    for address in read_addresses().get(bridge, ()):
        if address not in own and not address.startswith("fe80:"):
            yield f"address {address}"


def _table_entries(bridge: str) -> Iterator[str]:
    """Those that lead to the host, less the bridge's own."""
    index = socket.if_nametoindex(bridge)
    mac = read_setting(bridge, "address")
    if any(entry.index == index and entry.is_set and entry.mac != mac for entry in read_fdb()):
        yield "forwarding table entries"
    if index in (told := read_port_netlink(with_vlans=False)) and told[index].groups:
        yield "multicast groups"


def write_bridge_settings(bridge: str, settings: Iterable[tuple[str, int]]) -> None:
    """Those that differ. Raises OSError with all that could not be set."""
    refused = []
    for name, value in settings:
        try:
            if int(read_setting(bridge, "bridge", name), 0) != value:
                write_setting(str(value), bridge, "bridge", name)
        except (OSError, ValueError) as error:
            refused.append(f"{name} ({error})")
    if refused:
        raise OSError(f"bridge {bridge} does not take {', '.join(refused)}")
