# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a firewall, whatever tool they come from, and what they do with packets of one sort.

A closed world: what a rule matches or does is understood, or the answer names the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Optional

# An inclusive range of IP addresses, as numbers.
Span = tuple[int, int]

# How many of the packets a rule matches: all, some, none; or that is not understood.
ALWAYS, PARTLY, NEVER, OBSCURE = "always", "partly", "never", "obscure"

# What a rule does. NAT: gives another source address; DIVERT: another target; OTHER: not understood. Whatever else it
# does (counting, logging, marking) is PASS.
ACCEPT, DROP, RETURN, JUMP, GOTO, NAT, DIVERT, OTHER, PASS = (
    "accept", "drop", "return", "jump", "goto", "nat", "divert", "other", "pass",
)  # fmt: skip

# What becomes of the packets: all pass, all are dropped, some are; or that is not known.
OPEN, SHUT, PART = "open", "shut", "part"

# The NIC's own port of a bridge, under whatever name libvirt gives its tap.
TAP = "vnet*"
# Names of protocols that rules show by their number, or by another name.
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp"}
# The chains of libvirt's own rules for <nat>; whether its addresses are the host's is asked of the network.
_OF_LIBVIRT = ("LIBVIRT_PRT", "guest_nat")
_MOST_RULES = 12
# What neighbours and routers tell each other comes from the same link (RFC 4861).
_OF_THE_LINK, _MOST_HOPS = range(133, 137), 255


@dataclass(frozen=True)
class Packets:
    """Packets of one sort: family (ip, ip6), the links by which they come in and go out, and of which networks.

    iif: empty for packets of the host itself; oif: None before routing, and for packets to the host itself; source,
    target: None for hosts outside; near: the networks that those are not in; state: of the connection (new,
    established); bridge: in which they stay, empty for packets that the host routes; taken: names of links, which a new
    tap does not get; local: whether they are for the host itself; protocol, port (of the
    target), source_port: None for all; icmp: the type, None for all.
    """

    family: str
    iif: str
    oif: Optional[str]
    source: Optional[Span] = None
    target: Optional[Span] = None
    near: tuple[Span, ...] = ()
    state: str = "new"
    bridge: str = ""
    taken: frozenset[str] = frozenset()
    local: bool = False
    protocol: Optional[str] = None
    port: Optional[int] = None
    source_port: Optional[int] = None
    icmp: Optional[int] = None

    @property
    def hops(self) -> Optional[int]:
        """How many they have left, as far as that is certain."""
        return _MOST_HOPS if self.icmp in _OF_THE_LINK else None

    @property
    def opening(self) -> str:
        """How many of them open a connection of TCP."""
        if self.protocol is None:
            return PARTLY
        return ALWAYS if self.protocol == "tcp" and self.state == "new" else NEVER


@dataclass(frozen=True)
class Match:
    """what: iif, oif, source, target, state, family, bridge (names of bridges), bridged, local (kinds of addresses),
    protocol, port, source_port, icmp (types of it), hops, opens (what opens a connection of TCP), or how many it
    matches of any packets (ALWAYS, PARTLY, NEVER, OBSCURE). values: names, where * ends a pattern, or spans; one must
    match."""

    what: str
    values: tuple[object, ...] = ()
    negated: bool = False

    def of(self, packets: Packets) -> str:
        found = self._of(packets)
        if self.negated and found in (ALWAYS, NEVER):
            return NEVER if found == ALWAYS else ALWAYS
        return found

    def _of(self, packets: Packets) -> str:
        if self.what in ("iif", "oif"):
            return _of_name(packets.iif if self.what == "iif" else packets.oif, self.values, packets.taken)
        if self.what in ("source", "target"):
            own = packets.source if self.what == "source" else packets.target
            return _of_spans(own, packets.near, self.values)
        if self.what == "local":
            return ALWAYS if packets.local and "local" in self.values else OBSCURE if packets.local else NEVER
        if self.what == "protocol":
            own_protocol = packets.protocol
            return PARTLY if own_protocol is None else ALWAYS if own_protocol in self.values else NEVER
        if self.what == "port":
            return _of_port(packets.port, self.values)
        if self.what == "source_port":
            return _of_port(packets.source_port, self.values)
        if self.what == "icmp":
            return _of_port(packets.icmp, self.values)
        if self.what == "hops":
            return _of_port(packets.hops, self.values)
        if self.what == "opens":
            return packets.opening
        known = {
            "state": packets.state,
            "family": packets.family,
            "bridge": packets.bridge,
            "bridged": "yes" if packets.bridge else "no",
        }
        return self.what if self.what not in known else ALWAYS if known[self.what] in self.values else NEVER


def _of_name(name: Optional[str], values: Iterable[object], taken: frozenset[str]) -> str:
    if name is None:
        return OBSCURE
    for value in map(str, values):
        if value.endswith("*") and name.rstrip("*").startswith(value[:-1]):
            return ALWAYS
        if value == name:
            return ALWAYS
        if name == TAP and value.startswith(TAP[:-1]) and value not in taken:
            return OBSCURE  # whether the tap gets this very name
    return NEVER


