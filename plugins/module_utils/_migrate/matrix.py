# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests by hosts: who could go where, and why not. What is known of all hosts, put together for people and for plays.

The cells come from verdicts that hosts gave themselves, or are judged here, once, from the facts that hosts gathered.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Callable, NamedTuple, Optional

from .._fleet.lines import WIDTH, alike, columns, count, entry, fitting, fold_in_order, fold_names, natural, paragraph
from .._model.errors import VirtfleetError
from .destination_facts import read_destination
from .finding import BLOCKED, OK, UNKNOWN, WARNING, Finding, rank_of, worst_of
from .guest_facts import CheckedGuest, load_guests
from .verdict_kinds import NO_ANSWER, UNREACHABLE
from .verdicts import AnyGuest, Judgement, Policy, judge_guests, sort_findings

MARKS = {OK: "+", WARNING: "!", UNKNOWN: "?", BLOCKED: "x"}
HOME = "="
# Of the rows of a table, beyond which only the exceptions are shown; and of the guests that a line names.
_ROWS = 25
_SHOWN = 3
# In a sentence, in place of the host's name.
_HOST = "\0"
_GOOD = (OK, WARNING)
# Errors of a host whose daemon does not answer.
SILENT_CODES = (
    "DAEMON_UNREACHABLE", "DAEMON_SILENT", "DAEMON_LOST", "PERMISSION_DENIED", "HOST_KEY_UNKNOWN",
    "CERTIFICATE_REFUSED",
)  # fmt: skip

Cell = dict[str, Any]
# (UUID of a guest, name of a host in the inventory) -> its cell, None where the host said nothing about the guest.
FindCell = Callable[[str, str], Optional[Cell]]


def matrix_of_verdicts(
    found: Mapping[str, Any], checked: Mapping[str, Any], destination: Optional[str] = None
) -> dict[str, Any]:
    """found, checked: host -> what virt_guest_info and virt_migrate_check returned there, or why they did not (msg).

    destination: the one host that was asked for; there all guests come together, elsewhere each is for itself.
    Returns guests (each with guest, uuid, host, cells by host, best), repairs, problems and lines. Never raises for
    what a module can return.
    """
    hosts = [destination] if destination else sorted(checked, key=natural)
    answers = {host: _verdicts_by_uuid(checked.get(host)) for host in hosts}

    def find_cell(uuid: str, host: str) -> Optional[Cell]:
        verdict = answers[host].get(uuid)
        return None if verdict is None else _cell_of_verdict(verdict, bool(destination))

    return _matrix(found, hosts, checked, find_cell, destination, {})


def matrix_of_facts(
    found: Mapping[str, Any],
    facts: Mapping[str, Any],
    destination: Optional[str] = None,
    policy: Optional[Policy] = None,
) -> dict[str, Any]:
    """The same, judged here. facts: host -> what virt_network_info returned there, or why it did not (msg)."""
    hosts = [destination] if destination else sorted(facts, key=natural)
    guests = {home["uuid"]: _with_names(home["described"], facts.get(home["host"])) for home in _homes(found)}
    cells: dict[str, dict[str, Cell]] = {}
    read = dict(zip(guests, load_guests(guests.values())))
    answers = dict(facts)
    for host in hosts:
        if "networks" in (facts.get(host) or {}):
            try:
                cells[host] = _judge_host(facts[host], read, policy or {}, bool(destination))
            except VirtfleetError as error:
                answers[host] = {"msg": error.sentence}
    return _matrix(found, hosts, answers, lambda uuid, host: cells.get(host, {}).get(uuid), destination, policy or {})


def _with_names(guest: dict[str, Any], home: Any) -> dict[str, Any]:
    """The guest as described, with what its host says of the names of other hosts."""
    names = (home or {}).get("names")
    return {**guest, "host": {**guest["host"], "resolves": names}} if names and guest.get("host") else guest


def _judge_host(info: Any, guests: Mapping[str, AnyGuest], policy: Policy, together: bool) -> dict[str, Cell]:
    """UUID -> cell. Guests with the same findings share one, so that a large fleet fits into memory."""
    host = read_destination(info)
    if together:
        verdicts = judge_guests(list(guests.values()), host, policy)["verdicts"]
        return {uuid: _cell_of_verdict(verdict, True) for uuid, verdict in zip(guests, verdicts)}
    judgement, shared = Judgement(host), _SharedCells(host.name)
    return {uuid: shared.cell(guest, judgement.judge(guest), policy) for uuid, guest in guests.items()}


