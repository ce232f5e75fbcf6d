# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of a migration (TCP), as the firewalls of both hosts treat them: where they arrive, and where they
begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Optional

from .passages import FAMILIES, FROM_HOST, TO_HOST, RoutingContext, first_trouble, into_host, same_answer, with_hidden
from .ruleset import OPEN, SHUT, Answer, Chain, Packets, Span, Table, passing
from .spans import family_of, span_of, special_spans

_PORTS = (1, 65535)
_ADDRESSES = {"ip": (0, (1 << 32) - 1), "ip6": (0, (1 << 128) - 1)}
# A port of the kind that the side has which opens a connection: the ends of Linux's own range.
_EPHEMERAL = (32768, 60999)
# Sets of addresses may be huge; beyond this many parts they are not listed one by one.
_MOST_PARTS = 200


def arrivals(
    around: RoutingContext, subnets: Mapping[str, Iterable[str]], ports: Iterable[int]
) -> list[dict[str, Any]]:
    """Of connections to these ports: link, family, port, state, rules, and senders (first, last, state, rules) where
    it depends on the sender, None where it does not. Open ports are left out.

    subnets: by link, the host's addresses with their prefix. state: for an unknown sender.
    """
    found = []
    for link, addresses in subnets.items():
        for address in addresses:
            own, short = span_of(address.partition("/")[0]), family_of(address)
            for port in ports if own is not None else ():
                packets = Packets(short, link, None, target=own, local=True, protocol="tcp", port=port,
                                  near=special_spans(short))  # fmt: skip
                one, senders = _arriving(around, packets), _by_sender(around, packets)
                if one.state != OPEN or senders:
                    family = "ipv6" if short == "ip6" else "ipv4"
                    found.append({"link": link, "family": family, "port": port, **_shown(one), "senders": senders})
    return found


def departures(
    around: RoutingContext, peers: Mapping[str, Optional[str]], links: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Of connections to other hosts: address, and stopped, by ports (first, last, state, rules). address: None for
    unknown hosts. Hosts to which nothing is stopped are left out.

    peers: by address, the host's own address for it, None without a route; links: by own address.
    """
    found: list[tuple[Optional[str], list[dict[str, Any]]]] = []
    for address, own in peers.items():
        target, short = span_of(address), family_of(address)
        packets = Packets(short, "", links.get(str(own)), source=span_of(str(own)), target=target, protocol="tcp")
        if own is not None and target is not None:
            found.append((address, list(_by_port(around, [packets]))))
    anywhere = [
        Packets(short, "", device, near=special_spans(short), protocol="tcp")
        for family, short in FAMILIES.items()
        for device in around.devices.get(family, ())
    ]
    found.append((None, list(_by_port(around, anywhere))))
    return [{"address": address, "stopped": stopped} for address, stopped in found if stopped]


def _shown(answer: Answer) -> dict[str, Any]:
    return {"state": answer.state, "rules": list(answer.rules)}


def _arriving(around: RoutingContext, packets: Packets) -> Answer:
    """And the replies."""
    return with_hidden(around.hidden, same_answer(_arriving_from(around, packets, port) for port in _EPHEMERAL))


def _arriving_from(around: RoutingContext, packets: Packets, port: int) -> Answer:
    reply = Packets(
        packets.family, "", packets.iif, source=packets.target, target=packets.source, near=packets.near,
        state="established", protocol="tcp", port=port, source_port=packets.port,
    )  # fmt: skip
    return first_trouble(into_host(around, replace(packets, source_port=port)), _sent(around, reply))


def _leaving(around: RoutingContext, packets: Packets) -> Answer:
    """And the replies."""
    return with_hidden(around.hidden, same_answer(_leaving_from(around, packets, port) for port in _EPHEMERAL))


def _leaving_from(around: RoutingContext, packets: Packets, port: int) -> Answer:
    reply = Packets(
        packets.family, packets.oif or "", None, source=packets.target, target=packets.source, near=packets.near,
        state="established", local=True, protocol="tcp", port=port, source_port=packets.port,
    )  # fmt: skip
    return first_trouble(_sent(around, replace(packets, source_port=port)), into_host(around, reply))


def _sent(around: RoutingContext, packets: Packets) -> Answer:
    return first_trouble(
        passing(around.tables, packets, FROM_HOST), passing(around.tables, packets, ("egress",), "netdev")
    )


def _by_sender(around: RoutingContext, packets: Packets) -> Optional[list[dict[str, Any]]]:
    asked = (*_named(around.tables, packets.family, TO_HOST, "source"),
             *_named(around.tables, packets.family, FROM_HOST, "target"))  # fmt: skip
    parts = _parts(asked, _ADDRESSES[packets.family])
    if not 1 < len(parts) <= _MOST_PARTS:
        return None
    whole = IPv6Address if packets.family == "ip6" else IPv4Address
    return [
        {"first": str(whole(part[0])), "last": str(whole(part[1])), **_shown(answer)}
        for part, answer in _joined((part, _arriving(around, replace(packets, source=part))) for part in parts)
    ]


def _by_port(around: RoutingContext, ways: list[Packets]) -> Iterator[dict[str, Any]]:
    """ways: of which one is taken, and it is not known which."""
    asked = [
        span
        for family in {packets.family for packets in ways}
        for hooks, what in ((FROM_HOST, "port"), (TO_HOST, "source_port"))
        for span in _named(around.tables, family, hooks, what)
    ]
    parts = _parts(asked, _PORTS) if ways else []
    answers = ((part, same_answer(_leaving(around, replace(one, port=part[0])) for one in ways)) for part in parts)
    for (first, last), answer in _joined(answers):
        yield {"first": first, "last": last, **_shown(answer)}


def _joined(answers: Iterable[tuple[Span, Answer]]) -> list[tuple[Span, Answer]]:
    """Of neighbours that fare alike, one; without those that are open, if only to some packets."""
    found: list[tuple[Span, Answer]] = []
    for part, answer in answers:
        if found and found[-1][1] == answer and found[-1][0][1] + 1 == part[0]:
            found[-1] = ((found[-1][0][0], part[1]), answer)
        elif answer.state in (SHUT, None):
            found.append((part, answer))
    return found


def _parts(spans: Iterable[Span], whole: Span) -> list[Span]:
    """Within which no rule makes a difference."""
    cuts = {whole[0]}
    for first, last in spans:
        cuts |= {cut for cut in (first, last + 1) if whole[0] <= cut <= whole[1]}
    begins = sorted(cuts)
    return list(zip(begins, [*(cut - 1 for cut in begins[1:]), whole[1]]))


def _named(tables: Iterable[Table], family: str, hooks: tuple[str, ...], what: str) -> Iterator[Span]:
    """What rules compare with, of all chains to which packets come at these hooks."""
    for table in tables:
        if table.family not in (family, "inet", "netdev"):
            continue
        for chain in _reached(table, hooks):
            for rule in chain.rules:
                for match in rule.matches:
                    if match.what == what:
                        yield from (value for value in match.values if isinstance(value, tuple))


def _reached(table: Table, hooks: tuple[str, ...]) -> Iterator[Chain]:
    ahead = [chain.name for chain in table.chains.values() if chain.kind != "nat"
             and chain.hook in (*hooks, "ingress", "egress")]  # fmt: skip
    seen: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in seen or name not in table.chains:
            continue
        seen.add(name)
        yield table.chains[name]
        ahead += [rule.chain for rule in table.chains[name].rules if rule.chain]
