# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine's kernel and programs offer. Each is tried in a throwaway namespace, not looked up."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Callable

import procs
from state import Lab, LabError

# Works only with the feature; what is made is gone with its network namespace.
LINKS = {
    "8021q": ["link add link lo name t0.5 type vlan id 5"],
    "bond": ["link add t0 type bond"],
    "bridge": ["link add t0 type bridge"],
    "bridge-vlan-filtering": ["link add t0 type bridge vlan_filtering 1"],
    "dummy": ["link add t0 type dummy"],
    "ipvlan": ["link add t0 type veth peer name t1", "link add link t0 name t2 type ipvlan"],
    "macvlan": ["link add t0 type veth peer name t1", "link add link t0 name t2 type macvlan"],
    "macvtap": ["link add t0 type veth peer name t1", "link add link t0 name t2 type macvtap"],
    "ovs-kernel": ["link add t0 type openvswitch"],
    "veth": ["link add t0 type veth peer name t1"],
    "vxlan": ["link add t0 type vxlan id 5 dstport 4789"],
}
CSUM = "tc filter add dev t0 prio 2 protocol ip parent 1: u32 match ip dport 68 ffff action csum ip and udp"
COMMANDS = {
    "act-csum": ["sh", "-c", f"ip link add t0 type bridge && tc qdisc add dev t0 root handle 1: htb && {CSUM}"],
    "ebtables": ["ebtables", "-L"],
    "htb": ["tc", "qdisc", "add", "dev", "lo", "root", "htb"],
    "ip6tables-nat": ["ip6tables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"],
    "iptables-nat": ["iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"],
    "nftables": ["nft", "add", "table", "ip", "t"],
}
DEVICES = {"kvm": "/dev/kvm", "tun": "/dev/net/tun", "vhost-net": "/dev/vhost-net", "vfio": "/dev/vfio/vfio"}
PROGRAMS = {"debootstrap": "debootstrap", "ovs": "ovs-vswitchd"}
ALIASES = {"vlan": "8021q", "vlan-filtering": "bridge-vlan-filtering", "openvswitch": "ovs"}


def _succeeds(lab: Lab, argv: list[str], stdin: str | None = None) -> bool:
    try:
        procs.run(lab.dir, ["unshare", "--net", "--", *argv], stdin=stdin, timeout=20)
    except (LabError, OSError):
        return False
    return True


def _opens(device: str) -> bool:
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError:
        return False
    return True


def _installed(program: str) -> bool:
    return bool(shutil.which(program, path="/usr/sbin:/usr/bin"))


def _has_overlay() -> bool:
    return "overlay" in Path("/proc/filesystems").read_text().split()


def _checks(lab: Lab) -> dict[str, Callable[[], bool]]:
    """Name to trial; nothing is tried before it is asked for."""
    checks: dict[str, Callable[[], bool]] = {
        name: partial(_succeeds, lab, ["ip", "-batch", "-"], "\n".join(lines) + "\n") for name, lines in LINKS.items()
    }
    checks |= {name: partial(_succeeds, lab, argv) for name, argv in COMMANDS.items()}
    checks |= {name: partial(_opens, device) for name, device in DEVICES.items()}
    checks |= {name: partial(_installed, program) for name, program in PROGRAMS.items()}
    checks["netdevsim"] = partial(Path.exists, Path("/sys/bus/netdevsim"))
    checks["overlay"] = _has_overlay
    return checks


def has(lab: Lab, feature: str) -> bool:
    """One feature. A name that the lab does not know is an error, not a 'no': it would skip a test for ever."""
    name = feature.strip().lower().replace("_", "-").replace(" ", "-")
    checks = _checks(lab)
    name = ALIASES.get(name, name)
    if name not in checks:
        raise LabError(f"unknown feature '{feature}' (known: {', '.join(sorted(checks))})")
    return checks[name]()


def all_of_them(lab: Lab) -> dict[str, bool]:
    checks = _checks(lab)
    with ThreadPoolExecutor(8) as pool:
        results = {name: pool.submit(check) for name, check in sorted(checks.items())}
    return {name: result.result() for name, result in results.items()}
