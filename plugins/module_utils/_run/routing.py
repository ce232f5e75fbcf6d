# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host passes on for its guests: gathered once for all bridges, since every network's rules are among the
others'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from .._host.firewall import Firewall, read_firewall
from .._host.routing import (
    NOARP_COMMAND,
    Routes,
    bound_neighbours,
    bridged_packets_seen,
    has_noarp,
    links_that_pass_nothing_on,
    links_without_arp,
    read_ipsec_policies,
    read_local_addresses,
    read_routes,
)
from .._host.sysfs import forwarding
from .._migrate.router.connections import arrivals, departures
from .._migrate.router.ipsec import parse_policies
from .._migrate.router.iptables import parse_iptables
from .._migrate.router.nftables import is_of_iptables, parse_nftables
from .._migrate.router.passages import Bridge, RoutingContext, filtered_links, routing_of_bridge
from .._migrate.router.ruleset import Table, without_foreign_sources
from .._migrate.router.spans import network_of, span_of
from .._model.field import Document
from .._model.forward import is_virtual, mode_of
from .._model.host_link import HostLink
from .._model.observed import Observed

_LOOPBACK, _TAP = "lo", "tun"
# More addresses than a network of /8 has, or one of /16 of IPv6.
_MULTICAST = ("224.", "ff")
_LARGE_IPV4, _LARGE_IPV6 = 1 << 24, 1 << 112
_FORWARDED = ("nat", "route", "open")


@dataclass(frozen=True)
class Routing:
    """As virt_network_info returns it; None where it cannot be seen."""

    forwarding: Optional[dict[str, bool]] = None
    routes: Optional[dict[str, Any]] = None
    routers: Optional[dict[str, Any]] = None
    arrivals: Optional[list[dict[str, Any]]] = None
    departures: Optional[list[dict[str, Any]]] = None
    filtered: Mapping[str, list[str]] = field(default_factory=dict)  # by link, chains on it that may drop frames


@dataclass(frozen=True)
class Migrations:
    """ports: to which they come; peers: addresses of other hosts, with the own address by which each is reached."""

    ports: tuple[int, ...]
    peers: Mapping[str, Optional[str]]


def read_routing(
    networks: Iterable[Observed],
    links: Iterable[HostLink],
    switches: Collection[str],
    migrations: Optional[Migrations],
) -> Routing:
    """Of this host. switches: bridges of Open vSwitch; migrations: None if unknown."""
    live = [seen.live for seen in networks if seen.live is not None and is_virtual(seen.live)]
    made = {str((document.get("bridge") or {}).get("name")): document for document in live}
    passes, routes = forwarding(), read_routes()
    tables, hidden = tables_of(read_firewall())
    own = {span for link in links for span in map(span_of, link["addresses"]) if span is not None}
    tables = [*(without_foreign_sources(table, own) for table in tables), *parse_policies(read_ipsec_policies())]
    bound, local = bound_neighbours(), read_local_addresses()
    bridges = {link["name"]: link for link in links if link["kind"] == "bridge" or link["name"] in switches}
    names = frozenset(link["name"] for link in links)
    ports: dict[str, tuple[str, ...]] = {}
    for link in links:
        if link["master"] and link["kind"] != _TAP and link["name"] != f"{link['master']}-nic":
            ports[link["master"]] = (*ports.get(link["master"], ()), link["name"])
    silenced = links_without_arp()
    around = RoutingContext(
        tables=tuple(tables),
        links=names,
        own=tuple(own),
        hidden=tuple(hidden),
        devices={family: _paths_out(its, made) for family, its in routes.items()},
        silent=frozenset(links_that_pass_nothing_on()),
        families=frozenset(family for family, on in (passes or {}).items() if on),
        bridged={
            bridge: tuple(families) for bridge, families in bridged_packets_seen(set(bridges) - {*switches}).items()
        },
    )
    return Routing(
        passes,
        {family: {**_shown(its, made), "detours": detours(its, links, made)} for family, its in routes.items()},
        {
            name: {
                **_routing_of(around, link, made.get(name), ports.get(name, ())),
                "no_arp": silenced.get(name),
                "no_ndp": NOARP_COMMAND if has_noarp(name) else None,
                "misrouted": [
                    *routed_elsewhere(name, link["subnets"], routes),
                    *not_routed(link, routes, local),
                    *kept_by_the_host(name, link["subnets"], links),
                    *bound.get(link["index"], ()),
                ],
            }
            for name, link in bridges.items()
        },
        None if migrations is None else arrivals(around, _own_subnets(links, made), migrations.ports),
        None if migrations is None else departures(around, migrations.peers, _links_by_address(links)),
        filtered_links(tables, names),
    )


def _links_by_address(links: Iterable[HostLink]) -> dict[str, str]:
    return {subnet.partition("/")[0]: link["name"] for link in links for subnet in link["subnets"]}


def _own_subnets(links: Iterable[HostLink], made: Collection[str]) -> dict[str, tuple[str, ...]]:
    """By links that may lead to other hosts."""
    return {
        link["name"]: tuple(link["subnets"])
        for link in links
        if link["name"] not in made and link["name"] != _LOOPBACK and link["subnets"]
    }