def _of_port(own: Optional[int], values: Iterable[object]) -> str:
    if own is None:
        return PARTLY
    return ALWAYS if any(isinstance(one, tuple) and one[0] <= own <= one[1] for one in values) else NEVER


def _of_spans(own: Optional[Span], near: Iterable[Span], values: Iterable[object]) -> str:
    spans = [value for value in values if isinstance(value, tuple)]
    if own is not None:
        if any(first <= own[0] and own[1] <= last for first, last in spans):
            return ALWAYS
        return PARTLY if any(first <= own[1] and own[0] <= last for first, last in spans) else NEVER
    if any(first == 0 and last >= (1 << 32) - 1 and last + 1 in (1 << 32, 1 << 128) for first, last in spans):
        return ALWAYS
    outside = [span for span in spans if not any(one[0] <= span[0] and span[1] <= one[1] for one in near)]
    return PARTLY if outside else NEVER


@dataclass(frozen=True)
class FirewallRule:
    """text: as its tool shows it; chain: of JUMP and GOTO; given: of NAT, the source addresses that packets get, None
    where the host chooses one of its own, and nothing where that is not understood; to: of DIVERT, the address, with
    its port, that connections get, "" where that is not understood."""

    text: str
    matches: tuple[Match, ...]
    does: str
    chain: str = ""
    given: Optional[tuple[Span, ...]] = None
    to: str = ""

    def of(self, packets: Packets) -> str:
        found = {match.of(packets) for match in self.matches}
        return next((how for how in (NEVER, OBSCURE, PARTLY) if how in found), ALWAYS)

    @cached_property
    def link(self) -> Optional[tuple[str, str]]:
        """The one link that it is about, by which rules are found."""
        for match in self.matches:
            if match.what in ("iif", "oif") and len(match.values) == 1 and not match.negated:
                name = str(match.values[0])
                if not name.endswith("*") and not name.startswith(TAP[:-1]):
                    return match.what, name
        return None


@dataclass
class Chain:
    """hook, kind (filter, nat, route), policy: of a base chain; devices: of one that is bound to some."""

    name: str
    rules: list[FirewallRule] = field(default_factory=list)
    hook: str = ""
    kind: str = ""
    policy: str = ACCEPT
    devices: tuple[str, ...] = ()

    def about(self, packets: Packets) -> list[FirewallRule]:
        """The rules that may match, in order."""
        places = sorted(
            place for key in (None, ("iif", packets.iif), ("oif", packets.oif)) for place in self._by_link.get(key, ())
        )
        return [self.rules[place] for place in places]

    @cached_property
    def _by_link(self) -> dict[Optional[tuple[str, Optional[str]]], list[int]]:
        found: dict[Optional[tuple[str, Optional[str]]], list[int]] = {}
        for place, rule in enumerate(self.rules):
            found.setdefault(rule.link, []).append(place)
        return found


@dataclass
class Table:
    """family: ip, ip6, inet, bridge, netdev; shown: how its rules are named."""

    family: str
    shown: str
    chains: dict[str, Chain] = field(default_factory=dict)

    @property
    def filters(self) -> bool:
        """Whether it has a base chain that may drop anything."""
        return any(chain.hook and (chain.rules or chain.policy == DROP) for chain in self.chains.values())

    def sees(self, packets: Packets, layer: str) -> bool:
        """layer: ip, of packets that come to the host's IP, bridge or netdev."""
        if layer == "ip":
            return self.family in (packets.family, "inet")
        return self.family == layer or (layer == "netdev" and self.family == "inet")


@dataclass(frozen=True)
class Answer:
    """state: OPEN, SHUT, PART, None when a rule is not understood; rules: that drop packets, or are not understood."""

    state: Optional[str] = OPEN
    rules: tuple[str, ...] = ()


@dataclass
class _Flow:
    """What may become of the packets, and by which rules; may_: where those are not understood.

    stops: the deed that is asked about, DROP, NAT or DIVERT; all others let packets pass.
    """

    stops: str
    accepted: bool = False
    dropped: list[str] = field(default_factory=list)
    may_accept: list[str] = field(default_factory=list)
    may_drop: list[str] = field(default_factory=list)

    def end(self, does: str, rule: str) -> None:
        if does == self.stops:
            self.dropped.append(rule)
        else:
            self.accepted = True

    def may_end(self, does: str, rule: str) -> None:
        (self.may_drop if does == self.stops else self.may_accept).append(rule)

    def answer(self) -> Answer:
        if not self.dropped and not self.may_drop:
            return Answer()
        if not self.accepted and not self.may_accept:
            return _answer(SHUT, self.dropped or self.may_drop)
        if self.may_drop or not self.accepted:
            return _answer(None, self.may_drop or self.may_accept)
        return _answer(PART, self.dropped)


