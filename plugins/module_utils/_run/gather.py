# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's networks, what is plugged in, and its links."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from .._host.boot import read_boot
from .._host.capacity import read_capabilities, read_cpu_models, read_memory, read_nwfilters
from .._host.connection import connect, host_of, hostname_of, qemu_version_of
from .._host.leases import current_leases
from .._host.lookups import ask_for_refusals, look_up
from .._host.migration import own_addresses, read_migration, resolve_names
from .._host.ovs import read_ovs_bridges
from .._host.snapshot import HostSnapshot
from .._host.sysfs import read_link_device, read_pci_function
from .._host.unplugged import read_unplugged
from .._migrate.lookup_kinds import (
    GUESTS,
    HOST,
    INFO_FORMAT,
    LINKS,
    NAMES,
    POOLS,
    PORTS,
    PROBE,
    QUESTIONS,
    key_of_question,
)
from .._model.canonical import canonical
from .._model.drift import drift
from .._model.field import Document
from .._model.forward import POOL, has_pool, members_of, mode_of
from .._model.guest import Guest
from .._model.host import Host
from .._model.host_link import HostLink, ProbedLink
from .._model.libvirt_uri import port_of
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.options import definition_options, network_options
from .._plan.old_settings import suspects_of_any
from .._xml.mark import is_managed
from .routing import Migrations, Routing, read_routing


def gather(
    uri: str, name: Optional[str], what: Collection[str], lookups: Optional[Mapping[str, list[str]]] = None
) -> dict[str, Any]:
    """What virt_network_info returns. what: of GATHERED, and PROBE; lookups: kind to what to look up.

    Raises VirtfleetError.
    """
    conn = connect(uri)
    try:
        return gather_from(conn, uri, name, what, lookups)
    finally:
        conn.close()


def reached_by(info: dict[str, Any], uri: Optional[str]) -> dict[str, Any]:
    """info: of gather(), with the port of the URI by which other hosts reach this host's libvirt."""
    migration = info["host"]["migration"]
    if uri is not None and migration is not None:
        migration["libvirt_port"] = port_of(uri)
    return info


def gather_from(
    conn: Any,
    uri: str,
    name: Optional[str],
    what: Collection[str],
    lookups: Optional[Mapping[str, list[str]]] = None,
) -> dict[str, Any]:
    """The same over an open connection."""
    host = host_of(conn, uri)
    hostname = hostname_of(conn)
    snapshot = HostSnapshot(conn, host, name)
    found = snapshot.networks if name is None else {name: snapshot.network(name)}
    networks = [observed for _name, observed in sorted(found.items()) if observed.exists]
    lacking = read_unplugged(conn, host, networks)
    networks = [lacking.get(seen.name, seen) for seen in networks]
    if PORTS in what:
        networks = [replace(seen, plugged=snapshot.with_plugged(seen.name).plugged) for seen in networks]
    compares = PORTS in what and GUESTS in what
    details = {
        seen.name: {
            **_details(seen, host),
            "leases": _leases(conn, seen),
            "guests_on_old_settings": _old_settings(snapshot, seen) if compares else None,
        }
        for seen in networks
    }
    links: Optional[Sequence[HostLink]] = snapshot.links if LINKS in what else None
    if links is not None and PROBE in what:
        links = _probed(links, {member for seen in networks for member in members_of(seen.live or {})})
    guests = snapshot.guests if GUESTS in what else None
    pools = _pools(snapshot, networks) if POOLS in what else None
    capabilities = read_capabilities(conn) if HOST in what else None
    switches = None if links is None else read_ovs_bridges()
    migration = _migration(host) if HOST in what else None
    names = None if lookups is None or host.remote else _names(lookups)
    migrations, routing = _migrations(migration, names or {}), Routing()
    if links is not None and HOST in what:
        routing = read_routing(networks, links, switches or {}, migrations)
        links = [_with_filters(link, routing.filtered.get(link["name"], ())) for link in links]
    emulators = None if capabilities is None else capabilities["emulators"]
    return {
        "format": INFO_FORMAT,
        "networks": [network_options(seen) for seen in networks if seen.persistent is not None],
        "transient": [network_options(seen) for seen in networks if seen.persistent is None],
        "details": details,
        "pools": pools,
        "links": links,
        "routers": routing.routers,
        "ovs_bridges": switches,
        "guests": None if guests is None else [summarize_guest(guest) for guest in guests],
        "nwfilters": read_nwfilters(conn) if HOST in what else None,
        "host": {
            "libvirt_version": host.release,
            "qemu_version": qemu_version_of(conn) if HOST in what else None,
            "hostname": hostname,
            "uri": uri,
            "remote": host.remote,
            "gathered": int(time.time()),
            "uuid": None if capabilities is None else capabilities["uuid"],
            "cpu": None if capabilities is None else capabilities["cpu"],
            "cpu_models": None if capabilities is None else read_cpu_models(conn),
            "domain_types": None if capabilities is None else capabilities["kinds"],
            "machines": None if capabilities is None else capabilities["machines"],
            "emulators": emulators,
            "cpus": None if capabilities is None else capabilities["cpus"],
            "processors": None if capabilities is None else capabilities["processors"],
            "nodes": None if capabilities is None else capabilities["nodes"],
            "security_models": None if capabilities is None else capabilities["security_models"],
            "forwarding": routing.forwarding,
            "routes": routing.routes,
            "migration": None
            if migration is None
            else {
                **migration,
                "arrivals": routing.arrivals,
                "departures": routing.departures,
                "own_addresses": None if migrations is None else dict(migrations.peers),
            },
            "boot": _boot(host) if HOST in what else None,
            "memory": None if capabilities is None else read_memory(conn, capabilities["pages"]),
        },
        "lookups": None if lookups is None else look_up(conn, lookups, host.remote, emulators),
        "names": names,
        "refusals": None if lookups is None else _refusals(conn, lookups.get(QUESTIONS, ())),
    }


