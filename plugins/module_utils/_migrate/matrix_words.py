# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix in lines for people: turned where it is too wide, hosts, guests and reasons that are alike folded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, TypedDict

from .._fleet.lines import (
    WIDTH,
    alike,
    columns,
    count,
    entry,
    first_that_fits,
    fold_in_order,
    fold_names,
    natural_order,
    paragraph,
)
from .finding import BLOCKED, OK, UNKNOWN, WARNING, ShownFinding, rank_of, sentence_of_dict


class Cell(TypedDict):
    """A guest on a host where it does not run. verdict: with that of findings that the cell does not show."""

    verdict: str
    findings: list[ShownFinding]


class Row(TypedDict):
    """cells: by host; best: the hosts that it may go to, the best first."""

    guest: str
    uuid: str
    host: str
    cells: dict[str, Cell]
    best: list[str]


MARKS = {OK: "+", WARNING: "!", UNKNOWN: "?", BLOCKED: "x"}
HOME = "="
# Of the rows of a table, beyond which only the exceptions are shown; and of the guests that a line names.
_ROWS = 25
_SHOWN = 3


def table_lines(rows: list[Row], hosts: list[str], destination: Optional[str]) -> list[str]:
    """Guests by hosts, or hosts by guests; or only the exceptions, where both are too wide or too long."""
    if not rows:
        return ["There are no guests to check."]
    legend = f"({', '.join(f'{mark} {verdict}' for verdict, mark in MARKS.items())}, {HOME} current host)"
    best = _best_lines(rows, destination)
    return first_that_fits(
        lambda: [*_by_guest(rows, hosts), legend, *best] if _may_fit(rows, hosts) else None,
        lambda: [*_by_host(rows, hosts), legend, *best] if _may_fit(hosts, rows) else None,
        lambda: _exceptions(rows, hosts),
    )


def _may_fit(rows: Sequence[Any], across: Sequence[Any]) -> bool:
    return len(rows) <= _ROWS and len(across) * 3 <= WIDTH


def _by_guest(rows: list[Row], hosts: list[str]) -> list[str]:
    cells = [[row["guest"], row["host"], *(_cell_text(row["cells"].get(host)) for host in hosts)] for row in rows]
    return columns(["guest", "on", *hosts], cells)


def _by_host(rows: list[Row], hosts: list[str]) -> list[str]:
    """Hosts that are alike are one row."""
    groups = alike((tuple(_cell_text(row["cells"].get(host)) for row in rows), host) for host in hosts)
    cells = [[fold_names(names), *texts] for texts, names in groups]
    return columns(["host", *(row["guest"] for row in rows)], cells)


def _exceptions(rows: list[Row], hosts: list[str]) -> list[str]:
    """Guests that are alike once, with the hosts whose cells are not ok."""

    def unlike(row: Row) -> tuple[tuple[int, str, str], ...]:
        cells = ((host, row["cells"][host]) for host in hosts if host in row["cells"])
        return tuple((-rank_of(cell["verdict"]), _cell_text(cell), host) for host, cell in cells if cell["findings"])

    lines = [f"{count(len(rows), 'guest')}, {count(len(hosts), 'host')}. Only hosts that are not ok are listed."]
    by_guest = [(unlike(row), row["guest"]) for row in rows]
    sizes = Counter(cells for cells, _guest in by_guest)
    for cells, guests in sorted(
        alike(by_guest), key=lambda one: min((rank for rank, _text, _host in one[0]), default=1)
    ):
        texts = alike(((rank, text), host) for rank, text, host in cells)
        said = [f"{text}: {fold_names(names)}" for (_rank, text), names in sorted(texts, key=lambda one: one[0][0])]
        more = "" if sizes[cells] == len(guests) else f" ({sizes[cells]} guests)"
        lines += entry("", fold_names(guests, _SHOWN) + more, *(said or [f"{MARKS[OK]} ok: every host"]), width=2)
    return lines


def _cell_text(cell: Optional[Cell]) -> str:
    if cell is None:
        return HOME
    codes = list(dict.fromkeys(finding["code"] for finding in cell["findings"]))
    more = f" +{len(codes) - 1}" if len(codes) > 1 else ""
    return f"{MARKS[cell['verdict']]} {codes[0] if codes else 'ok'}{more}"