def tables_of(firewall: Firewall) -> tuple[list[Table], list[str]]:
    """And what of it is not understood."""
    hidden, tables = list(firewall.hidden), []
    kept = {family for family, as_nftables, _text in firewall.iptables if as_nftables}
    if firewall.nftables is not None:
        try:
            tables = parse_nftables(firewall.nftables, firewall.chains)
            hidden += [table.shown for table in tables if table.family == "arp" and table.filters]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            hidden.append(f"nftables, whose rules cannot be read ({type(error).__name__})")
    for family, as_nftables, text in firewall.iptables:
        if as_nftables and "is incompatible" in text:
            kept.discard(family)  # nft has made a table of that name, which iptables does not show
    shown = [table for table in tables if not (is_of_iptables(table) and table.family in kept)]
    for family, _as_nftables, text in firewall.iptables:
        shown += parse_iptables(text, family, "iptables" if family == "ip" else "ip6tables")
    return shown, hidden


def routed_elsewhere(bridge: str, subnets: Iterable[str], routes: Mapping[str, Routes]) -> list[str]:
    """Parts of the bridge's own networks that the host reaches by other links, or not at all."""
    found = []
    for subnet in subnets:
        own = network_of(subnet)
        for network, link in routes["ipv6" if ":" in subnet else "ipv4"].all:
            part = span_of(network)
            inside = own is not None and part is not None and own[0] <= part[0] and part[1] <= own[1]
            if inside and link != bridge:
                found.append(f"{network} {'is unreachable' if link == '*' else f'through {link}'}")
    return found


def not_routed(link: HostLink, routes: Mapping[str, Routes], local: Collection[str]) -> list[str]:
    """The bridge's own networks to which the host has no route by it, and addresses there that it does not take for its
    own. Of a bridge that is down, other rules tell. local: addresses of IPv4 that it takes for its own."""
    if link["admin"] != "up":
        return []
    found = [f"{one} is not local to the host" for one in link["addresses"] if ":" not in one and one not in local]
    for subnet in link["subnets"]:
        own, known = network_of(subnet), routes["ipv6" if ":" in subnet else "ipv4"].all
        ways = [span_of(network) for network, name in known if name == link["name"]]
        reached = any(way is not None and own is not None and way[0] <= own[0] and own[1] <= way[1] for way in ways)
        if own is not None and own[0] != own[1] and not reached:
            found.append(f"{subnet} is not routed to it")
    return found


def kept_by_the_host(bridge: str, subnets: Iterable[str], links: Iterable[HostLink]) -> list[str]:
    """Addresses of the bridge's own networks that the host has itself, on other links."""
    networks = [network for network in map(network_of, subnets) if network is not None]
    found = []
    for link in links:
        for address in link["addresses"] if link["name"] != bridge else ():
            span = span_of(address)
            if span is not None and any(one[0] <= span[0] <= one[1] for one in networks):
                found.append(f"{address} belongs to the host itself (on {link['name']})")
    return found


def detours(routes: Routes, links: Iterable[HostLink], made: Collection[str]) -> list[str]:
    """Routes beside the default one that may misroute guests' packets: to a large part of all addresses, or by a
    link that is down. Not those to networks that the host itself is in. made: bridges of networks."""
    by_name = {link["name"]: link for link in links}
    found = []
    for network, name in routes.all:
        link, span = by_name.get(name), span_of(network)
        if link is None or span is None or name in made or network.endswith("/0") or network.startswith(_MULTICAST):
            continue
        if span in [network_of(subnet) for subnet in link["subnets"]]:
            continue
        dead = link["admin"] != "up" or link["carrier"] is False
        large = span[1] - span[0] >= (_LARGE_IPV6 if ":" in network else _LARGE_IPV4)
        if dead or large:
            found.append(f"{network} is routed through {name}" + (", which is down or has no carrier" if dead else ""))
    return sorted(found)


def _shown(routes: Routes, made: dict[str, Document]) -> dict[str, Any]:
    """Without the networks behind guests, which are the network's own routes."""
    others = sorted(network for network, link in routes.others.items() if link not in made)
    shown = asdict(routes)
    del shown["all"]
    return {**shown, "others": others}


def _paths_out(routes: Routes, made: dict[str, Document]) -> tuple[str, ...]:
    return tuple(routes.default or (name for name in routes.links if name not in made))


def _routing_of(
    around: RoutingContext, link: HostLink, network: Optional[Document], ports: tuple[str, ...]
) -> dict[str, Any]:
    """network: the one that made the bridge; ports: of it, besides guests' taps."""
    name, subnets = link["name"], tuple(link["subnets"])
    if network is None:
        return routing_of_bridge(around, Bridge(name, routed=subnets, ports=ports))
    if mode_of(network) not in _FORWARDED:
        return routing_of_bridge(around, Bridge(name, guests=subnets, served=subnets, ports=ports))
    forward = network.get("forward") or {}
    named = forward.get("dev") or next((item.get("dev") for item in forward.get("interfaces") or ()), None)
    return routing_of_bridge(around, Bridge(name, subnets, subnets, named, subnets, ports))