def _refusals(conn: Any, questions: Collection[str]) -> dict[str, Optional[str]]:
    return {key_of_question(xml): said for xml, said in ask_for_refusals(conn, questions).items()}


def _probed(links: Sequence[HostLink], members: Collection[str]) -> list[ProbedLink]:
    """With carrier_when_up of the links that are down and could be given to guests."""
    from .._host.probe import probe_carriers

    beneath = {link["parent"] for link in links}
    idle = [
        link["name"]
        for link in links
        if link["admin"] == "down" and link["name"] in members
        if not (link["master"] or link["addresses"] or link["index"] in beneath)
    ]
    found = probe_carriers(idle) if idle else {}
    return [{**link, "carrier_when_up": found.get(link["name"])} for link in links]


def _with_filters(link: HostLink, rules: Collection[str]) -> HostLink:
    """Also what only the rules of the firewall say of a link."""
    return {**link, "programs": [*link["programs"], *rules]}


def _names(lookups: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return resolve_names(lookups.get(NAMES, ()))


def _migration(host: Host) -> Optional[dict[str, Any]]:
    """None where it cannot be seen."""
    if host.remote:
        return None
    return read_migration()


def _migrations(migration: Optional[dict[str, Any]], names: Mapping[str, list[str]]) -> Optional[Migrations]:
    """names: of other hosts, with their addresses."""
    if migration is None or migration["port"] is None:
        return None
    return Migrations((migration["port"], *migration["libvirt_ports"]), own_addresses(names))


def _boot(host: Host) -> Optional[dict[str, Any]]:
    """None where it cannot be seen."""
    if host.remote:
        return None
    return read_boot()


def _details(observed: Observed, host: Host) -> dict[str, Any]:
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    differing = drift(observed)
    live = definition_options(observed.live or {})
    plugged = observed.plugged
    return {
        "active": observed.active,
        "persistent": observed.persistent is not None,
        "autostart": observed.autostart,
        "managed": is_managed(document),
        "bridge": (document.get("bridge") or {}).get("name"),
        "drift": differing,
        "dnsmasq": observed.dnsmasq if observed.active else None,
        "bridge_link": observed.bridge_link if observed.active else None,
        "live": {option: live[option] for option in differing if option in live},
        "unplugged": [item.as_dict() for item in observed.unplugged],
        "plugged": None if plugged is None else [item.as_dict() for item in plugged],
        "connections": _connections(observed),
        "vfs": _vfs(document, host),
        "pf_by_vf": _pf_by_vf(observed, host),
    }


def _leases(conn: Any, observed: Observed) -> Optional[list[dict[str, Any]]]:
    if not observed.active or not any(ip.get("dhcp") for ip in (observed.live or {}).get("ips") or ()):
        return []
    return current_leases(conn, observed.name)


def _old_settings(snapshot: HostSnapshot, observed: Observed) -> Optional[list[dict[str, Any]]]:
    """None where the guests that decide it cannot be seen."""
    if not observed.active or observed.live is None:
        return []
    network = canonical(NETWORK, observed.live)
    found = suspects_of_any(network, snapshot.ports(observed.name))
    if not found:
        return []
    from .old_guests import find_old_guests

    return find_old_guests(network, found, snapshot.host, lambda: snapshot.guests).listed()


def _connections(observed: Observed) -> Optional[dict[str, int]]:
    """libvirt's own count of the guests on each member, by which it chooses the next; its order is libvirt's."""
    if observed.live is None or mode_of(observed.live) not in POOL:
        return None
    forward = observed.live.get("forward") or {}
    counted = {item["dev"]: item.get("connections", 0) for item in forward.get("interfaces") or ()}
    counted.update({item["address"]: item.get("connections", 0) for item in forward.get("addresses") or ()})
    return counted


def _vfs(document: Document, host: Host) -> Optional[int]:
    """How many VFs the PF has that is the network's pool; None without one, or where it cannot be seen."""
    pf = ((document.get("forward") or {}).get("pf") or {}).get("dev")
    if not pf or host.remote:
        return None
    address = read_link_device(pf).pci
    function = read_pci_function(address) if address else None
    return 0 if function is None else len(function.vfs)


def _pf_by_vf(observed: Observed, host: Host) -> Optional[dict[str, list[str]]]:
    """PCI addresses of the network's pool, each with the links of its PF, by which its traffic goes.

    None without such a pool, or where it cannot be seen.
    """
    addresses = ((observed.live or {}).get("forward") or {}).get("addresses")
    if not addresses or host.remote:
        return None
    functions = {item["address"]: read_pci_function(item["address"]) for item in addresses}
    return {address: [] if function is None else list(function.pf) for address, function in functions.items()}


def summarize_guest(guest: Guest) -> dict[str, Any]:
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "running": guest.running,
        "nics": [
            {
                "mac": nic.mac,
                "type": nic.type,
                "network": nic.network,
                "source": None if nic.type == "network" else nic.source,
                "transient": nic.transient,
                "target": nic.target if guest.running else None,
            }
            for nic in guest.nics
        ],
        "tcp_ports": list(guest.tcp_ports),
    }


def _pools(snapshot: HostSnapshot, networks: list[Observed]) -> dict[str, Any]:
    """The pools of these networks; without any, nothing more is read."""
    names = [seen.name for seen in networks if has_pool(seen.live or {}) or has_pool(seen.persistent or {})]
    return {name: snapshot.pool(name).as_dict() for name in names}