class _SharedCells:
    """Equal cells and findings of one host are one object each."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._cells: dict[tuple[int, ...], Cell] = {}
        self._findings: dict[tuple[str, str, str], dict[str, Any]] = {}

    def cell(self, guest: AnyGuest, found: list[Finding], policy: Policy) -> Cell:
        applied = policy if isinstance(guest, CheckedGuest) else {}
        rated = [pair for pair in sort_findings(found, applied) if pair[1] != OK]
        shown = [self._show(guest, finding, severity) for finding, severity in rated]
        # The findings live as long as this, so that their ids tell them apart.
        key = tuple(map(id, shown))
        if key not in self._cells:
            self._cells[key] = {"verdict": worst_of(severity for _finding, severity in rated), "findings": shown}
        return self._cells[key]

    def _show(self, guest: AnyGuest, finding: Finding, severity: str) -> dict[str, Any]:
        nic = guest.shown[finding.nic] if finding.nic is not None and isinstance(guest, CheckedGuest) else None
        key = (finding.identity, severity, "" if nic is None else str(nic["mac"]))
        if key not in self._findings:
            self._findings[key] = finding.as_dict(self._host, severity, nic)
        return self._findings[key]


def _matrix(
    found: Mapping[str, Any],
    hosts: list[str],
    answers: Mapping[str, Any],
    find_cell: FindCell,
    destination: Optional[str],
    policy: Policy,
) -> dict[str, Any]:
    silent = {host: _silent_cell(host, answers.get(host), policy) for host in hosts}
    rows = []
    for home in _homes(found):
        cells = {
            host: find_cell(home["uuid"], host) or silent[host] for host in hosts if destination or host != home["host"]
        }
        good = [host for host, cell in cells.items() if cell["verdict"] in _GOOD]
        # Equally good hosts stay in natural order.
        best = sorted(good, key=lambda host: (rank_of(cells[host]["verdict"]), len(cells[host]["findings"])))
        rows.append({"guest": home["guest"], "uuid": home["uuid"], "host": home["host"], "cells": cells, "best": best})
    return {
        "guests": rows,
        "repairs": _repairs(rows),
        "problems": _problems(rows, found, destination),
        "lines": [*_table_lines(rows, hosts, destination), *_reason_lines(rows), *_silent(found)],
    }


def _homes(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every guest, with the host that it is on. One that is defined on several is where it runs."""
    guests: dict[str, dict[str, Any]] = {}
    for host in sorted(found):
        for guest in (found[host] or {}).get("guests") or ():
            known = guests.get(guest["uuid"])
            if known is None or (guest["running"] and not known["running"]):
                guests[guest["uuid"]] = {
                    "guest": guest["name"],
                    "uuid": guest["uuid"],
                    "host": host,
                    "running": guest["running"],
                    "described": guest,
                }
    return sorted(guests.values(), key=lambda guest: (natural(guest["guest"]), guest["uuid"]))


def _verdicts_by_uuid(result: Any) -> dict[str, Any]:
    return {verdict["uuid"]: verdict for verdict in (result or {}).get("verdicts") or ()}


def _cell_of_verdict(verdict: dict[str, Any], together: bool) -> Cell:
    findings = [finding for finding in verdict["findings"] if together or not finding["batch"]]
    return {
        "verdict": verdict["verdict"] if together else verdict["alone"],
        "findings": [finding for finding in findings if finding["severity"] != OK],
    }


def _silent_cell(host: str, result: Any, policy: Policy) -> Cell:
    """Of a host without an answer, which may be as bad as any."""
    answer = result or {}
    reason = str(answer.get("msg") or "no result.").strip()
    silent = answer.get("unreachable") or answer.get("code") in SILENT_CODES
    kind = UNREACHABLE if silent else NO_ANSWER
    severity = policy.get(kind.code, kind.severity)
    return {"verdict": severity, "findings": [kind.found(reason=reason).as_dict(host, severity, None)]}


