# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit at the size of a big fleet: 1,000 hosts with 100 networks each, of which some have faults.

The facts are generated, since no lab holds so many hosts. Prints the seconds of the audit for half of the hosts and for
all, which must grow with the number of hosts, not faster.

    python tests/bench/audit.py [HOSTS [NETWORKS]]
"""

from __future__ import annotations

import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))
SECONDS = 10.0
# Twice the hosts may take a little more than twice the time, on a machine that does something else, too.
GROWTH = 2.6


def _link(name: str, **other: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "bridge", "mtu": 1500, "admin": "up", "carrier": True, "master": None, "subnets": [],
        "addresses": [], **other,
    }  # fmt: skip


def _uuid(host: int, place: int) -> str:
    return f"{place:08x}-0000-4000-8000-{host:012}"


def _details(bridge: str | None = None) -> dict[str, Any]:
    own = bridge is not None
    return {
        "active": True, "persistent": True, "autostart": True, "managed": True, "drift": [], "live": {},
        "dnsmasq": "running" if own else "none", "bridge_link": "complete" if own else "none",
        "guests_on_old_settings": [], "bridge": bridge,
    }  # fmt: skip


def _passages(*ways: str) -> dict[str, Any]:
    return {"stopped": {}, "passages": [{"family": "ipv4", "way": way, "state": "open", "rules": []} for way in ways]}


def _place(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network of the contract, and its binding: three on bridges of the host, then one that libvirt makes."""
    name = f"net{number:03}"
    if number % 4 == 3:
        address = f"10.{number}.0.1"
        contract = {"name": name, "reach": "nat", "subnets": [f"10.{number}.0.0/24"]}
        return contract, {"bridge": {"name": f"virbr{number}"}, "ips": [{"address": address, "prefix": 24}]}
    groups = [{"name": "eng", "default": True}, {"name": "acc"}]
    contract = {"name": name, "reach": "l2", "mtu": 1500, "portgroups": groups}
    return contract, {"forward": {"mode": "bridge"}, "bridge": {"name": f"br{number}"}}


def host_facts(host: int, networks: int) -> dict[str, Any]:
    """What virt_network_info returns there. Each tenth host lacks a network, each seventh has another definition."""
    info: dict[str, Any] = {
        "networks": [], "transient": [], "details": {}, "pools": {}, "ovs_bridges": {}, "nwfilters": {}, "routers": {},
        "links": [], "guests": [],
    }  # fmt: skip
    made = []
    for number in range(networks):
        contract, binding = _place(number)
        name, bridge = contract["name"], binding["bridge"]["name"]
        options = {"name": name, "uuid": _uuid(host, number), "state": "active", "autostart": True, **binding}
        if contract["reach"] == "nat":
            mac = f"52:54:{number:02x}:{host // 65536:02x}:{host // 256 % 256:02x}:{host % 256:02x}"
            options.update(forward={"mode": "nat"}, mac=mac)
            info["details"][name] = _details(bridge)
            info["routers"][bridge] = _passages("out", "back", "across")
        else:
            options["portgroups"] = copy.deepcopy(contract["portgroups"])
            info["details"][name] = _details()
            info["routers"][bridge] = _passages("across")
            info["links"].append(_link(f"eth{number}", kind="physical", master=bridge))
            made.append(bridge)
        info["links"].append(_link(bridge, index=len(info["links"]) + 1))
        info["networks"].append(options)
    for place in range(5):
        nic = {"mac": f"52:55:00:{host // 256:02x}:{host % 256:02x}:{place:02x}", "type": "network",
               "network": "net000", "source": None}  # fmt: skip
        guest = {"name": f"web{host}-{place}", "uuid": _uuid(host, 10**6 + place), "running": True, "nics": [nic]}
        info["guests"].append({**guest, "tcp_ports": []})
    if host % 10 == 5:
        info["networks"].pop()
    if host % 7 == 3:
        info["networks"][0]["portgroups"].pop()
    info["host"] = {
        "libvirt_version": ("9.0.0", "10.0.0", "11.3.0")[host % 3], "hostname": f"kvm{host}", "remote": False,
        "forwarding": {"ipv4": True, "ipv6": True},
        "boot": {"tools": ["systemd-networkd"], "links": dict.fromkeys(made, "systemd-networkd")},
    }  # fmt: skip
    return info


def generated(hosts: int, networks: int) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """A contract, and the facts of each host as if read from JSON: nothing in them is shared."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.asked import INFO_FORMAT

    places = [_place(number) for number in range(networks)]
    contract = [entry for entry, _binding in places]
    bindings = json.dumps({entry["name"]: binding for entry, binding in places})
    return contract, {
        f"kvm{host}": {
            "bindings": json.loads(bindings),
            "info": json.loads(json.dumps({"format": INFO_FORMAT, **host_facts(host, networks)})),
        }
        for host in range(1, hosts + 1)
    }


def timed(hosts: int, networks: int) -> tuple[float, int]:
    """Seconds, and the number of findings."""
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit

    contract, facts = generated(hosts, networks)
    began = time.process_time()
    found = audit(contract, facts)
    return time.process_time() - began, len(found)


def measure(hosts: int = 1000, networks: int = 100) -> bool:
    told = [(size, *timed(size, networks)) for size in (hosts // 2, hosts)]
    print(f"audit of generated facts, {networks} networks per host:")
    for size, seconds, found in told:
        print(f"  {size} hosts: {seconds:.1f} s of the processor, {found} findings")
    (_half, half, _some), (_all, seconds, found) = told
    print(f"  at most {SECONDS:.0f} s, and {GROWTH} times those of half as many hosts: {seconds / half:.1f}")
    return seconds <= SECONDS and seconds <= GROWTH * half and found > 0


if __name__ == "__main__":
    sys.exit(0 if measure(*map(int, sys.argv[1:3])) else 1)
