# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's networks, what is plugged in, and its links."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, Optional

from .._host.capacity import read_capabilities, read_cpu_models, read_memory, read_nwfilters
from .._host.connection import connect, host_of, hostname_of
from .._host.guests import read_guests
from .._host.lookups import look_up
from .._host.networks import read_network, read_networks
from .._host.plugged import read_plugged
from .._migrate.asked import GUESTS, HOST, INFO_FORMAT, LINKS, POOLS, PORTS
from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import POOL, has_pool, mode_of
from .._model.guest import Guest
from .._model.host import Host
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .._model.options import definition_options, network_options
from .._xml.mark import is_managed


def gather(
    uri: str, name: Optional[str], what: Collection[str], lookups: Optional[Mapping[str, list[str]]] = None
) -> dict[str, Any]:
    """What virt_network_info returns. what: of GATHERED; lookups: kind to what to look up.

    Raises VirtfleetError.
    """
    conn = connect(uri)
    try:
        return gather_from(conn, uri, name, what, lookups)
    finally:
        conn.close()


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
    found = read_networks(conn) if name is None else {name: read_network(conn, name)}
    networks = [observed for _name, observed in sorted(found.items()) if observed.exists]
    details = {seen.name: _details(conn, seen, host, PORTS in what) for seen in networks}
    links = None
    if LINKS in what and not host.remote:
        from .._host.netlink import read_netlink
        from .._host.sysfs import is_vf

        links = [{**link, "vf": is_vf(link["name"])} for link in read_netlink()]
    guests = read_guests(conn) if GUESTS in what else None
    pools = None
    if POOLS in what:
        pools = _pools(conn, host, networks, found if name is None else None, guests, links)
    capabilities = read_capabilities(conn) if HOST in what else None
    emulators = None if capabilities is None else capabilities["emulators"]
    return {
        "format": INFO_FORMAT,
        "networks": [network_options(seen) for seen in networks if seen.persistent is not None],
        "transient": [network_options(seen) for seen in networks if seen.persistent is None],
        "details": details,
        "pools": pools,
        "links": links,
        "ovs_bridges": None if links is None else _ovs_bridges(networks, links),
        "guests": None if guests is None else [summarize_guest(guest) for guest in guests],
        "nwfilters": read_nwfilters(conn) if HOST in what else None,
        "host": {
            "libvirt_version": host.release,
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
            "forwarding": _forwarding(host) if HOST in what else None,
            "memory": None if capabilities is None else read_memory(conn, capabilities["pages"]),
        },
        "lookups": None if lookups is None else look_up(conn, lookups, host.remote, emulators),
    }


def _forwarding(host: Host) -> Optional[dict[str, bool]]:
    """Whether the host passes packets on; None where it cannot be seen."""
    if host.remote:
        return None
    from .._host.sysfs import forwarding

    return forwarding()


def _details(conn: Any, observed: Observed, host: Host, ports: bool) -> dict[str, Any]:
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    drift = _drift(observed)
    live = definition_options(observed.live or {})
    plugged = read_plugged(conn, observed, host) if ports and observed.active else None
    return {
        "active": observed.active,
        "persistent": observed.persistent is not None,
        "autostart": observed.autostart,
        "managed": is_managed(document),
        "bridge": (document.get("bridge") or {}).get("name"),
        "drift": drift,
        "dnsmasq": observed.dnsmasq if observed.active else None,
        "live": {option: live[option] for option in drift if option in live},
        "plugged": None if plugged is None else [item.as_dict() for item in plugged],
        "connections": _connections(observed),
        "vfs": _vfs(document, host),
        "pf_by_vf": _pf_by_vf(observed, host),
    }


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
    from .._host.sysfs import link_facts, pci_facts

    address = link_facts(pf)["pci"]
    return len((pci_facts(address) or {}).get("vfs", ())) if address else 0


def _pf_by_vf(observed: Observed, host: Host) -> Optional[dict[str, list[str]]]:
    """PCI addresses of the network's pool, each with the links of its PF, by which its traffic goes.

    None without such a pool, or where it cannot be seen.
    """
    addresses = ((observed.live or {}).get("forward") or {}).get("addresses")
    if not addresses or host.remote:
        return None
    from .._host.sysfs import pci_facts

    return {item["address"]: list((pci_facts(item["address"]) or {}).get("pf", ())) for item in addresses}


def _ovs_bridges(networks: list[Observed], links: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The ports of bridges that the kernel does not know as such; without any, nothing is asked."""
    kinds = {link["name"]: link["kind"] for link in links}
    bridges = {
        bridge
        for seen in networks
        for document in (seen.live, seen.persistent)
        if document is not None and mode_of(document) == "bridge"
        for bridge in [str((document.get("bridge") or {}).get("name"))]
        if bridge in kinds and kinds[bridge] != "bridge"
    }
    if not bridges:
        return {}
    from .._host.ovs import read_ovs_bridges

    return read_ovs_bridges(sorted(bridges))


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
            }
            for nic in guest.nics
        ],
        "tcp_ports": list(guest.tcp_ports),
    }


def _pools(
    conn: Any,
    host: Host,
    networks: list[Observed],
    everything: Optional[dict[str, Observed]],
    guests: Optional[tuple[Guest, ...]],
    links: Optional[list[dict[str, Any]]],
) -> dict[str, Any]:
    """The pools of these networks; without any, nothing is asked."""
    shown = [seen.name for seen in networks if has_pool(seen.live or {}) or has_pool(seen.persistent or {})]
    if not shown:
        return {}
    from .._host.pools import read_facts

    facts = read_facts(conn, host, read_networks(conn) if everything is None else everything, guests, links)
    return {name: facts.pool(name).as_dict() for name in shown if name in facts.networks}


def _drift(observed: Observed) -> list[str]:
    if observed.live is None or observed.persistent is None:
        return []
    live, persistent = canonical(NETWORK, observed.live), canonical(NETWORK, observed.persistent)
    return [
        option for option in NETWORK.fields if option not in DESCRIPTIVE and live.get(option) != persistent.get(option)
    ]
