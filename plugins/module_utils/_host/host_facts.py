# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what decides whether a network can start here: links, routes, directories, VFs, the kernel, dnsmasq."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Optional

from .._model.host_facts import HostFacts, HostQuestions, Route
from .dnsmasq_syntax import refused_options
from .tables import read_optional_table

_NET = "/sys/class/net"
_PCI = "/sys/bus/pci/devices"
_IPV6 = "/proc/sys/net/ipv6/conf"
# Of routes that router advertisements brought.
_ADDRCONF = 0x40000
# What libvirt's bandwidth is made of.
_SCHEDULERS = ("sch_htb", "sch_sfq", "sch_ingress", "cls_fw", "cls_u32", "act_police")


def read_host_facts(asked: HostQuestions) -> HostFacts:
    """Only what is asked."""
    return HostFacts(
        links=frozenset(_listed(_NET)),
        routes=tuple(_routes()),
        directories=frozenset(
            directory for directory in asked.directories if os.path.isdir(os.path.join("/", directory))
        ),
        vfs=_vfs(asked),
        functions={function: os.path.exists(os.path.join(_PCI, function, "physfn")) for function in asked.functions},
        ipv6=os.path.isdir(_IPV6),
        accept_ra=tuple(_accept_ra()),
        vlan_filtering=_vlan_filtering(),
        traffic_control=has_traffic_control(),
        firewalld=_runs("firewalld") if asked.zone else None,
        resolved=_runs("systemd-resolved") if asked.register else None,
        dnsmasq=None if asked.options is None else refused_options(asked.options),
        hook=any(os.access(path, os.X_OK) for path in _hooks()),
    )


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        # A link's name may have any bytes; it must compare equal to the names that os.listdir gives.
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _routes() -> Iterable[Route]:
    for words in read_optional_table("/proc/net/route")[1:]:
        if len(words) > 7:
            # The kernel prints them as they lie in memory.
            numbers = [int.from_bytes(bytes.fromhex(words[place]), "little") for place in (1, 7)]
            yield Route(words[0], *numbers)


def _accept_ra() -> Iterable[str]:
    """As virNetDevIPCheckIPv6Forwarding."""
    everywhere = _number(f"{_IPV6}/all/accept_ra")
    seen = set()
    for words in read_optional_table("/proc/net/ipv6_route"):
        if len(words) > 9 and int(words[8], 16) & _ADDRCONF and words[9] not in seen:
            seen.add(words[9])
            own = _number(f"{_IPV6}/{words[9]}/accept_ra")
            if own == 1 or (own == 0 and everywhere == 1):
                yield words[9]


def _number(path: str) -> Optional[int]:
    with suppress(ValueError):
        return int(_read(path))
    return None


def _vfs(asked: HostQuestions) -> dict[str, Optional[int]]:
    """How many VFs the PF has that the forward mode can hand out: in hostdev any, else those with a link."""
    if asked.pf is None:
        return {}
    link = os.path.join(_NET, asked.pf)
    if not os.path.exists(link):
        return {asked.pf: None}
    functions = glob.glob(os.path.join(glob.escape(link), "device", "virtfn*"))
    return {asked.pf: sum(asked.hostdev or bool(_listed(os.path.join(function, "net"))) for function in functions)}


def _vlan_filtering() -> Optional[bool]:
    """Whether the kernel's bridges support it: any bridge shows it."""
    bridges = glob.glob(f"{_NET}/*/bridge")
    return any(os.path.exists(os.path.join(bridge, "vlan_filtering")) for bridge in bridges) if bridges else None


def has_traffic_control() -> Optional[bool]:
    """True when all modules are loaded or available. Unlisted built-in modules cannot be detected."""
    modules = os.path.join("/lib/modules", os.uname().release)
    listed = _read(os.path.join(modules, "modules.dep")) + _read(os.path.join(modules, "modules.builtin"))
    there = all(os.path.isdir(f"/sys/module/{name}") or f"/{name}.ko" in listed for name in _SCHEDULERS)
    return True if there else None


def _runs(name: str) -> Optional[bool]:
    pids = [pid for pid in _listed("/proc") if pid.isdigit()]
    return any(f"/{name}" in part for pid in pids for part in _read(f"/proc/{pid}/cmdline").split("\0")[:2])


def _hooks() -> list[str]:
    return ["/etc/libvirt/hooks/network", *glob.glob("/etc/libvirt/hooks/network.d/*")]
