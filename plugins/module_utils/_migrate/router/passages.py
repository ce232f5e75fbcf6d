# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host passes on between a bridge and the world, within the bridge, and to itself and its dnsmasq, by its
firewall and its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Optional

from .facts import ForwardedPort
from .ruleset import OPEN, PART, SHUT, TAP, Answer, FirewallRule, Packets, Span, Table, diverted, natted, passing
from .spans import address_in, family_of, network_of, port_in, span_of, special_spans

# Out of the bridge, the answers to that, what others begin, and between ports of the bridge.
OUT, BACK, IN, ACROSS = "out", "back", "in", "across"
# What the host itself begins with guests, and what guests ask its dnsmasq.
WITH_HOST, DHCP, DNS = "host", "dhcp", "dns"
# By which guests learn of their router for IPv6.
ADVERTISED = "advertised"
# Whether the source address is replaced: not a way, but told like one. SHUT: always, OPEN: never.
NATTED = "natted"
# Whether what guests send to the outside gets another target: told in the same way.
DIVERTED = "diverted"

FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
# The frames without which packets of a family do not pass.
_KINDS = {"ip": ("ip", "arp"), "ip6": ("ip6",)}
_ROUTED = ("prerouting", "forward", "postrouting")
_ON_LINKS = ("ingress", "egress")
TO_HOST, FROM_HOST = ("prerouting", "input"), ("output", "postrouting")
_PROTOCOLS = {"ipv4": ("icmp", "tcp", "udp"), "ipv6": ("ipv6-icmp", "tcp", "udp")}
_PORTS = {("ipv4", DHCP): 67, ("ipv6", DHCP): 547, ("ipv4", DNS): 53, ("ipv6", DNS): 53}
# Which links come first and last, and the state of the connection.
_STATES = {OUT: "new", BACK: "established", IN: "new"}
# Types of ICMPv6 (RFC 4861), which conntrack does not track.
_ROUTER_ASKED, _ROUTER_TOLD, _NEIGHBOUR_ASKED, _NEIGHBOUR_TOLD = 133, 134, 135, 136


@dataclass(frozen=True)
class RoutingContext:
    """tables: of the firewall; hidden: what of it could not be read; devices: by family (ipv4, ipv6), the links by
    which packets leave the host; silent: links that pass no IPv4 packets on; families: those that the host passes on at
    all; bridged: by bridge, the families whose bridged packets the firewall sees (br_netfilter); links: all names;
    own: addresses of the host itself, which are not outside.
    """

    tables: tuple[Table, ...]
    hidden: tuple[str, ...]
    devices: Mapping[str, tuple[str, ...]]
    silent: frozenset[str]
    families: frozenset[str]
    bridged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    own: tuple[Span, ...] = ()

    def out_of(self, bridge: str, family: str, device: Optional[str]) -> tuple[str, ...]:
        """device: the only one that the network forwards by."""
        found = (device,) if device else self.devices.get(family, ())
        return tuple(name for name in found if name != bridge)


@dataclass(frozen=True)
class Bridge:
    """routed: addresses of the host on it, with their prefix, for whose networks it is a router; guests: the same of
    all networks that its guests are in, where that is known; device: the only link that the host forwards by; served:
    addresses of the host by which it serves guests, with their prefix; ports: its links besides guests' taps.
    """

    name: str
    routed: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    device: Optional[str] = None
    served: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


def routing_of_bridge(around: RoutingContext, bridge: Bridge) -> dict[str, Any]:
    """stopped: by family, the link on which the host passes no packets on (all: on none); passages: family, way, state,
    rules; forwards: see forwards_to."""
    stopped, passages = {}, []
    for family, spans in sorted(_spans(bridge.routed).items()):
        devices = around.out_of(bridge.name, family, bridge.device)
        silent = _stopped_at(around, family, (bridge.name, *devices))
        if silent:
            stopped[family] = silent
        if devices:
            routed = _routed(around, bridge.name, family, spans, devices)
            passages += [_shown(family, direction, answer) for direction, answer in routed]
    passages += [_shown(family, ACROSS, answer) for family, answer in _bridged(around, bridge)]
    passages += [_shown(family, direction, answer) for family, direction, answer in _with_host(around, bridge)]
    spans = [span for its in _spans((*bridge.routed, *bridge.guests)).values() for span in its]
    return {"stopped": stopped, "passages": passages, "forwards": forwards_to(around.tables, spans)}