def _problems(rows: list[dict[str, Any]], found: Mapping[str, Any], destination: Optional[str]) -> list[str]:
    """Why there is no going on, a sentence for each guest."""
    problems = []
    if destination and destination not in found:
        hosts = fold_names(found) or "none"
        problems.append(f"{destination} is not among the hosts of this play ({hosts}).")
    for row in rows:
        if destination:
            cell = row["cells"][destination]
            if cell["verdict"] not in _GOOD:
                problems.append(f"{row['guest']} cannot migrate to {destination}: {_first_sentence(cell)}")
        elif not row["best"]:
            firsts = {host: cell["findings"][0] for host, cell in row["cells"].items() if cell["findings"]}
            reasons = "; ".join(
                f"{fold_names(names)}: {_said_of(firsts[names[0]], names)}"
                for _sentence, names in alike((_without_host(finding, host), host) for host, finding in firsts.items())
            )
            problems.append(
                f"{row['guest']} on {row['host']} cannot migrate to any host: {reasons or 'there is no other host.'}"
            )
    return problems


def _without_host(finding: Mapping[str, Any], host: str) -> str:
    """The sentence with a gap in place of the host's name, the same on hosts that are alike."""
    return _pattern(host).sub(_HOST, str(finding["sentence"]).replace(_HOST, "?"))


def _said_of(finding: Mapping[str, Any], hosts: Sequence[str]) -> str:
    """The sentence of the finding, which the first of the hosts has, for all of them."""
    if len(hosts) == 1:
        return str(finding["sentence"])
    return _without_host(finding, hosts[0]).replace(_HOST, fold_names(hosts))


def _first_sentence(cell: Cell) -> str:
    return str(cell["findings"][0]["sentence"]) if cell["findings"] else ""


