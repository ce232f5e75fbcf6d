# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and guests on paper: what virt_network_info and virt_guest_info would say of them, from XML and a few words.

A host: name, uuid, libvirt, remote; networks (XML, or a mapping with xml, live, active, autostart, transient, counted,
vfs, pfs); links (a name, or a mapping with whatever is not as usual); pci (VFs to their PFs); switches, machines,
filters, memory, forwarding; guests (domain XML of running ones) and defined (of others); paths, volumes, cpus,
known_cpus, models and usb, which only a check on the host itself has; volume_files, of volumes on the guest's own host.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.virtfleet.network.plugins.module_utils._host.described import Seen
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.view import FORMAT, View, read_view
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.device import Device
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import POOL, has_pool, mode_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import DESCRIPTIVE, NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.options import (
    definition_options,
    network_options,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.occupancy import occupancy
from ansible_collections.virtfleet.network.plugins.module_utils._run.describe import guest_facts
from ansible_collections.virtfleet.network.plugins.module_utils._run.gather import guest_in_brief
from ansible_collections.virtfleet.network.plugins.module_utils._xml.descriptor import parse_descriptor
from ansible_collections.virtfleet.network.plugins.module_utils._xml.guest import parse_guest
from ansible_collections.virtfleet.network.plugins.module_utils._xml.mark import read_limits
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

EMULATOR = "/usr/bin/qemu-system-x86_64"
MACHINE = "pc-i440fx-7.2"
NOW = 1_000_000


def link(said: Any, index: int) -> dict[str, Any]:
    usual = {
        "index": index, "kind": "veth", "mac": f"02:00:00:00:00:{index:02x}", "mtu": 1500, "state": "up", "admin": "up",
        "carrier": True, "master": None, "parent": None, "vlan": None, "vlan_filtering": None, "mode": None,
        "stp_delay": None, "port_state": None, "default_route": False, "addresses": [], "link_local": [], "vf": False,
    }  # fmt: skip
    return {**usual, **({"name": said} if isinstance(said, str) else said)}


def give_addresses(links: list[dict[str, Any]], said: Any, networks: list[Observed]) -> None:
    """Bridges have the addresses of the networks that made them, unless something else was said."""
    told = {one["name"] for one in said if not isinstance(one, str) and "addresses" in one}
    for seen in networks:
        bridge = ((seen.live or {}).get("bridge") or {}).get("name")
        for item in links:
            if item["name"] == bridge and bridge not in told:
                item["addresses"] = [ip["address"] for ip in (seen.live or {}).get("ips") or ()]


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
        "format": FORMAT,
        "networks": [network_options(seen) for seen in networks if seen.persistent is not None],
        "transient": [network_options(seen) for seen in networks if seen.persistent is None],
        "details": {seen.name: details(seen, ports, said) for seen, said in zip(networks, host["networks"])}
        if networks
        else {},
        "pools": {
            seen.name: occupancy(
                seen.name,
                seen.live or seen.persistent or {},
                ports,
                guests,
                None if remote else devices,
                read_limits(seen.persistent or seen.live or {}),
            ).as_dict()
            for seen in networks
            if has_pool(seen.live or {}) or has_pool(seen.persistent or {})
        },
        "links": None if remote else links,
        "switches": None if remote else host.get("switches", {}),
        "guests": [guest_in_brief(guest) for guest in guests],
        "filters": host.get("filters", {}),
        "host": {
            "libvirt_version": host.get("libvirt", "9.0.0"),
            "hostname": host["name"],
            "uri": "qemu:///system",
            "remote": remote,
            "gathered": NOW,
            "uuid": host.get("uuid", f"uuid-of-{host['name']}"),
            "cpu": None,
            "cpu_models": host.get("cpu_models", ["qemu64"]),
            "kinds": host.get("kinds", {"x86_64": ["kvm", "qemu"]}),
            "machines": host.get("machines", {"x86_64": [MACHINE]}),
            "emulators": [EMULATOR],
            "forwarding": None if remote else host.get("forwarding", {"ipv4": True, "ipv6": True}),
            "memory": host.get("memory", {"total": 8 << 20, "available": 4 << 20, "pages": {}}),
        },
    }


def details(seen: Observed, ports: dict[str, list[Plugged]], said: Any) -> dict[str, Any]:
    document = seen.live or {}
    forward = document.get("forward") or {}
    counts = None
    if seen.live is not None and mode_of(document) in POOL:
        names = [item["dev"] for item in forward.get("interfaces", ())]
        names += [item["address"] for item in forward.get("addresses", ())]
        counts = {name: sum(port.member == name for port in ports[seen.name]) for name in names}
        counts.update(said.get("counted", {}) if isinstance(said, dict) else {})
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
        "counted": counts,
        "vfs": said.get("vfs") if isinstance(said, dict) else None,
        "pfs": said.get("pfs") if isinstance(said, dict) else None,
    }


def view(host: dict[str, Any], told: Any = None) -> View:
    """The host as a check that runs there sees it. told: what info() said, perhaps changed."""
    seen = read_view(info(host) if told is None else told)
    if not host.get("offline"):
        seen.paths = dict.fromkeys(host.get("paths", ()), True)
        seen.paths.update(dict.fromkeys(host.get("no_paths", ()), False))
        seen.volumes = dict(host.get("volumes", {}))
        seen.cpus = dict(host.get("cpus", {}))
        seen.known_cpus = {**dict.fromkeys(host.get("cpus", ()), True), **host.get("known_cpus", {})}
        seen.models = {EMULATOR: set(host.get("models", ()))}
        seen.usb = set(host.get("usb", ()))
    return seen


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
    about = {"name": told["host"]["hostname"], "uuid": told["host"]["uuid"], "libvirt_version": "9.0.0"}
    facts = guest_facts(Seen(guest, parse_descriptor(xml), {}, 0), read_view(told), about, told["host"], None)
    for disk in facts["disks"]:
        disk["shared"] = host.get("shared", True)
        if disk["type"] == "volume":
            disk["file"] = host.get("volume_files", {}).get(disk["path"])
    return facts
