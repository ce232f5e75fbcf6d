# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a host that a call could move, by virsh, ip and the files of libvirt's dnsmasq; nothing of the
collection is used, so that it cannot judge itself."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

ENVIRONMENT = {**os.environ, "LC_ALL": "C"}
DNSMASQ = Path("/var/lib/libvirt/dnsmasq")
STATE = Path("/var/lib/virtfleet-network")
MARK = "=-=-="
# What somebody has set; the rest of what ip tells of a bridge or of a port is state, which comes and goes.
BRIDGE = ("stp_state", "forward_delay", "vlan_filtering", "mcast_snooping", "group_fwd_mask", "priority")
PORT = (
    "priority", "cost", "hairpin", "guard", "root_block", "fastleave", "learning", "flood", "mcast_flood",
    "bcast_flood", "mcast_to_unicast", "neigh_suppress", "isolated", "locked", "group_fwd_mask", "multicast_router",
)  # fmt: skip


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60)


def output(*command: str) -> str:
    done = run(*command)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]}: {done.stderr.strip()}")
    return done.stdout


def virsh(*commands: str) -> list[str]:
    """What each command prints; one virsh for many, since starting it takes most of the time."""
    if not commands:
        return []
    batch = "; ".join(f"echo '{MARK}'; {command}" for command in commands)
    done = run("virsh", "-q", batch)
    parts = done.stdout.split(MARK)[1:]
    if len(parts) != len(commands):
        raise RuntimeError(f"virsh answered {len(parts)} of {len(commands)} questions: {done.stderr.strip()}")
    return [part.strip(" \n") for part in parts]


def look() -> dict[str, Any]:
    links = _links()
    return {
        "networks": _networks(),
        "guests": _guests(),
        "links": links,
        "routes": _routes(),
        "journal": sorted(path.name for path in STATE.glob("*") if path.suffix != ".lock") if STATE.is_dir() else [],
    }


def _networks() -> dict[str, Any]:
    uuids = output("virsh", "-q", "net-list", "--all", "--uuid").split()
    asked = ("net-info {}", "net-dumpxml {}", "net-dumpxml --inactive {}", "net-port-list {}")
    told = iter(virsh(*(question.format(uuid) for uuid in uuids for question in asked)))
    ports = []
    found: dict[str, Any] = {}
    processes = _processes()
    for uuid in uuids:
        info, live, inactive, listed = (next(told) for _question in asked)
        facts = dict(re.findall(r"^(\w+):\s+(.*)$", info, re.M))
        active, persistent = facts["Active"] == "yes", facts["Persistent"] == "yes"
        name = html.unescape(re.search(r"<name>(.*?)</name>", live or inactive, re.S).group(1))
        found[name] = {
            "uuid": uuid,
            "active": active,
            "persistent": persistent,
            "autostart": facts["Autostart"] == "yes",
            "live": live if active else None,
            "inactive": inactive if persistent else None,
            "dnsmasq": _dnsmasq(name, processes) if active else {"pid": None},
            "leases": _leases(live) if active else [],
            "ports": {},
        }
        ports += [(name, uuid, port) for port in listed.split()] if active else []
    shown = virsh(*(f"net-port-dumpxml {uuid} {port}" for _name, uuid, port in ports))
    for (name, _uuid, port), xml in zip(ports, shown):
        found[name]["ports"][port] = xml
    return found


def _processes() -> dict[str, int]:
    """dnsmasq's configuration file -> its process, less the helper that it forks for its script."""
    found: dict[str, int] = {}
    for entry in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            line = Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        match = re.match(rb"\S*dnsmasq\0--conf-file=([^\0]*)\0", line)
        if match:
            found.setdefault(os.fsdecode(match.group(1)), entry)
    return found


def _dnsmasq(name: str, processes: dict[str, int]) -> dict[str, Any]:
    """Its process and the files it runs with. Those of an earlier one may be left, and mean nothing."""
    pid = processes.get(str(DNSMASQ / f"{name}.conf"))
    if pid is None:
        return {"pid": None}
    files = {}
    for suffix in ("conf", "hostsfile", "addnhosts"):
        path = DNSMASQ / f"{name}.{suffix}"
        files[suffix] = path.read_text(errors="replace") if path.exists() else None
    return {"pid": pid, **files}


def _leases(xml: str) -> list[str]:
    """libvirt keeps them in a file named after the bridge."""
    bridge = re.search(r"<bridge name='(.*?)'", xml)
    path = DNSMASQ / f"{bridge.group(1)}.status" if bridge else None
    try:
        told = json.loads(path.read_text() or "[]") if path and path.exists() else []
    except ValueError:
        return ["unreadable"]
    return sorted(f"{lease.get('mac-address')} {lease.get('ip-address')}" for lease in told)


def _guests() -> dict[str, Any]:
    uuids = output("virsh", "-q", "list", "--all", "--uuid").split()
    told = iter(virsh(*(question.format(uuid) for uuid in uuids for question in ("dominfo {}", "dumpxml {}"))))
    found = {}
    for uuid in uuids:
        info, xml = next(told), next(told)
        name = re.search(r"^Name:\s+(.*)$", info, re.M).group(1)
        found[name] = {
            "uuid": uuid,
            "state": re.search(r"^State:\s+(.*)$", info, re.M).group(1),
            "nics": [_nic(nic) for nic in re.findall(r"<interface type=.*?</interface>", xml, re.S)],
        }
    return found


def _nic(xml: str) -> dict[str, Any]:
    source = re.search(r"<source (.*?)/>", xml)
    target = re.search(r"<target dev='(.*?)'", xml)
    return {
        "mac": re.search(r"<mac address='(.*?)'", xml).group(1),
        "type": re.search(r"<interface type='(.*?)'", xml).group(1),
        "source": dict(re.findall(r"(\w+)='(.*?)'", source.group(1))) if source else {},
        "target": target.group(1) if target else None,
    }


def _links() -> dict[str, Any]:
    found = {}
    for link in json.loads(output("ip", "-json", "-details", "address")):
        info = link.get("linkinfo", {})
        kind, data, port = info.get("info_kind"), info.get("info_data", {}), info.get("info_slave_data", {})
        found[link["ifname"]] = {
            "index": link["ifindex"],
            "kind": kind,
            "master": link.get("master"),
            "on": link.get("link"),
            "mtu": link["mtu"],
            "mac": link.get("address"),
            "up": "UP" in link["flags"],
            "addresses": sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["scope"] != "link"),
            "bridge": {name: data[name] for name in BRIDGE if name in data} if kind == "bridge" else {},
            "port": {name: port[name] for name in PORT if name in port},
            "mode": data.get("mode"),
        }
    return found


def _routes() -> list[str]:
    lines = output("ip", "-4", "route").splitlines() + output("ip", "-6", "route").splitlines()
    lines = [line for line in lines if not line.startswith("fe80::")]  # a link has it a moment after it is up
    return sorted(re.sub(r" (linkdown|dead|pref medium|expires \S+)\b", "", line).strip() for line in lines)