def _answer(state: Optional[str], rules: Iterable[str]) -> Answer:
    names = list(dict.fromkeys(rules))
    shown = names[:_MOST_RULES] + ([f"and {len(names) - _MOST_RULES} more"] if len(names) > _MOST_RULES else [])
    return Answer(state, tuple(shown))


def passing(tables: Iterable[Table], packets: Packets, hooks: Iterable[str], layer: str = "ip") -> Answer:
    """Through all base chains of these hooks that filter."""
    wanted = tuple(hooks)
    answers = []
    for table in tables:
        if not table.sees(packets, layer):
            continue
        for chain in table.chains.values():
            if chain.hook not in wanted or chain.kind == "nat" or not _bound_to(chain, packets):
                continue
            # Before routing nothing is known of the way out, and no rule can ask.
            seen = replace(packets, oif=None) if chain.hook == "prerouting" else packets
            answers.append(_through(table, chain, seen, DROP))
    return _joined(answers)


def natted(tables: Iterable[Table], packets: Packets) -> Answer:
    """SHUT: all packets leave with another source address; OPEN: none do."""
    return _translated(tables, packets, "postrouting", NAT)


def diverted(tables: Iterable[Table], packets: Packets) -> Answer:
    """SHUT: all packets get another target than they were sent to; OPEN: none do."""
    return _translated(tables, replace(packets, oif=None), "prerouting", DIVERT)


def _translated(tables: Iterable[Table], packets: Packets, hook: str, deed: str) -> Answer:
    answers = [
        _through(table, chain, packets, deed)
        for table in tables
        if table.sees(packets, "ip")
        for chain in table.chains.values()
        if chain.hook == hook and chain.kind == "nat"
    ]
    return _joined(answers)


def without_foreign_sources(table: Table, own: Collection[Span]) -> Table:
    """Rules that give packets source addresses that are not among the host's own are not understood: whether replies
    come back to the host is for others to say."""
    chains = {
        name: chain
        if name in _OF_LIBVIRT
        else replace(chain, rules=[_with_own_sources(one, own) for one in chain.rules])
        for name, chain in table.chains.items()
    }
    return replace(table, chains=chains)


def _with_own_sources(rule: FirewallRule, own: Collection[Span]) -> FirewallRule:
    if rule.does != NAT or rule.given is None or (rule.given and all(_is_own(span, own) for span in rule.given)):
        return rule
    return replace(rule, does=OTHER)


def _is_own(span: Span, own: Collection[Span]) -> bool:
    inside = {one[0] for one in own if span[0] <= one[0] <= span[1]}
    return len(inside) == span[1] - span[0] + 1


def _bound_to(chain: Chain, packets: Packets) -> bool:
    return not chain.devices or packets.iif in chain.devices or packets.oif in chain.devices


def _joined(answers: Iterable[Answer]) -> Answer:
    """Of several chains, one after the other."""
    found = list(answers)
    for state in (SHUT, None, PART):
        rules = [rule for answer in found if answer.state == state for rule in answer.rules]
        if rules:
            return _answer(state, rules)
    return Answer()


def _through(table: Table, chain: Chain, packets: Packets, stops: str) -> Answer:
    """stops: as of _Flow."""
    flow = _Flow(stops)
    if _walk(table, chain, packets, flow, (chain.name,)):
        flow.end(chain.policy, f"{table.shown} {chain.name}: policy {chain.policy}")
    answer = flow.answer()
    # Older versions of nft do not say of which device the chain is.
    bound = chain.devices or chain.hook not in ("ingress", "egress")
    return answer if bound or answer.state == OPEN else replace(answer, state=None)


def _walk(table: Table, chain: Chain, packets: Packets, flow: _Flow, path: tuple[str, ...]) -> bool:
    """Whether packets may come to the chain's end."""
    leave = False
    for rule in chain.about(packets):
        how = rule.of(packets)
        if how == NEVER or rule.does == PASS:
            continue
        text, sure = f"{table.shown} {chain.name}: {rule.text}", how != OBSCURE
        comes_back = True
        if rule.does in (ACCEPT, DROP, NAT, DIVERT):
            (flow.end if sure else flow.may_end)(rule.does, text)
            comes_back = False
        elif rule.does == RETURN:
            leave, comes_back = True, False
        elif rule.does == OTHER or rule.chain not in table.chains or rule.chain in path:
            flow.may_drop.append(text)
            flow.may_accept.append(text)
        else:
            into = flow if sure else _Flow(flow.stops)
            comes_back = _walk(table, table.chains[rule.chain], packets, into, (*path, rule.chain))
            if not sure:
                flow.may_drop += [text] if into.dropped or into.may_drop else []
                flow.may_accept += [text] if into.accepted or into.may_accept else []
            if rule.does == GOTO:
                leave, comes_back = leave or comes_back, False
        if how == ALWAYS and not comes_back:
            return leave
    return True
