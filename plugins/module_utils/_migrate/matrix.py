# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests by hosts: who could go where, and why not. What is known of all hosts, put together for people and for plays.

The cells come from verdicts that hosts gave themselves, or are judged here, once, from the facts that hosts gathered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .._model.errors import VirtfleetError
from .destination_facts import read_destination
from .finding import BLOCKED, OK, UNKNOWN, WARNING, Finding, rank_of, worst_of
from .guest_facts import CheckedGuest, load_guests
from .verdict_kinds import NO_ANSWER, UNREACHABLE
from .verdicts import AnyGuest, Judgement, Policy, judge_guests, sort_findings

MARKS = {OK: "+", WARNING: "!", UNKNOWN: "?", BLOCKED: "x"}
HOME = "="
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
    hosts = [destination] if destination else sorted(checked)
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
    hosts = [destination] if destination else sorted(facts)
    guests = {home["uuid"]: home["described"] for home in _homes(found)}
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
        best = sorted(good, key=lambda host: (rank_of(cells[host]["verdict"]), len(cells[host]["findings"]), host))
        rows.append({"guest": home["guest"], "uuid": home["uuid"], "host": home["host"], "cells": cells, "best": best})
    return {
        "guests": rows,
        "repairs": _repairs(rows),
        "problems": _problems(rows, found, destination),
        "lines": [*_table_lines(rows, hosts), *_best_lines(rows, destination), *_reason_lines(rows), *_silent(found)],
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
    return sorted(guests.values(), key=lambda guest: (guest["guest"], guest["uuid"]))


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
        hosts = ", ".join(sorted(found)) or "none"
        problems.append(f"{destination} is not among the hosts of this play ({hosts}).")
    for row in rows:
        if destination:
            cell = row["cells"][destination]
            if cell["verdict"] not in _GOOD:
                problems.append(f"{row['guest']} cannot migrate to {destination}: {_first_sentence(cell)}")
        elif not row["best"]:
            reasons = "; ".join(f"{host}: {_first_sentence(cell)}" for host, cell in row["cells"].items())
            problems.append(
                f"{row['guest']} on {row['host']} cannot migrate to any host: {reasons or 'there is no other host.'}"
            )
    return problems


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


def _key_of(finding: dict[str, Any]) -> str:
    path = finding.get("path") or {}
    place = [path.get("network"), path.get("link")]
    told = [finding["code"], finding["severity"], place, finding.get("parameters"), finding["remediation"]]
    return json.dumps(told, sort_keys=True, default=str)


def format_table(head: list[str], rows: list[list[str]]) -> list[str]:
    """One line for the head, one of dashes, one for each row; columns as wide as what is in them."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in [head, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


def _table_lines(rows: list[dict[str, Any]], hosts: list[str]) -> list[str]:
    if not rows:
        return ["There are no guests to check."]
    lines = format_table(
        ["guest", "on", *hosts],
        [[row["guest"], row["host"], *(_cell_text(row["cells"].get(host)) for host in hosts)] for row in rows],
    )
    legend = ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items())
    return [*lines, f"({legend}, {HOME} current host)"]


def _cell_text(cell: Optional[Cell]) -> str:
    if cell is None:
        return HOME
    codes = list(dict.fromkeys(finding["code"] for finding in cell["findings"]))
    more = f" +{len(codes) - 1}" if len(codes) > 1 else ""
    return f"{MARKS[cell['verdict']]} {codes[0] if codes else 'ok'}{more}"


def _best_lines(rows: list[dict[str, Any]], destination: Optional[str]) -> list[str]:
    if destination or not rows:
        return []
    return ["", "Best candidates:", *(f"  {row['guest']}: {', '.join(row['best']) or 'none'}" for row in rows)]


def _reason_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Each reason once for all guests that it concerns, with what repairs it."""
    reasons = sorted(
        _distinct_findings(rows),
        key=lambda reason: (reason[0], -rank_of(reason[1]["severity"]), reason[1]["code"], reason[1]["sentence"]),
    )
    lines = []
    for host, finding, names in reasons:
        who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        lines.append(f"{MARKS[finding['severity']]} {host}: {finding['code']}: {finding['sentence']} ({who})")
        if finding["remediation"] is not None:
            lines.append(f"    repair: {finding['remediation']['module']} {finding['remediation']['arguments']}")
    return ["", "Reasons:", *lines] if lines else []


def _silent(found: Mapping[str, Any]) -> list[str]:
    """Hosts whose own guests are not known, so that the table may lack some."""
    return [
        f"? {host}: the guests of this host are unknown: {str((found[host] or {}).get('msg') or 'no result').strip()}"
        for host in sorted(found)
        if "guests" not in (found[host] or {})
    ]