def _best_lines(rows: list[Row], destination: Optional[str]) -> list[str]:
    if destination:
        return []
    groups = alike((fold_in_order(row["best"]) or "none", row["guest"]) for row in rows)
    said = [f"{fold_names(guests, _SHOWN)}: {best}" for best, guests in groups]
    return ["", "Best candidates:", *(line for text in said for line in paragraph(text, 2, 2))]


class _Reason(NamedTuple):
    """A finding of hosts that are alike, with all guests that it concerns there."""

    hosts: list[str]
    finding: ShownFinding
    key: str
    guests: set[str]


def _reasons(rows: list[Row]) -> list[_Reason]:
    """Each finding once for all hosts on which it concerns the same guests, except those that are on these hosts."""
    homes: dict[str, set[str]] = {}
    for row in rows:
        homes.setdefault(row["host"], set()).add(row["guest"])
    groups: dict[str, list[_Reason]] = {}
    for host, finding, guests in distinct_findings(rows):
        key, names = finding_key(finding), set(guests)
        same = groups.setdefault(key, [])
        for reason in same:
            at_home = set().union(*(homes.get(other, set()) for other in (host, *reason.hosts)))
            if reason.guests - at_home == names - at_home:
                reason.hosts.append(host)
                reason.guests.update(names)
                break
        else:
            same.append(_Reason([host], finding, key, names))
    return [reason for same in groups.values() for reason in same]


def reason_lines(rows: list[Row]) -> list[str]:
    """Each reason once for all hosts and guests that it concerns, with what repairs it."""
    lines = []
    for reason in sorted(
        _reasons(rows),
        key=lambda one: (natural_order(one.hosts[0]), -rank_of(one.finding["severity"]), one.finding["code"], one.key),
    ):
        finding = reason.finding
        where = fold_names(reason.hosts)
        said = f"{finding['code']}: {describe_finding(finding, reason.hosts)} ({fold_names(reason.guests, _SHOWN)})"
        lines += paragraph(f"{MARKS[finding['severity']]} {where}: {said}", 0, 2)
        if finding["remediation"] is not None:
            lines.append(f"    repair: {finding['remediation']['module']} {finding['remediation']['arguments']}")
    return ["", "Reasons:", *lines] if lines else []


def silent_lines(found: Mapping[str, Any]) -> list[str]:
    """Hosts whose own guests are not known, so that the table may lack some."""
    silent = (host for host in found if "guests" not in (found[host] or {}))
    reasons = alike((str((found[host] or {}).get("msg") or "no result").strip(), host) for host in silent)
    return [
        line
        for why, hosts in sorted(reasons, key=lambda one: natural_order(one[1][0]))
        for line in paragraph(f"? {fold_names(hosts)}: the guests of {_these(hosts)} are unknown: {why}", 0, 2)
    ]


def _these(hosts: Sequence[str]) -> str:
    return "this host" if len(hosts) == 1 else "these hosts"


def distinct_findings(rows: list[Row]) -> list[tuple[str, ShownFinding, list[str]]]:
    """Each finding of a host once for all NICs and guests that it concerns, with the names of the guests."""
    found: dict[tuple[str, ...], tuple[str, ShownFinding, list[str]]] = {}
    keys: dict[int, str] = {}
    for row in rows:
        for host, cell in row["cells"].items():
            for finding in cell["findings"]:
                if id(finding) not in keys:
                    keys[id(finding)] = finding_key(finding)
                entry = found.setdefault((host, keys[id(finding)]), (host, finding, []))
                if not entry[2] or entry[2][-1] != row["guest"]:
                    entry[2].append(row["guest"])
    return list(found.values())


def finding_key(finding: ShownFinding) -> str:
    """Equal for findings that differ only in their host."""
    path, repair = finding["path"], finding["remediation"]
    place = [path.get("network"), path.get("link")]
    how = None if repair is None else [repair["module"], repair["arguments"]]
    told = [finding["code"], finding["severity"], finding["template"], place, finding["parameters"], how]
    return json.dumps(told, sort_keys=True, default=str)


def describe_finding(finding: ShownFinding, hosts: Sequence[str]) -> str:
    """The sentence of the finding, which the first of the hosts has, for all of them."""
    return str(finding["sentence"]) if len(hosts) == 1 else sentence_of_dict(finding, fold_names(hosts))