def forwards_to(tables: Iterable[Table], spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Which connections from outside the host forwards to addresses in these networks, see ForwardedPort."""
    networks = list(spans)
    found = set()
    for rule in (rule for table in tables for chain in table.chains.values() for rule in chain.rules if rule.to):
        target = span_of(address_in(rule.to))
        if target is not None and any(first <= target[0] and target[1] <= last for first, last in networks):
            found.add(_forwarded(rule))
    return [asdict(one) for one in sorted(found, key=lambda one: one.shown)]


def _forwarded(rule: FirewallRule) -> ForwardedPort:
    plain = [match for match in rule.matches if not match.negated]
    protocol = next((str(match.values[0]) for match in plain if match.what == "protocol"), None)
    ports = [value for match in plain if match.what == "port" for value in match.values]
    spans = sorted((span[0], span[1]) for span in ports if isinstance(span, tuple))
    return ForwardedPort(protocol, tuple(spans), address_in(rule.to), port_in(rule.to))


def filtered_links(tables: Iterable[Table], links: Iterable[str]) -> dict[str, list[str]]:
    """By link, the rules of chains on the link itself (netdev) that drop frames, or may. links: all of the host, on any
    of which may be a chain that does not say its device."""
    seen = tuple(tables)
    bound = [chain for table in seen for chain in table.chains.values() if chain.hook in _ON_LINKS]
    names = {name for chain in bound for name in chain.devices}
    if not all(chain.devices for chain in bound):
        names |= set(links)
    found = {}
    for name in sorted(names):
        answers = [
            passing(seen, Packets(family, name, name), (hook,), "netdev")
            for family in ("arp", *FAMILIES.values())
            for hook in _ON_LINKS
        ]
        rules = [rule for answer in answers if answer.state != OPEN for rule in answer.rules]
        if rules:
            found[name] = list(dict.fromkeys(rules))
    return found


def _spans(addresses: Iterable[str]) -> dict[str, list[Span]]:
    """Of the networks of these addresses, by family."""
    found: dict[str, list[Span]] = {}
    for address in addresses:
        span = network_of(address)
        if span is not None:
            found.setdefault("ipv6" if family_of(address) == "ip6" else "ipv4", []).append(span)
    return found


def _shown(family: str, direction: str, answer: Answer) -> dict[str, Any]:
    return {"family": family, "direction": direction, "state": answer.state, "rules": list(answer.rules)}


def _stopped_at(around: RoutingContext, family: str, names: Iterable[str]) -> Optional[str]:
    """IPv6 is passed on everywhere or nowhere (Documentation/networking/ip-sysctl.rst)."""
    if family not in around.families:
        return "all"
    return next((name for name in names if name in around.silent), None) if family == "ipv4" else None


def _routed(
    around: RoutingContext, bridge: str, family: str, spans: list[Span], devices: tuple[str, ...]
) -> Iterable[tuple[str, Answer]]:
    for direction in (OUT, BACK, IN, NATTED, DIVERTED):
        packets = [_packets(direction, bridge, device, FAMILIES[family], span) for device in devices for span in spans]
        packets = [replace(one, near=(*one.near, *around.own)) for one in packets]
        yield direction, same_answer(_answer(around, direction, one) for one in packets)


def _packets(direction: str, bridge: str, device: str, family: str, span: Span) -> Packets:
    near = (*special_spans(family), span)
    if direction in (OUT, NATTED, DIVERTED):
        return Packets(family, bridge, device, source=span, near=near)
    return Packets(family, device, bridge, target=span, near=near, state=_STATES[direction])


def _answer(around: RoutingContext, direction: str, packets: Packets) -> Answer:
    if direction == DIVERTED:
        return diverted(around.tables, packets)  # of what is hidden, the other ways tell
    if direction == NATTED:
        found = natted(around.tables, packets)
    else:
        between = _from_guest_to_host if direction == OUT else _from_host_to_guest
        found = first_trouble(
            passing(around.tables, packets, _ROUTED),
            passing(around.tables, packets, _ON_LINKS, "netdev"),
            between(around, packets),
        )
    return with_hidden(around.hidden, found)


def _from_guest_to_host(around: RoutingContext, packets: Packets) -> Answer:
    """As frames of the bridge, which come to its own port."""
    return _as_frames(around, replace(packets, bridge=packets.iif, iif=TAP, oif=None), TO_HOST)


def _from_host_to_guest(around: RoutingContext, packets: Packets) -> Answer:
    """As frames of the bridge, which come from its own port."""
    return _as_frames(around, replace(packets, bridge=str(packets.oif), iif="", oif=TAP), FROM_HOST)


def _as_frames(around: RoutingContext, packets: Packets, hooks: tuple[str, ...]) -> Answer:
    frames = replace(packets, taken=around.links, local=False)
    return first_trouble(
        *(passing(around.tables, replace(frames, family=kind), hooks, "bridge") for kind in _KINDS[packets.family])
    )


def with_hidden(hidden: Iterable[str], found: Answer) -> Answer:
    names = tuple(hidden)
    return Answer(None, (*names, *found.rules)) if names and found.state != SHUT else found


def _bridged(around: RoutingContext, bridge: Bridge) -> Iterable[tuple[str, Answer]]:
    guests = _spans(bridge.guests)
    for family, short in FAMILIES.items():
        sees = family in around.bridged.get(bridge.name, ())
        seen, hidden = around.tables, around.hidden
        if not sees:
            seen, hidden = (), tuple(name for name in hidden if name.startswith("nftables"))
        found = first_trouble(
            *(passing(seen, packets, _ROUTED) for packets in _within(bridge.name, short, guests.get(family))),
            same_answer(
                first_trouble(*(passing(around.tables, one, _ROUTED, "bridge") for one in both))
                for both in _frames(around, bridge, short)
            ),
        )
        if sees or hidden or found.state != OPEN:
            yield family, with_hidden(hidden, found)


def _frames(around: RoutingContext, bridge: Bridge, family: str) -> Iterable[tuple[Packets, ...]]:
    """Of a guest to each port by which frames may leave the bridge, and back; among guests where there is none."""
    for port in bridge.ports or (TAP,):
        yield tuple(
            Packets(kind, *links, bridge=bridge.name, taken=around.links, state=state)
            for kind in _KINDS[family]
            for links, state in (((TAP, port), "new"), ((port, TAP), "established"))
        )


def _within(bridge: str, family: str, spans: Optional[list[Span]]) -> Iterable[Packets]:
    for span in spans or (None,):
        for state in ("new", "established"):
            yield Packets(family, bridge, bridge, source=span, target=span, state=state, bridge=bridge)


def _with_host(around: RoutingContext, bridge: Bridge) -> Iterable[tuple[str, str, Answer]]:
    """What is open is not told."""
    found: dict[tuple[str, str], list[Answer]] = {}
    for address in bridge.served:
        guests, own = network_of(address), span_of(address.partition("/")[0])
        if guests is None or own is None:
            continue
        family = "ipv6" if family_of(address) == "ip6" else "ipv4"
        to_host = Packets(FAMILIES[family], bridge.name, None, source=guests, target=own, local=True)
        from_host = Packets(FAMILIES[family], "", bridge.name, source=own, target=guests)
        asked = [
            _both_ways(around, replace(from_host, protocol=one), replace(to_host, state="established", protocol=one))
            for one in _PROTOCOLS[family]
        ]
        frames = (_from_guest_to_host(around, to_host), _from_host_to_guest(around, from_host))
        neighbours = _neighbours(around, from_host, to_host) if family == "ipv6" else ()
        found.setdefault((family, WITH_HOST), []).append(first_trouble(_of_protocols(asked), *frames, *neighbours))
        if family == "ipv6":
            found.setdefault((family, ADVERTISED), []).append(_advertised(around, from_host, to_host))
        for service in (DHCP, DNS):
            question = replace(to_host, protocol="udp", port=_PORTS[family, service])
            answer = replace(from_host, protocol="udp", state="established")
            found.setdefault((family, service), []).append(_both_ways(around, answer, question))
    for (family, direction), answers in found.items():
        one = with_hidden(around.hidden, same_answer(answers))
        if one.state != OPEN:
            yield family, direction, one


def _neighbours(around: RoutingContext, from_host: Packets, to_host: Packets) -> Iterable[Answer]:
    """Each asks for the other, and gets an answer: without, no packet of IPv6 finds its way."""
    for kind in (_NEIGHBOUR_ASKED, _NEIGHBOUR_TOLD):
        yield _both_ways(around, _untracked(from_host, kind), _untracked(to_host, kind))


def _advertised(around: RoutingContext, from_host: Packets, to_host: Packets) -> Answer:
    return _both_ways(around, _untracked(from_host, _ROUTER_TOLD), _untracked(to_host, _ROUTER_ASKED))


def _untracked(packets: Packets, kind: int) -> Packets:
    """Sent from any address of the link, and to all that listen."""
    return replace(packets, source=None, target=None, state="untracked", protocol=_PROTOCOLS["ipv6"][0], icmp=kind)


def _of_protocols(answers: list[Answer]) -> Answer:
    """Of each protocol. One of which some packets pass is not cut off: firewalls have rules about single ports."""
    shut = [answer for answer in answers if answer.state == SHUT]
    unsure = next((answer for answer in answers if answer.state is None), None)
    if unsure is not None or not shut:
        return unsure or Answer()
    return shut[0] if len(shut) == len(answers) else Answer(PART, shut[0].rules)


def _both_ways(around: RoutingContext, from_host: Packets, to_host: Packets) -> Answer:
    return first_trouble(passing(around.tables, from_host, FROM_HOST), into_host(around, to_host))


def into_host(around: RoutingContext, packets: Packets) -> Answer:
    return first_trouble(
        passing(around.tables, packets, TO_HOST), passing(around.tables, packets, ("ingress",), "netdev")
    )


def first_trouble(*answers: Answer) -> Answer:
    """One after the other."""
    for state in (SHUT, None, PART):
        for answer in answers:
            if answer.state == state:
                return answer
    return Answer()


def same_answer(answers: Iterable[Answer]) -> Answer:
    """Of which only one is true, and it is not known which."""
    found = list(answers)
    states = {answer.state for answer in found}
    if len(states) == 1:
        return found[0]
    rules = [rule for answer in found if answer.state != OPEN for rule in answer.rules]
    return Answer(None if None in states else PART, tuple(dict.fromkeys(rules)))
