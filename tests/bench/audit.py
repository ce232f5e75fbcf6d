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
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))
SECONDS = 10.0
# Twice the hosts may take a little more than twice the time, on a machine that does something else, too.
GROWTH = 2.6


def _uuid(host: int, place: int) -> str:
    return f"{place:08x}-0000-4000-8000-{host:012}"


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
    """What virt_network_info returns there, by the records that read it, so that nothing that an audit requires is
    absent. Each tenth host lacks a network, each seventh has another definition.
    """
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate import destination_facts as records
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.host_links import Link
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import INFO_FORMAT
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.facts import BridgeRouting, Passage

    def link(name: str, kind: str, master: str | None = None, subnets: tuple[str, ...] = ()) -> Link:
        own = tuple(subnet.partition("/")[0] for subnet in subnets)
        return Link(
            name, kind, 1500, "up", True, master, index=len(links) + 1, addresses=own, subnets=subnets, link_local=(),
            vf=False, default_route=False, programs=(), bound=(),
        )  # fmt: skip

    def details(made: bool) -> records.NetworkDetails:
        states = ("running", "complete") if made else ("none", "none")
        return records.NetworkDetails(
            True, True, True, (), {}, dnsmasq=states[0], bridge_link=states[1], guests_on_old_settings=()
        )

    links: list[Link] = []
    defined, described, routers, declared = [], {}, {}, {}
    for number in range(networks):
        contract, binding = _place(number)
        name, bridge = contract["name"], binding["bridge"]["name"]
        options = {"name": name, "uuid": _uuid(host, number), "state": "active", "autostart": True, **binding}
        if contract["reach"] == "nat":
            mac = f"52:54:{number:02x}:{host // 65536:02x}:{host // 256 % 256:02x}:{host % 256:02x}"
            options.update(forward={"mode": "nat"}, mac=mac)
            links.append(link(bridge, "bridge", subnets=(f"{binding['ips'][0]['address']}/24",)))
            ways = ("out", "back", "across")
        else:
            options["portgroups"] = copy.deepcopy(contract["portgroups"])
            links.append(link(bridge, "bridge"))
            links.append(link(f"eth{number}", "physical", bridge))
            declared[bridge] = "systemd-networkd"
            ways = ("across",)
        described[name] = details(contract["reach"] == "nat")
        routers[bridge] = BridgeRouting(
            {}, tuple(Passage("ipv4", way, "open", ()) for way in ways), None, None, misrouted=(), forwards=()
        )
        defined.append(options)
    guests = []
    for place in range(5):
        nic = records.HostNic(
            f"52:55:00:{host // 256:02x}:{host % 256:02x}:{place:02x}", "network", "net000", None, False
        )
        guests.append(records.HostGuest(f"web{host}-{place}", _uuid(host, 10**6 + place), True, (nic,), ()))
    if _lacks_a_network(host):
        defined.pop()
    if _is_defined_otherwise(host):
        defined[0]["portgroups"].pop()
    said = records.DestinationHost(
        ("9.0.0", "10.0.0", "11.3.0")[host % 3], f"kvm{host}", False, uuid=_uuid(host, 0),
        forwarding=records.Forwarding(True, True), boot=records.Boot(("systemd-networkd",), declared),
        migration=records.MigrationSettings(
            hooks=(), libvirt_ports=(), unwritable_directories=(), missing_programs=()
        ),
    )  # fmt: skip
    info = records.NetworkInfo(
        tuple(defined), (), described, {}, tuple(links), {}, tuple(guests), {}, said, routers=routers
    )
    return {"format": INFO_FORMAT, **asdict(info)}


def _lacks_a_network(host: int) -> bool:
    return host % 10 == 5


def _is_defined_otherwise(host: int) -> bool:
    return host % 7 == 3


def expected(hosts: int, networks: int) -> set[tuple[str, str, str]]:
    """Host, network and code of what is to be found."""
    found = set()
    for host in range(1, hosts + 1):
        if _lacks_a_network(host):
            found.add((f"kvm{host}", f"net{networks - 1:03}", "NETWORK_MISSING"))
        if _is_defined_otherwise(host):
            found.update((f"kvm{host}", "net000", code) for code in ("DEFINITION_DIFFERS", "LIVE_DIFFERS"))
    return found


def generated(hosts: int, networks: int) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """A contract, and the facts of each host as if read from JSON: nothing in them is shared."""
    places = [_place(number) for number in range(networks)]
    contract = [entry for entry, _binding in places]
    bindings = json.dumps({entry["name"]: binding for entry, binding in places})
    return contract, {
        f"kvm{host}": {
            "bindings": json.loads(bindings),
            "info": json.loads(json.dumps(host_facts(host, networks))),
        }
        for host in range(1, hosts + 1)
    }


def timed(hosts: int, networks: int) -> tuple[float, int]:
    """Seconds, and the number of findings."""
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit

    contract, facts = generated(hosts, networks)
    began = time.process_time()
    found = audit(contract, facts)
    took = time.process_time() - began
    told = {(one.host, one.network, one.kind.code) for one in found}
    wrong = sorted(told ^ expected(hosts, networks))
    # Without this, hosts that cannot be read would be measured, which is quick.
    assert not wrong, f"{len(wrong)} findings too many or too few, such as {wrong[:3]}"
    return took, len(found)


def measure(hosts: int = 1000, networks: int = 100) -> bool:
    told = [(size, *timed(size, networks)) for size in (hosts // 2, hosts)]
    print(f"audit of generated facts, {networks} networks per host:")
    for size, seconds, found in told:
        print(f"  {size} hosts: {seconds:.1f} s of the processor, {found} findings")
    (_half, half, _some), (_all, seconds, found) = told
    print(f"  at most {SECONDS:.0f} s, and {GROWTH} times those of half as many hosts: {seconds / half:.1f}")
    return seconds <= SECONDS and seconds <= GROWTH * half


if __name__ == "__main__":
    sys.exit(0 if measure(*map(int, sys.argv[1:3])) else 1)
