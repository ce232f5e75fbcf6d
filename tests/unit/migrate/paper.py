# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and guests on paper: what virt_network_info and virt_guest_info would say of them, from XML and a few words.

A host: name, uuid, libvirt, remote; networks (XML, or a mapping with xml, live, active, autostart, transient,
connections, vfs, pf_by_vf, dnsmasq, leases); links (a name, or a mapping with whatever is not as usual); pci (VFs to
their PFs);
ovs_bridges, machines, domain_types, nwfilters, memory, forwarding; routes (by family), iptables and nftables (as their
tools print them; without, rules that masquerade), hidden, bridged (see RoutingContext), passes_none (links),
or unrouted; migration (what is not as usual of its settings); resolves (names of hosts, with their addresses there);
guests (domain XML of running ones) and defined (of others). What it answers to lookups, unless it is offline: paths,
no_paths, volumes, cpus, known_cpus, models, usb, taken (ports on which something listens), other_sizes and
other_types (paths);
accounts (users and groups);
lookups, by kind, for all else; refusal: what its libvirt has against the guests. volume_files: of volumes on the
guest's own host; switches_silent: Open vSwitch does not answer; own: addresses of the host
itself; file_sizes: of files there; processors, nodes: their
numbers; no_arp, no_ndp, misrouted: by bridge, see BridgeRouting.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.virtfleet.network.plugins.module_utils._host.described import DescribedGuest
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import (
    DestinationFacts,
    read_destination,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import GuestFacts
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import (
    INFO_FORMAT,
    key_of_question,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.iptables import parse_iptables
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.nftables import parse_nftables
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.passages import (
    Bridge,
    RoutingContext,
    routing_of_bridge,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.spans import span_of
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import lookups_for
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.device import Device
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import (
    POOL,
    has_pool,
    is_virtual,
    mode_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import DESCRIPTIVE, NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.options import (
    definition_options,
    network_options,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.occupancy import PoolUsage, occupancy
from ansible_collections.virtfleet.network.plugins.module_utils._run.describe import describe_guest
from ansible_collections.virtfleet.network.plugins.module_utils._run.gather import summarize_guest
from ansible_collections.virtfleet.network.plugins.module_utils._xml.descriptor import parse_descriptor
from ansible_collections.virtfleet.network.plugins.module_utils._xml.guest import parse_guest
from ansible_collections.virtfleet.network.plugins.module_utils._xml.mark import read_limits
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

EMULATOR = "/usr/bin/qemu-system-x86_64"
MACHINE = "pc-i440fx-7.2"
NOW = 1_000_000
_MIGRATION = {
    "hooks": [], "host": None, "address": None, "port_min": 49152, "port_max": 49215, "ports_free": 64,
    "tls_only": False, "tap_device": True, "arrivals": [], "libvirt_ports": [], "unwritable_directories": [],
    "missing_programs": [],
}  # fmt: skip


def link(said: Any, index: int) -> dict[str, Any]:
    usual = {
        "index": index, "kind": "veth", "mac": f"02:00:00:00:00:{index:02x}", "mtu": 1500, "state": "up", "admin": "up",
        "carrier": True, "master": None, "parent": None, "vlan": None, "vlan_filtering": None, "mode": None,
        "default_pvid": None, "vlans": None, "vlan_protocol": None, "port_settings": None,
        "stp_delay": None, "port_state": None, "default_route": False, "addresses": [], "link_local": [], "vf": False,
        "multi_queue": None, "programs": [], "had_carrier": None, "bound": [],
    }  # fmt: skip
    return {**usual, **({"name": said} if isinstance(said, str) else said)}


def switch(said: Any) -> dict[str, Any]:
    """A list of ports, or a mapping with whatever is not as usual; a port likewise."""
    said = {"ports": said} if isinstance(said, list) else said
    names = said["ports"] if isinstance(said["ports"], dict) else {name: {} for name in said["ports"]}
    usual = {"tag": None, "trunks": [], "vlan_mode": None, "needs_lacp": False, "mirrors": False}
    interface = {"type": "", "peer": None, "up": True, "lacp": None, "settings": []}
    ports = {
        name: {
            **usual,
            **{key: value for key, value in port.items() if key in usual},
            "interfaces": [
                {**interface, "name": one, **{key: value for key, value in port.items() if key in interface}}
                for one in port.get("members", [name])
            ],
        }
        for name, port in names.items()
    }
    return {"fail_mode": None, "controllers": 0, "flows": "normal", "stp_delay": 0, **said, "ports": ports}


def switches(host: dict[str, Any]) -> dict[str, Any]:
    return {name: switch(said) for name, said in host.get("ovs_bridges", {}).items()}


def give_addresses(links: list[dict[str, Any]], said: Any, networks: list[Observed]) -> None:
    """Bridges have the addresses of the networks that made them, unless something else was said."""
    told = {one["name"] for one in said if not isinstance(one, str) and "addresses" in one}
    for seen in networks:
        bridge = ((seen.live or {}).get("bridge") or {}).get("name")
        for item in links:
            if item["name"] == bridge and bridge not in told:
                item["addresses"] = [ip["address"] for ip in (seen.live or {}).get("ips") or ()]


def give_subnets(links: list[dict[str, Any]], networks: list[Observed]) -> None:
    ips = [ip for seen in networks for ip in (seen.live or {}).get("ips") or ()]
    prefixes = {ip["address"]: canonical(NETWORK, {"ips": [ip]})["ips"][0].get("prefix") for ip in ips}
    for item in links:
        item.setdefault(
            "subnets", [f"{one}/{prefixes.get(one) or (64 if ':' in one else 24)}" for one in item["addresses"]]
        )


def routers(host: dict[str, Any], links: list[dict[str, Any]], networks: list[Observed]) -> dict[str, Any]:
    """Of each bridge. A host of which nothing else is said has a default route by eth0, and passes all on."""
    live = {
        (seen.live.get("bridge") or {}).get("name"): seen.live
        for seen in networks
        if seen.live and is_virtual(seen.live)
    }
    on = host.get("forwarding", {"ipv4": True, "ipv6": True}) or {}
    around = RoutingContext(
        tables=tuple(firewall(host, networks)),
        hidden=tuple(host.get("hidden", ())),
        devices={"ipv4": ("eth0",), "ipv6": ("eth0",)},
        silent=frozenset(host.get("passes_none", ())),
        families=frozenset(family for family, passes in on.items() if passes),
        own=tuple(span for one in host.get("own", ()) if (span := span_of(one)) is not None),
        bridged={name: tuple(families) for name, families in host.get("bridged", {}).items()},
    )
    found = {}
    for item in links:
        if item["kind"] == "bridge" or item["name"] in host.get("ovs_bridges", {}):
            document, subnets = live.get(item["name"]), tuple(item["subnets"])
            routed = document is None or mode_of(document) in ("nat", "route", "open")
            guests = () if document is None else subnets
            ports = tuple(one["name"] for one in links if one["master"] == item["name"] and one["kind"] != "tun")
            bridge = Bridge(item["name"], subnets if routed else (), guests, served=guests, ports=ports)
            found[item["name"]] = {
                **routing_of_bridge(around, bridge),
                "no_arp": host.get("no_arp", {}).get(item["name"]),
                "no_ndp": host.get("no_ndp", {}).get(item["name"]),
                "misrouted": host.get("misrouted", {}).get(item["name"], []),
            }
    return found


def routes(said: dict[str, Any] | None) -> dict[str, Any] | None:
    none: dict[str, Any] = {"default": [], "others": [], "rules": [], "rejected": [], "detours": []}
    return None if said is None else {family: {**none, **its} for family, its in said.items()}


def firewall(host: dict[str, Any], networks: list[Observed]) -> list[Any]:
    if "nftables" in host:
        return parse_nftables(json.dumps({"nftables": host["nftables"]}))
    if "iptables" in host:
        return parse_iptables(host["iptables"], "ip", "iptables")
    tables = []
    for family, text in (("ip", ""), ("ip6", "")):
        for seen in networks:
            document = canonical(NETWORK, seen.live or {})
            nat = (document.get("forward") or {}).get("nat") or {}
            for ip in document.get("ips") or () if mode_of(seen.live or {}) == "nat" else ():
                if (":" in ip["address"]) == (family == "ip6") and (family == "ip" or nat.get("ipv6")):
                    text += f"-A POSTROUTING -s {ip['address']}/{ip.get('prefix')} -j MASQUERADE\n"
        tables += parse_iptables(f"*nat\n:POSTROUTING ACCEPT\n{text}", family, "iptables")
    return tables


def observed(said: Any) -> Observed:
    said = {"xml": said} if isinstance(said, str) else said
    defined = parse_network(said["xml"])
    live = parse_network(said["live"]) if "live" in said else defined
    return Observed(
        defined["name"],
        live=live if said.get("active", True) else None,
        persistent=None if said.get("transient") else defined,
        autostart=said.get("autostart", not said.get("transient")),
    )


def info(host: dict[str, Any]) -> dict[str, Any]:
    """What virt_network_info returns there."""
    networks = [observed(said) for said in host.get("networks", ())]
    links = [link(said, index) for index, said in enumerate(host.get("links", ()), 2)]
    give_addresses(links, host.get("links", ()), networks)
    give_subnets(links, networks)
    guests = [parse_guest(xml, xml) for xml in host.get("guests", ())]
    guests += [parse_guest("", "", xml) for xml in host.get("defined", ())]
    devices = tuple(Device(name=item["name"], master=item["master"]) for item in links)
    devices += tuple(Device(pci=address, pf=(pf,), vf=0) for address, pf in host.get("pci", {}).items())
    ports: dict[str, list[Plugged]] = {seen.name: [] for seen in networks}
    for guest in guests if host.get("remote") is None else ():
        for nic in guest.nics if guest.running else ():
            if nic.network in ports and nic.source:
                name = f"{guest.name}-{nic.mac}"
                ports[nic.network].append(Plugged("guest", guest.name, nic.mac, guest.uuid, None, name, nic.source))
    remote = bool(host.get("remote"))
    return {
        "format": INFO_FORMAT,
        "networks": [network_options(seen) for seen in networks if seen.persistent is not None],
        "transient": [network_options(seen) for seen in networks if seen.persistent is None],
        "details": {seen.name: details(seen, ports, said) for seen, said in zip(networks, host["networks"])}
        if networks
        else {},
        "pools": {
            seen.name: occupancy(
                seen.name,
                seen.live or seen.persistent or {},
                read_limits(seen.persistent or seen.live or {}),
                PoolUsage(ports, guests, None if remote else devices),
            ).as_dict()
            for seen in networks
            if has_pool(seen.live or {}) or has_pool(seen.persistent or {})
        },
        "links": None if remote else links,
        "routers": None if remote or host.get("unrouted") else routers(host, links, networks),
        "ovs_bridges": None if remote or host.get("switches_silent") else switches(host),
        "guests": [summarize_guest(guest) for guest in guests],
        "nwfilters": host.get("nwfilters", {}),
        "host": {
            "libvirt_version": host.get("libvirt", "9.0.0"),
            "qemu_version": host.get("qemu", "7.2.22"),
            "hostname": host["name"],
            "uri": "qemu:///system",
            "remote": remote,
            "gathered": NOW,
            "uuid": host.get("uuid", f"uuid-of-{host['name']}"),
            "cpu": None,
            "cpu_models": host.get("cpu_models", ["qemu64"]),
            "domain_types": host.get("domain_types", {"x86_64": ["kvm", "qemu"]}),
            "machines": host.get("machines", {"x86_64": [MACHINE]}),
            "emulators": [EMULATOR],
            "processors": host.get("processors", [0, 1, 2, 3]),
            "nodes": host.get("nodes", [0]),
            "security_models": host.get("security_models", ["dac"]),
            "forwarding": None if remote else host.get("forwarding", {"ipv4": True, "ipv6": True}),
            "routes": None if remote else routes(host.get("routes", {"ipv4": {}, "ipv6": {}})),
            "migration": None if remote else {**_MIGRATION, **host.get("migration", {})},
            "memory": host.get("memory", {"total": 8 << 20, "available": 4 << 20, "pages": {}}),
        },
    }


def answering(told: dict[str, Any], guests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The same of a host whose libvirt has nothing against these guests, as virt_guest_info describes them."""
    return {**told, "refusals": refusals(guest.get("question") for guest in guests if isinstance(guest, dict))}


def refusals(questions: Iterable[Any], said: str = "") -> dict[str, str]:
    """The same answer to all of them."""
    return {key_of_question(question): said for question in questions if isinstance(question, str)}


def details(seen: Observed, ports: dict[str, list[Plugged]], said: Any) -> dict[str, Any]:
    document = seen.live or {}
    forward = document.get("forward") or {}
    counts = None
    if seen.live is not None and mode_of(document) in POOL:
        names = [item["dev"] for item in forward.get("interfaces", ())]
        names += [item["address"] for item in forward.get("addresses", ())]
        counts = {name: sum(port.member == name for port in ports[seen.name]) for name in names}
        counts.update(said.get("connections", {}) if isinstance(said, dict) else {})
    sides = [canonical(NETWORK, side) for side in (seen.live, seen.persistent) if side is not None]
    drift = [
        name
        for name in NETWORK.fields
        if len(sides) == 2 and name not in DESCRIPTIVE and sides[0].get(name) != sides[1].get(name)
    ]
    live = definition_options(document)
    return {
        "active": seen.active,
        "persistent": seen.persistent is not None,
        "autostart": seen.autostart,
        "managed": False,
        "bridge": None,
        "drift": drift,
        "live": {name: live[name] for name in drift if name in live},
        "plugged": [],
        "connections": counts,
        "dnsmasq": said.get("dnsmasq", "running") if isinstance(said, dict) else "running",
        "leases": said.get("leases", []) if isinstance(said, dict) else [],
        "vfs": said.get("vfs") if isinstance(said, dict) else None,
        "pf_by_vf": said.get("pf_by_vf") if isinstance(said, dict) else None,
    }


def look_up(host: dict[str, Any], guests: Iterable[GuestFacts]) -> dict[str, dict[str, bool]]:
    """What the host answers about these guests; a path that it was not told of is not known."""
    asked = lookups_for(guests)
    paths = {
        **dict.fromkeys(host.get("paths", ()), True),
        **dict.fromkeys(host.get("no_paths", ()), False),
    }
    names = {**dict.fromkeys(host.get("cpus", ()), True), **host.get("known_cpus", {})}
    cpus = host.get("cpus", {})
    compared = {key: cpus[json.loads(key)[0]] for key in asked["cpu_comparisons"] if json.loads(key)[0] in cpus}
    taken = {*host.get("taken", ())}
    sockets = {key: (json.loads(key)[2] not in taken) is json.loads(key)[3] for key in asked["sockets"]}
    sizes = {key: json.loads(key)[0] not in host.get("other_sizes", ()) for key in asked["sizes"]}
    models = {key: json.loads(key)[1] in host.get("models", ()) for key in asked["nic_models"]}
    usb = {key: key in host.get("usb", ()) for key in asked["usb_devices"]}
    return {
        "paths": paths,
        "volumes": host.get("volumes", {}),
        "cpu_names": names,
        "cpu_comparisons": compared,
        "nic_models": models,
        "usb_devices": usb,
        "sockets": sockets,
        "sizes": sizes,
        "accounts": {key: json.loads(key)[1] in host.get("accounts", ()) for key in asked["accounts"]},
        "file_types": {key: json.loads(key)[0] not in host.get("other_types", ()) for key in asked["file_types"]},
        **host.get("lookups", {}),
    }


def destination(host: dict[str, Any], guests: Iterable[GuestFacts] = ()) -> DestinationFacts:
    """The host as a check of these guests that runs there sees it; offline, as it was saved without them."""
    found = info(host)
    if not host.get("offline"):
        found["lookups"] = look_up(host, guests)
        found["refusals"] = refusals((guest.question for guest in guests), host.get("refusal", ""))
    return read_destination(found)


def domain(
    *interfaces: str,
    name: str = "web1",
    number: int = 1,
    more: str = "",
    devices: str = "",
    kind: str = "kvm",
    machine: str = MACHINE,
    memory: int = 1024,
) -> str:
    """memory: in MiB."""
    return (
        f"<domain type='{kind}'><name>{name}</name><uuid>00000000-0000-0000-0000-{number:012d}</uuid>"
        f"<memory unit='MiB'>{memory}</memory><os><type arch='x86_64' machine='{machine}'>hvm</type></os>{more}"
        f"<devices><emulator>{EMULATOR}</emulator>{''.join(interfaces)}{devices}</devices></domain>"
    )


def interface(network: str = "red", number: int = 1, portgroup: str = "", body: str = "") -> str:
    group = f" portgroup='{portgroup}'" if portgroup else ""
    return (
        f"<interface type='network'><mac address='52:54:00:00:00:{number:02x}'/><source network='{network}'{group}/>"
        f"{body}<model type='virtio'/></interface>"
    )


def described(host: dict[str, Any], xml: str, running: bool = True) -> dict[str, Any]:
    """What virt_guest_info says of a guest on that host. Its NICs count as plugged in where they ask to be."""
    told = info(host)
    guest = parse_guest(xml, xml) if running else parse_guest("", "", xml)
    seen = DescribedGuest(guest, parse_descriptor(xml, xml if running else ""), {}, 0)
    told["host"]["resolves"] = host.get("resolves")
    facts = describe_guest(seen, read_destination(told), told["host"], None).as_dict()
    for file in facts["files"]:
        file["size"] = host.get("file_sizes", {}).get(file["path"])
    for disk in facts["disks"]:
        disk["shared"] = host.get("shared", True)
        if disk["type"] == "volume":
            disk["file"] = host.get("volume_files", {}).get(disk["path"])
    return plain(facts)


def plain(facts: Any) -> Any:
    """As a module returns it."""
    return json.loads(json.dumps(facts))
