# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a network's bridge that libvirt neither sets nor keeps."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from .._model.bridge_settings import BridgeSettings
from .._model.field import Document
from .._model.forward import is_virtual
from .bridge_losses import read_bridge_losses
from .bridge_ports import exists, read_setting

_SYSFS = "/sys/class/net"
_SYSCTLS = "/proc/sys/net"
# Documentation/networking/ip-sysctl.rst
_TABLES = ("ipv4/conf", "ipv4/neigh", "ipv6/conf", "ipv6/neigh")
# What libvirt sets by the definition (networkSetIPv6Sysctls), and what belongs to the link or to a routing daemon.
_NOT_SOMEBODYS = frozenset(
    {"ipv6/conf/accept_ra", "ipv6/conf/autoconf", "ipv6/conf/disable_ipv6", "ipv6/conf/mtu",
     "ipv4/conf/mc_forwarding", "ipv6/conf/mc_forwarding"}
)  # fmt: skip
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
    """live: a running network of this host. Raises VirtfleetError LINKS_UNREADABLE."""
    bridge = (live.get("bridge") or {}).get("name")
    if not bridge or not is_virtual(live) or not exists(bridge):
        return BridgeSettings()
    libvirts = _BY_LIBVIRT.get(str((live.get("bridge") or {}).get("mac_table_manager")), ())
    return BridgeSettings((*_kept(bridge, libvirts), *_sysctls(bridge)), read_bridge_losses(bridge, live))


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


def _sysctls(bridge: str) -> Iterator[tuple[str, int]]:
    """Those that differ from what the kernel gives a new link."""
    for table in _TABLES:
        directory, usual = os.path.join(_SYSCTLS, table, bridge), _usual_sysctls(table)
        names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
        for name in names:
            with suppress(OSError, ValueError):  # some are no numbers
                value = _read_number(os.path.join(directory, name))
                if value != _read_number(os.path.join(usual, name)) and f"{table}/{name}" not in _NOT_SOMEBODYS:
                    yield f"{table}/{name}", value


def _usual_sysctls(table: str) -> str:
    """Their directory. In a network namespace of its own, the tables of neighbours have no default: there a new link is
    like the loopback link."""
    default = os.path.join(_SYSCTLS, table, "default")
    return default if os.path.isdir(default) else os.path.join(_SYSCTLS, table, "lo")


def _path(bridge: str, setting: str) -> str:
    table, is_sysctl, name = setting.rpartition("/")
    return os.path.join(_SYSCTLS, table, bridge, name) if is_sysctl else os.path.join(_SYSFS, bridge, "bridge", name)


def _read_number(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        return int(file.read(), 0)


def settings_paths(bridge: str, settings: Iterable[tuple[str, int]]) -> list[str]:
    """The files that write_bridge_settings writes to."""
    return [_path(bridge, name) for name, _value in settings]


def write_bridge_settings(bridge: str, settings: Iterable[tuple[str, int]]) -> None:
    """Those that differ. Raises OSError with all that could not be set."""
    refused = []
    for name, value in settings:
        path = _path(bridge, name)
        try:
            if _read_number(path) != value:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(str(value))
        except (OSError, ValueError) as error:
            refused.append(f"{name} ({error})")
    if refused:
        raise OSError(f"bridge {bridge} does not accept {', '.join(refused)}")
