# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ip -oneline xfrm policy` prints (ip-xfrm(8)) -> tables of rules.

Of the policies that match a packet, the one of the lowest priority counts. One with a template takes packets of its
tunnel only, and what becomes of them there is not followed.
"""

from __future__ import annotations

from typing import Optional

from .ruleset import ACCEPT, DROP, OBSCURE, OTHER, PARTLY, Chain, FirewallRule, Match, Table
from .spans import family_of, span_of

_HOOKS = {"fwd": "forward", "in": "input", "out": "postrouting"}
_ANY = ("0.0.0.0/0", "::/0")


def parse_policies(text: str) -> list[Table]:
    tables = {family: Table(family, "IPsec policy") for family in ("ip", "ip6")}
    found = [one for one in map(_policy, text.splitlines()) if one is not None]
    for _priority, family, direction, rule in sorted(found, key=lambda one: one[0]):
        chains = tables[family].chains
        chains.setdefault(direction, Chain(direction, hook=_HOOKS[direction], kind="filter")).rules.append(rule)
    return [table for table in tables.values() if table.chains]


def _policy(line: str) -> Optional[tuple[int, str, str, FirewallRule]]:
    """Priority, family, direction and rule; None of a policy of a socket."""
    selector, *parts = (part.split() for part in line.split("\\"))
    words = next((part for part in parts if part[:1] == ["dir"]), [])
    told, selected = _pairs(words), _pairs(selector)
    direction = told.get("dir", "")
    if direction not in _HOOKS:
        return None
    matches = [Match("bridged", ("no",)), *_selected(selected, direction)]
    matches += [Match(OBSCURE) for part in parts if part[:1] in (["mark"], ["if_id"])]
    templates = any(part[:1] == ["tmpl"] for part in parts)
    does = DROP if told.get("action") == "block" else OTHER if templates else ACCEPT
    rule = FirewallRule(" ".join(selector), tuple(matches), does)
    priority = told.get("priority", "0")
    return int(priority) if priority.isdigit() else 0, family_of(selected.get("src", "")), direction, rule


def _pairs(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2]))


def _selected(said: dict[str, str], direction: str) -> list[Match]:
    found = []
    for name, value in said.items():
        if name in ("src", "dst"):
            span = span_of(value)
            if value not in _ANY:
                found.append(
                    Match(OBSCURE) if span is None else Match("source" if name == "src" else "target", (span,))
                )
        elif name == "dev":
            found.append(Match("oif" if direction == "out" else "iif", (value,)))
        else:
            found.append(Match(PARTLY))
    return found
