# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables-save and ip6tables-save print -> tables of rules."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Optional

from .ruleset import (
    ACCEPT,
    ALWAYS,
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
from .spans import address_in, span_of

_HOOKS = {
    "PREROUTING": "prerouting", "INPUT": "input", "FORWARD": "forward", "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}  # fmt: skip
_TARGETS = {
    "ACCEPT": ACCEPT, "DROP": DROP, "REJECT": DROP, "RETURN": RETURN, "MASQUERADE": NAT, "SNAT": NAT,
    **dict.fromkeys(
        ("LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TCPMSS", "CLASSIFY", "DSCP", "TOS", "TTL", "HL", "CHECKSUM",
         "AUDIT", "SECMARK", "CONNSECMARK", "TRACE", "SET", "TCPOPTSTRIP"), PASS
    ),
    "DNAT": DIVERT, "REDIRECT": DIVERT,
    **dict.fromkeys(("NFQUEUE", "QUEUE", "NETMAP", "TPROXY", "CT", "NOTRACK", "TEE"), OTHER),
}  # fmt: skip
# What is set to so few hops does not get far.
_FEW_HOPS = 32
_HOPS = {"TTL": "--ttl-", "HL": "--hl-"}
# Of target CT: what changes the way of nothing. Connections that are not tracked are not masqueraded either.
_TRACKED_ALL_THE_SAME = {"--helper", "--ctevents", "--expevents", "--timeout"}
# Options of matches that hold for some packets of any sort, with the number of words that each takes.
_OF_SOME = {
    **dict.fromkeys(
        ("--ports", "--icmp-type", "--length", "--limit",
         "--limit-burst", "--dscp", "--dscp-class", "--tos", "--ttl-eq", "--ttl-lt", "--ttl-gt", "--hl-lt",
         "--hl-gt", "--probability", "--mode", "--every", "--packet", "--mss", "--tcp-option", "--mac-source",
         "--pkt-type", "--timestart", "--timestop", "--weekdays", "--monthdays", "--datestart", "--datestop",
         "--chunk-types", "--connlimit-above", "--connlimit-upto", "--connlimit-mask", "--hashlimit-upto",
         "--hashlimit-above", "--hashlimit-burst", "--hashlimit-mode", "--hashlimit-name", "--hashlimit-htable-expire",
         "--hashlimit-srcmask", "--hashlimit-dstmask", "--hashlimit-htable-size", "--hashlimit-htable-max"), 1
    ),
    "--tcp-flags": 2, "--syn": 0, "-f": 0, "--connlimit-saddr": 0, "--connlimit-daddr": 0, "--kerneltz": 0,
}  # fmt: skip
_STATES = ("--ctstate", "--state")
_LINKS = {"-i": "iif", "-o": "oif"}
_ADDRESSES = {"-s": "source", "-d": "target", "--src-range": "source", "--dst-range": "target"}


_LAST_PORT = 65535
# As iptables-save shows --syn.
_OPENING = ["FIN,SYN,RST,ACK", "SYN"]


def parse_iptables(text: str, family: str, shown: str) -> list[Table]:
    """family: ip or ip6; shown: the tool, as rules are named by it."""
    tables: list[Table] = []
    for line in text.splitlines():
        if line.startswith("*"):
            tables.append(Table(family, f"{shown} {line[1:].strip()}"))
        elif line.startswith(":") and tables:
            name, policy = [*line[1:].split(), "-"][:2]
            tables[-1].chains[name] = _chain(tables[-1], name, policy)
        elif line.startswith("-A ") and tables:
            _dash, name, said = f"{line} ".split(" ", 2)
            tables[-1].chains.setdefault(name, Chain(name)).rules.append(_rule(said.strip()))
    return tables


def _chain(table: Table, name: str, policy: str) -> Chain:
    if policy == "-" or name not in _HOOKS:
        return Chain(name)
    kind = "nat" if table.shown.endswith(" nat") else "filter"
    return Chain(name, hook=_HOOKS[name], kind=kind, policy=DROP if policy == "DROP" else ACCEPT)


def _rule(said: str) -> FirewallRule:
    words = said.split() if '"' not in said else shlex.split(said)
    matches: list[Match] = []
    negated = False
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == "!":
            negated = True
            continue
        if word in ("-j", "-g"):
            return _ending(said, tuple(matches), word, words[place:])
        taken, match = _option(word, words[place:])
        place += taken
        if match is not None:
            matches.append(_inverse(match) if negated else match)
        negated = False
    return FirewallRule(said, tuple(matches), PASS)


def _ending(said: str, matches: tuple[Match, ...], word: str, rest: list[str]) -> FirewallRule:
    """word: -j or -g; rest: the target and its options."""
    target, options = (rest[0], rest[1:]) if rest else ("", [])
    does = _TARGETS.get(target, JUMP)
    if target in _HOPS and _leaves_few_hops(_HOPS[target], options):
        does = OTHER
    elif target == "CT" and {one for one in options if one.startswith("--")} <= _TRACKED_ALL_THE_SAME:
        does = PASS
    given = _given(options) if target == "SNAT" else None
    to = _following("--to-destination", options) if target == "DNAT" else ""
    return FirewallRule(said, matches, GOTO if does == JUMP and word == "-g" else does, target, given, to)


def _leaves_few_hops(word: str, options: list[str]) -> bool:
    if f"{word}set" in options:
        number = [*options, ""][options.index(f"{word}set") + 1]
        return not number.isdigit() or int(number) < _FEW_HOPS
    return f"{word}dec" in options


def _given(options: list[str]) -> tuple[tuple[int, int], ...]:
    """The source addresses of SNAT; none where they are not understood."""
    span = span_of(address_in(_following("--to-source", options)))
    return () if span is None else (span,)


def _following(word: str, options: list[str]) -> str:
    return [*options, ""][options.index(word) + 1] if word in options else ""


def _inverse(match: Match) -> Match:
    """What is not of any protocol is not understood well enough to say that it never comes."""
    return Match(PARTLY) if match.what == ALWAYS else replace(match, negated=True)


def _option(word: str, rest: list[str]) -> tuple[int, Optional[Match]]:
    """How many words more it takes, and what it matches."""
    value = rest[0] if rest else ""
    if word in ("-m", "--comment", "--set-counters"):
        return 1, None
    if word in _LINKS:
        name = f"{value[:-1]}*" if value.endswith("+") else value
        return 1, Match(_LINKS[word], (name,))
    if word in _ADDRESSES:
        span = span_of(value)
        return 1, Match(OBSCURE) if span is None else Match(_ADDRESSES[word], (span,))
    if word in _STATES:
        return 1, Match("state", tuple(state.lower() for state in value.split(",")))
    if word == "--physdev-is-bridged":
        return 0, Match("bridged", ("yes",))
    if word == "-p":
        if value in ("all", "0"):
            return 1, Match(ALWAYS)
        return 1, Match("protocol", (PROTOCOLS.get(value, value),))
    if word in ("--dport", "--dports"):
        return 1, Match("port", tuple(map(_ports, value.split(","))))
    if word in ("--sport", "--sports"):
        return 1, Match("source_port", tuple(map(_ports, value.split(","))))
    if word == "--hl-eq":
        return 1, Match("hops", (_ports(value),))
    if word in ("--rt-type", "--rt-segsleft"):
        return 1, Match(NEVER)  # a routing header, which is obsolete
    if word == "--icmpv6-type":
        return 1, Match("icmp", (_ports(value.partition("/")[0]),)) if value[:1].isdigit() else Match(PARTLY)
    if word == "--tcp-flags" and rest[:2] == _OPENING:
        return 2, Match("opens", ())
    if word in ("--src-type", "--dst-type"):
        kinds = {kind.lower() for kind in value.split(",")}
        # Packets that the host passes on are neither from the host itself nor for it, nor for all.
        if kinds <= {"local", "broadcast", "multicast", "anycast"}:
            return 1, Match("local" if word == "--dst-type" else NEVER, tuple(kinds))
        return 1, Match(OBSCURE)
    if word in _OF_SOME:
        return _OF_SOME[word], Match(PARTLY)
    taken = next((number for number, one in enumerate(rest) if one.startswith("-") or one == "!"), len(rest))
    return taken, Match(OBSCURE)


def _ports(text: str) -> tuple[int, int]:
    """iptables-save shows numbers; a range may lack its beginning or its end."""
    first, colon, last = text.partition(":")
    low = int(first) if first.isdigit() else 0
    return low, int(last) if last.isdigit() else _LAST_PORT if colon else low
