# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `nft -j list ruleset` prints (libnftables-json(5)) -> tables of rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Optional

from .ruleset import (
    ACCEPT,
    DIVERT,
    DROP,
    GOTO,
    JUMP,
    NAT,
    NEVER,
    OBSCURE,
    OTHER,
    PARTLY,
    PASS,
    PROTOCOLS,
    RETURN,
    Chain,
    FirewallRule,
    Match,
    Table,
)
from .spans import span_of

# Tables that iptables-nft keeps; iptables-save shows their rules better.
COMPAT = ("filter", "nat", "mangle", "raw", "security")
_DEEDS = {
    "accept": ACCEPT, "drop": DROP, "reject": DROP, "return": RETURN, "continue": PASS, "masquerade": NAT, "snat": NAT,
    "jump": JUMP, "goto": GOTO,
    "dnat": DIVERT, "redirect": DIVERT,
    # Connections that are not tracked are not masqueraded either.
    **dict.fromkeys(("queue", "tproxy", "synproxy", "fwd", "dup", "notrack"), OTHER),
}  # fmt: skip
_NOTHING = ("counter", "log", "comment", "set", "flow", "ct helper", "ct timeout", "last", "secmark")
# Fields and metadata that a rule may set without changing where the packet goes.
_WRITTEN = {
    "meta": ("mark", "priority", "nftrace", "secmark"), "ct": ("mark", "label", "event", "helper", "secmark"),
    "payload": ("dscp", "ecn"), "tcp option": ("size",),
}  # fmt: skip
_OF_SOME = ("limit", "quota", "ct count", "meter")
_LINKS = {"iifname": "iif", "iif": "iif", "oifname": "oif", "oif": "oif"}
_BRIDGES = ("ibrname", "obrname")
_TRANSPORTS = ("tcp", "udp", "icmp", "icmpv6", "sctp", "dccp", "udplite")
_PORTS = {"dport": "port", "sport": "source_port"}
_ADDRESSES = {"saddr": "source", "daddr": "target"}
_ICMP = {"nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136}
_FAMILIES = {"ipv4": "ip", "ipv6": "ip6", "ip": "ip", "ip6": "ip6"}
_META_OF_SOME = ("length", "pkttype", "time", "day", "hour", "random", "cpu")
_MOST_TEXT = 160

# How nft prints a table's head, and the devices of a chain.
_TABLE_WORDS = 2
_BOUND_TO = re.compile(r'hook \w+ device(?: "(?P<one>[^"]+)"|s = \{ (?P<several>[^}]+) \})')


def parse_nftables(text: str, bound: str = "") -> list[Table]:
    """bound: chains as `nft list chains` prints them, for devices that the JSON lacks. Raises ValueError if the text is
    not JSON."""
    devices = _devices_in(bound)
    tables: dict[tuple[str, str], Table] = {}
    sets: dict[tuple[str, str, str], Any] = {}
    rules: list[dict[str, Any]] = []
    for item in json.loads(text)["nftables"]:
        ((kind, said),) = item.items()
        if kind == "table":
            key = (said["family"], said["name"])
            tables[key] = Table(said["family"], f"nftables {said['family']} {said['name']}")
        elif kind in ("set", "map"):
            sets[(said["family"], said["table"], said["name"])] = said
        elif kind == "chain":
            tables[(said["family"], said["table"])].chains[said["name"]] = _chain(
                {"dev": devices.get((said["family"], said["table"], said["name"]), ()), **said}
            )
        elif kind == "rule":
            rules.append(said)
    for said in rules:
        reader = _Reader({name: one for (family, table, name), one in sets.items()
                          if (family, table) == (said["family"], said["table"])}, said["family"])  # fmt: skip
        chains = tables[(said["family"], said["table"])].chains
        chains.setdefault(said["chain"], Chain(said["chain"])).rules.extend(reader.rules(said.get("expr") or []))
    return list(tables.values())


def _devices_in(text: str) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """By family, table and name of the chain."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    table: tuple[str, str] = ("", "")
    chain = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["table"] and len(words) > _TABLE_WORDS:
            table = (words[1], words[2])
        elif words[:1] == ["chain"] and len(words) > 1:
            chain = words[1]
        bound = _BOUND_TO.search(line)
        if bound:
            names = (bound["one"] or bound["several"]).replace('"', "").split(",")
            found[(*table, chain)] = tuple(name.strip() for name in names)
    return found


def is_of_iptables(table: Table) -> bool:
    return table.family in ("ip", "ip6") and table.shown.split()[-1] in COMPAT and any(
        name.isupper() and chain.hook for name, chain in table.chains.items()
    )  # fmt: skip


def _chain(said: dict[str, Any]) -> Chain:
    devices = said.get("dev") or ()
    return Chain(
        said["name"],
        hook=said.get("hook", ""),
        kind=said.get("type", ""),
        policy=DROP if said.get("policy") == "drop" else ACCEPT,
        devices=(devices,) if isinstance(devices, str) else tuple(devices),
    )


class _Reader:
    """sets: of the rule's table, by name; family: of that table."""

    def __init__(self, sets: dict[str, Any], family: str) -> None:
        self.sets = sets
        self.family = family

    def rules(self, expressions: list[dict[str, Any]]) -> Iterator[FirewallRule]:
        """One for each verdict: a verdict map has several."""
        matches: list[Match] = []
        text = _shown(expressions)
        for expression in expressions:
            ((kind, said),) = expression.items()
            if kind == "match":
                matches.extend(self._match(said))
            elif kind in _OF_SOME:
                matches.append(Match(PARTLY))
            elif kind == "vmap":
                yield from self._of_map(said, tuple(matches), text)
            elif kind in _DEEDS:
                chain = said["target"] if kind in ("jump", "goto") else ""
                given = _given(said) if kind == "snat" else None
                to = _target(said) if kind == "dnat" else ""
                yield FirewallRule(text, tuple(matches), _DEEDS[kind], chain, given, to)
            elif kind == "mangle":
                if not _changes_nothing(said):
                    yield FirewallRule(text, tuple(matches), OTHER)
            elif kind not in _NOTHING:
                # What this does to the packets is not understood, an xt match or target among them.
                yield FirewallRule(text, (*matches, Match(OBSCURE)), OTHER)
                matches.append(Match(OBSCURE))

    def _of_map(self, said: Any, matches: tuple[Match, ...], text: str) -> Iterator[FirewallRule]:
        data = said["data"]
        pairs = data["set"] if isinstance(data, dict) and "set" in data else self._elements(data)
        if pairs is None:
            yield FirewallRule(text, (*matches, Match(OBSCURE)), OTHER)
            return
        for key, verdict in pairs:
            ((kind, target),) = verdict.items() if isinstance(verdict, dict) else ((str(verdict), None),)
            its = self._match({"op": "==", "left": said["key"], "right": key})
            yield FirewallRule(text, (*matches, *its), _DEEDS.get(kind, OTHER), target["target"] if target else "")

    def _match(self, said: dict[str, Any]) -> Iterator[Match]:
        what: Any
        operator, left, values = said["op"], said["left"], self._values(said["right"])
        ((kind, what),) = left.items() if isinstance(left, dict) and len(left) == 1 else (("?", {}),)
        negated = operator == "!="
        if kind == "fib":
            yield _of_route(what, values)
            return
        if kind == "ct" and what.get("key") == "status":
            # The guest's connections are not redirected.
            yield Match(NEVER, negated=negated) if values in (["dnat"], ["snat", "dnat"]) else Match(OBSCURE)
            return
        if kind == "payload" and what.get("protocol") in ("ip", "ip6"):
            yield Match("family", (what["protocol"],))
        if kind == "payload" and what.get("protocol") in _TRANSPORTS:
            yield Match("protocol", (PROTOCOLS.get(what["protocol"], what["protocol"]),))
        name = self._subject(kind, what)
        if name in (PARTLY, NEVER):
            yield Match(name, negated=negated)
        elif name is None or values is None or operator not in ("==", "!=", "in"):
            yield Match(OBSCURE)
        elif name in ("source", "target", "port", "source_port", "icmp", "hops"):
            spans = [(_span if name in _ADDRESSES.values() else _port_span)(value) for value in values]
            yield Match(OBSCURE) if None in spans else Match(name, tuple(spans), negated)
        else:
            known = {"family": _FAMILIES, "protocol": PROTOCOLS}.get(name, {})
            yield Match(name, tuple(known.get(str(one), str(one)) for one in values), negated)

    def _subject(self, kind: str, what: Any) -> Optional[str]:
        """What is compared, by the words of Match; None when that is not understood."""
        key = what.get("key") if isinstance(what, dict) else None
        if kind == "meta":
            if key in _BRIDGES:
                return "bridge"
            if key in ("nfproto", "protocol"):
                return "family"
            if key == "l4proto":
                return "protocol"
            return PARTLY if key in _META_OF_SOME else _LINKS.get(str(key))
        if kind == "ct":
            return "state" if key == "state" else None
        if kind == "payload" and isinstance(what, dict):
            field = what.get("field")
            if what.get("protocol") in ("ip", "ip6"):
                known = {"protocol": "protocol", "nexthdr": "protocol", "hoplimit": "hops", **_ADDRESSES}
                return known.get(str(field), PARTLY)
            if field in _PORTS:
                return _PORTS[field]
            if what.get("protocol") == "icmpv6" and field == "type":
                return "icmp"
            if what.get("protocol") == "ether":
                return "family" if field == "type" else None
            return None if what.get("protocol") in ("vlan", "arp") or field is None else PARTLY
        return None

    def _values(self, right: Any) -> Optional[list[Any]]:
        if isinstance(right, str) and right.startswith("@"):
            return self._elements(right)
        if isinstance(right, dict) and "set" in right:
            return list(right["set"])
        return list(right) if isinstance(right, list) else [right]

    def _elements(self, name: Any) -> Optional[list[Any]]:
        """Of a set or map with a name; None of one that changes by itself."""
        said = self.sets.get(str(name).lstrip("@"))
        if said is None or set(said.get("flags") or ()) & {"dynamic", "timeout"}:
            return None
        return [
            one["elem"]["val"] if isinstance(one, dict) and "elem" in one else one for one in said.get("elem") or ()
        ]


def _of_route(what: Any, values: Optional[list[Any]]) -> Match:
    """Packets come in by the link by which their source is reached, and are for others than the host."""
    if not isinstance(what, dict):
        return Match(OBSCURE)
    if what.get("result") == "oif" and "saddr" in (what.get("flags") or ()) and values in ([False], [0]):
        return Match(NEVER)
    if (
        what.get("result") == "type"
        and values is not None
        and {*map(str, values)} <= {"local", "broadcast", "multicast"}
    ):
        return Match("local", tuple(map(str, values))) if "daddr" in (what.get("flags") or ()) else Match(NEVER)
    return Match(OBSCURE)


def _given(said: Any) -> tuple[tuple[int, int], ...]:
    """The source addresses of snat; none where a map or something else chooses them."""
    span = _span(said["addr"]) if isinstance(said, dict) and "addr" in said else None
    return () if span is None else (span,)


def _target(said: Any) -> str:
    """As iptables writes it; "" where a map or something else chooses it."""
    address = said.get("addr") if isinstance(said, dict) else None
    if not isinstance(address, str):
        return ""
    port = said.get("port")
    if not isinstance(port, int):
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _changes_nothing(said: Any) -> bool:
    ((kind, what),) = said["key"].items() if isinstance(said.get("key"), dict) else (("", {}),)
    written = (what.get("field") or what.get("key")) if isinstance(what, dict) else None
    return written in _WRITTEN.get(kind, ())


def _port_span(value: Any) -> Optional[tuple[int, int]]:
    """Of ports, or of types of ICMP."""
    if isinstance(value, str) and value in _ICMP:
        return (_ICMP[value], _ICMP[value])
    if isinstance(value, dict) and "range" in value:
        first, last = value["range"]
        return (first, last) if isinstance(first, int) and isinstance(last, int) else None
    return (value, value) if isinstance(value, int) else None


def _span(value: Any) -> Optional[tuple[int, int]]:
    if isinstance(value, dict) and "prefix" in value:
        return span_of(f"{value['prefix']['addr']}/{value['prefix']['len']}")
    if isinstance(value, dict) and "range" in value:
        return span_of("-".join(map(str, value["range"])))
    return span_of(str(value))


def _shown(expressions: list[dict[str, Any]]) -> str:
    """Without the counters, which differ each time."""
    words = [_words(expression) for expression in expressions if "counter" not in expression]
    text = " ".join(filter(None, words))
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def _words(said: Any) -> str:
    if isinstance(said, dict):
        if "match" in said:
            operator = "" if said["match"]["op"] in ("==", "in") else f"{said['match']['op']} "
            return f"{_words(said['match']['left'])} {operator}{_words(said['match']['right'])}"
        if "prefix" in said and isinstance(said["prefix"], dict):
            return f"{said['prefix']['addr']}/{said['prefix']['len']}"
        if "payload" in said:
            return f"{said['payload'].get('protocol')} {said['payload'].get('field')}"
        if "set" in said and isinstance(said["set"], list):
            return "{ " + ", ".join(map(_words, said["set"])) + " }"
        return " ".join(
            f"{key} {_words(value)}" if key not in ("meta", "key", "target") else _words(value)
            for key, value in said.items()
        ).strip()  # fmt: skip
    if isinstance(said, list):
        return ", ".join(map(_words, said))
    return "" if said is None else str(said)
