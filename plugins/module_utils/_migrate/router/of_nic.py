# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC's host does with its packets beyond the bridge: on its own host now, and on a destination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from typing import Optional

from ..._model.dnsmasq import serves_dhcp, serves_dns
from ..destination_facts import DestinationFacts, NetworkFacts
from ..frame_path import DOWN, UP, path_through
from .facts import FamilyRoutes, NicRouting
from .passages import ADVERTISED, DHCP, DNS, IN, NATTED
from .ruleset import OPEN, SHUT
from .spans import network_of, span_of


def routing_on(host: DestinationFacts, bridge: Optional[str], net: Optional[NetworkFacts]) -> Optional[NicRouting]:
    """net: the network by which the NIC is in the bridge, None for a NIC that names it. None: it cannot be seen."""
    found = None if host.routers is None or not bridge else host.routers.get(bridge)
    link = host.link(str(bridge))
    if found is None or link is None or link.subnets is None:
        return None
    return NicRouting(
        addresses=link.subnets,
        stopped=found.stopped,
        passages=found.passages,
        routes=host.routes,
        default_route={
            family: _find_state(host, routes) for family, routes in (host.routes or {}).items() if routes.default
        },
        nat="" if net is None else nat_answers(host, net),
        no_arp=found.no_arp,
        no_ndp=found.no_ndp,
        misrouted=found.misrouted,
        forwards=found.forwards,
        programs=tuple(one for one in link.programs if not any(one in passage.rules for passage in found.passages)),
    )


def served_directions(net: NetworkFacts, family: str) -> tuple[str, ...]:
    """The ways by which guests of the network ask its dnsmasq. family: ipv4, ipv6."""
    if not net.is_virtual:
        return ()
    dhcp = (DHCP,) if serves_dhcp(net.document, family == "ipv6") else ()
    advertised = (ADVERTISED,) if family == "ipv6" else ()
    return (*dhcp, *((DNS,) if serves_dns(net.document) else ()), *advertised)


def as_source(routing: Optional[NicRouting]) -> Optional[NicRouting]:
    """What a destination is compared with, which every guest brings along: without the passages that are open, and
    without the rules by which others are certain."""
    if routing is None:
        return None
    # Others do not reach a guest whose packets get another source address.
    natted = {one.family for one in routing.passages if one.direction == NATTED and one.state == SHUT}
    kept = [one for one in routing.passages if one.state != OPEN or one.direction == NATTED]
    kept = [one for one in kept if one.direction != IN or one.family not in natted]
    return replace(
        routing,
        passages=tuple(replace(one, rules=()) if one.state in (OPEN, SHUT) else one for one in kept),
        routes={family: routes for family, routes in (routing.routes or {}).items() if family in routing.families},
        default_route={family: state for family, state in routing.default_route.items() if family in routing.families},
    )


def _find_state(host: DestinationFacts, routes: FamilyRoutes) -> Optional[str]:
    links = [link for link in map(host.link, routes.default) if link is not None]
    states = {path_through(host.host_links, link).state for link in links}
    return UP if UP in states else None if None in states or not links else DOWN


def nat_answers(host: DestinationFacts, net: NetworkFacts) -> Optional[str]:
    """Whether answers to the addresses that <nat> gives to guests' packets come to the host: UP where they are its own,
    DOWN where they are of a subnet of its own and it has none of them, None where that is for routers to say.
    """
    pool = ((net.bound["forward"] or {}).get("nat") or {}).get("address")
    if not pool:
        return ""
    span = span_of(f"{pool.get('start')}-{pool.get('end') or pool.get('start')}")
    if span is None or host.links is None:
        return None
    own = {int(ip_address(one)) for one in host.addresses or () if ":" not in one}
    inside = sum(span[0] <= one <= span[1] for one in own)
    if inside == span[1] - span[0] + 1:
        return UP
    on_link = _within(span, (subnet for link in host.links.values() for subnet in link.subnets or ()))
    return DOWN if on_link and not inside else None


def _within(span: tuple[int, int], subnets: Iterable[str]) -> bool:
    networks = (network_of(subnet) for subnet in subnets if ":" not in subnet)
    return any(one is not None and one[0] <= span[0] and span[1] <= one[1] for one in networks)


def is_reached(routes: FamilyRoutes, network: str) -> bool:
    """Whether a network is reached, if by the default route."""
    wanted = span_of(network)
    spans = [span_of(one) for one in routes.others]
    inside = any(
        one is not None and wanted is not None and one[0] <= wanted[0] and wanted[1] <= one[1] for one in spans
    )
    return bool(routes.default) or inside