def _repairs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What would repair the hosts, each once, by host and in the order of urgency. host: its name in the inventory."""
    found: dict[str, tuple[str, int, str, dict[str, Any]]] = {}
    for host, finding, _guests in _distinct_findings(rows):
        repair = finding["remediation"]
        if repair is not None:
            known = {"host": host, "module": repair["module"], "arguments": repair["arguments"]}
            key = repr(known)
            found.setdefault(key, (host, -rank_of(finding["severity"]), key, known))
    return [known for _host, _rank, _key, known in sorted(found.values(), key=lambda item: item[:3])]


def _distinct_findings(rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any], list[str]]]:
    """Each finding of a host once for all NICs and guests that it concerns, with the names of the guests."""
    found: dict[tuple[str, ...], tuple[str, dict[str, Any], list[str]]] = {}
    keys: dict[int, str] = {}
    for row in rows:
        for host, cell in row["cells"].items():
            for finding in cell["findings"]:
                if id(finding) not in keys:
                    keys[id(finding)] = _key_of(finding)
                entry = found.setdefault((host, keys[id(finding)]), (host, finding, []))
                if not entry[2] or entry[2][-1] != row["guest"]:
                    entry[2].append(row["guest"])
    return list(found.values())


def _key_of(finding: Mapping[str, Any]) -> str:
    """Equal for findings that differ only in their host."""
    path, repair = finding.get("path") or {}, finding["remediation"]
    place = [path.get("network"), path.get("link")]
    how = None if repair is None else [repair["module"], repair["arguments"]]
    told = [finding["code"], finding["severity"], place, finding.get("parameters"), how]
    return json.dumps(told, sort_keys=True, default=str)


def _table_lines(rows: list[dict[str, Any]], hosts: list[str], destination: Optional[str]) -> list[str]:
    """Guests by hosts, or hosts by guests; or only the exceptions, where both are too wide or too long."""
    if not rows:
        return ["There are no guests to check."]
    legend = f"({', '.join(f'{mark} {verdict}' for verdict, mark in MARKS.items())}, {HOME} current host)"
    best = _best_lines(rows, destination)
    return fitting(
        lambda: [*_by_guest(rows, hosts), legend, *best] if _may_fit(rows, hosts) else None,
        lambda: [*_by_host(rows, hosts), legend, *best] if _may_fit(hosts, rows) else None,
        lambda: _exceptions(rows, hosts),
    )


def _may_fit(rows: Sequence[Any], across: Sequence[Any]) -> bool:
    return len(rows) <= _ROWS and len(across) * 3 <= WIDTH


def _by_guest(rows: list[dict[str, Any]], hosts: list[str]) -> list[str]:
    cells = [[row["guest"], row["host"], *(_cell_text(row["cells"].get(host)) for host in hosts)] for row in rows]
    return columns(["guest", "on", *hosts], cells)


def _by_host(rows: list[dict[str, Any]], hosts: list[str]) -> list[str]:
    """Hosts that are alike are one row."""
    groups = alike((tuple(_cell_text(row["cells"].get(host)) for row in rows), host) for host in hosts)
    cells = [[fold_names(names), *texts] for texts, names in groups]
    return columns(["host", *(row["guest"] for row in rows)], cells)


def _exceptions(rows: list[dict[str, Any]], hosts: list[str]) -> list[str]:
    """Guests that are alike once, with the hosts whose cells are not ok."""

    def unlike(row: Mapping[str, Any]) -> tuple[tuple[int, str, str], ...]:
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


def _best_lines(rows: list[dict[str, Any]], destination: Optional[str]) -> list[str]:
    if destination:
        return []
    groups = alike((fold_in_order(row["best"]) or "none", row["guest"]) for row in rows)
    said = [f"{fold_names(guests, _SHOWN)}: {best}" for best, guests in groups]
    return ["", "Best candidates:", *(line for text in said for line in paragraph(text, 2, 2))]


class _Reason(NamedTuple):
    """A finding of hosts that are alike, with all guests that it concerns there."""

    hosts: list[str]
    finding: Mapping[str, Any]
    sentence: str
    guests: set[str]


def _reasons(rows: list[dict[str, Any]]) -> list[_Reason]:
    """Each finding once for all hosts on which it concerns the same guests, except those that are on these hosts."""
    homes: dict[str, set[str]] = {}
    for row in rows:
        homes.setdefault(row["host"], set()).add(row["guest"])
    groups: dict[tuple[str, str], list[_Reason]] = {}
    for host, finding, guests in _distinct_findings(rows):
        sentence, names = _without_host(finding, host), set(guests)
        same = groups.setdefault((_key_of(finding), sentence), [])
        for reason in same:
            at_home = set().union(*(homes.get(other, set()) for other in (host, *reason.hosts)))
            if reason.guests - at_home == names - at_home:
                reason.hosts.append(host)
                reason.guests.update(names)
                break
        else:
            same.append(_Reason([host], finding, sentence, names))
    return [reason for same in groups.values() for reason in same]


def _reason_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Each reason once for all hosts and guests that it concerns, with what repairs it."""
    lines = []
    for reason in sorted(
        _reasons(rows),
        key=lambda one: (natural(one.hosts[0]), -rank_of(one.finding["severity"]), one.finding["code"], one.sentence),
    ):
        finding = reason.finding
        where = fold_names(reason.hosts)
        said = f"{finding['code']}: {_said_of(finding, reason.hosts)} ({fold_names(reason.guests, _SHOWN)})"
        lines += paragraph(f"{MARKS[finding['severity']]} {where}: {said}", 0, 2)
        if finding["remediation"] is not None:
            lines.append(f"    repair: {finding['remediation']['module']} {finding['remediation']['arguments']}")
    return ["", "Reasons:", *lines] if lines else []


def _silent(found: Mapping[str, Any]) -> list[str]:
    """Hosts whose own guests are not known, so that the table may lack some."""
    silent = (host for host in found if "guests" not in (found[host] or {}))
    reasons = alike((str((found[host] or {}).get("msg") or "no result").strip(), host) for host in silent)
    return [
        line
        for why, hosts in sorted(reasons, key=lambda one: natural(one[1][0]))
        for line in paragraph(f"? {fold_names(hosts)}: the guests of {_these(hosts)} are unknown: {why}", 0, 2)
    ]


def _these(hosts: Sequence[str]) -> str:
    return "this host" if len(hosts) == 1 else "these hosts"


@cache
def _pattern(host: str) -> re.Pattern[str]:
    """The host's name, or what is before its domain, as a word."""
    return re.compile(rf"(?<![\w.-])(?:{re.escape(host)}|{re.escape(host.partition('.')[0])})(?![\w-])")
