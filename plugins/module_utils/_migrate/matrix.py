# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests by hosts: who could go where, and why not. What the hosts said, put together for people and for plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .finding import BLOCKED, OK, SEVERITIES, UNKNOWN, WARNING
from .table import table

MARKS = {OK: "+", WARNING: "!", UNKNOWN: "?", BLOCKED: "x"}
HOME = "="
_GOOD = (OK, WARNING)


def matrix(found: Mapping[str, Any], checked: Mapping[str, Any], destination: Optional[str] = None) -> dict[str, Any]:
    """found, checked: host -> what virt_guest_info and virt_migrate_check returned there, or why they did not (msg).

    destination: the one host that was asked for; there all guests come together, elsewhere each is for itself.
    Returns guests (each with guest, uuid, host, cells by host, best), repairs, problems and lines. Never raises for
    what a module can return.
    """
    homes = _homes(found)
    hosts = [destination] if destination else sorted(checked)
    answers = {host: _answers(checked.get(host)) for host in hosts}
    rows = [_row(guest, hosts, answers, checked, bool(destination)) for guest in homes]
    problems = _problems(rows, found, destination)
    return {
        "guests": rows,
        "repairs": _repairs(rows),
        "problems": problems,
        "lines": [*_table(rows, hosts), *_best(rows, destination), *_reasons(rows), *_silent(found)],
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
                }
    return sorted(guests.values(), key=lambda guest: (guest["guest"], guest["uuid"]))


def _answers(result: Any) -> dict[str, Any]:
    return {verdict["uuid"]: verdict for verdict in (result or {}).get("verdicts") or ()}


def _row(
    guest: dict[str, Any],
    hosts: list[str],
    answers: dict[str, dict[str, Any]],
    checked: Mapping[str, Any],
    together: bool,
) -> dict[str, Any]:
    cells = {}
    for host in hosts:
        if host == guest["host"] and not together:
            continue
        verdict = answers[host].get(guest["uuid"])
        cells[host] = _unanswered(host, checked.get(host)) if verdict is None else _cell(verdict, together)
    good = [host for host, cell in cells.items() if cell["verdict"] in _GOOD]
    best = sorted(good, key=lambda host: (SEVERITIES.index(cells[host]["verdict"]), len(cells[host]["findings"]), host))
    return {"guest": guest["guest"], "uuid": guest["uuid"], "host": guest["host"], "cells": cells, "best": best}


def _cell(verdict: dict[str, Any], together: bool) -> dict[str, Any]:
    findings = [finding for finding in verdict["findings"] if together or not finding["batch"]]
    return {
        "verdict": verdict["verdict"] if together else verdict["alone"],
        "findings": [finding for finding in findings if finding["severity"] != OK],
    }


def _unanswered(host: str, result: Any) -> dict[str, Any]:
    """A host that says nothing may be as bad as any."""
    why = str((result or {}).get("msg") or "It gave no answer.").strip()
    finding = {
        "code": "DAEMON_UNREACHABLE" if (result or {}).get("unreachable") else "UNKNOWN",
        "severity": UNKNOWN,
        "sentence": f"{host} could not be looked at: {why}",
        "nic": None,
        "remediation": None,
    }
    return {"verdict": UNKNOWN, "findings": [finding]}


def _problems(rows: list[dict[str, Any]], found: Mapping[str, Any], destination: Optional[str]) -> list[str]:
    """Why there is no going on, a sentence for each guest."""
    problems = []
    if destination and destination not in found:
        problems.append(
            f"{destination} is none of the hosts of this play ({', '.join(sorted(found)) or 'there are none'})."
        )
    for row in rows:
        if destination:
            cell = row["cells"][destination]
            if cell["verdict"] not in _GOOD:
                problems.append(f"{row['guest']} cannot go to {destination}: {_first(cell)}")
        elif not row["best"]:
            reasons = "; ".join(f"{host}: {_first(cell)}" for host, cell in row["cells"].items())
            problems.append(f"{row['guest']} on {row['host']} can go nowhere: {reasons or 'there is no other host.'}")
    return problems


def _first(cell: dict[str, Any]) -> str:
    return str(cell["findings"][0]["sentence"]) if cell["findings"] else ""


def _repairs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What would repair the hosts, each once, by host and in the order of urgency. host: its name in the inventory."""
    found: dict[str, tuple[int, str, dict[str, Any]]] = {}
    for row in rows:
        for host, cell in row["cells"].items():
            for finding in cell["findings"]:
                repair = finding["remediation"]
                if repair is not None:
                    known = {"host": host, "module": repair["module"], "arguments": repair["arguments"]}
                    found.setdefault(repr(known), (-SEVERITIES.index(finding["severity"]), host, known))
    return [
        repair for _rank, _host, repair in sorted(found.values(), key=lambda item: (item[1], item[0], repr(item[2])))
    ]


def _table(rows: list[dict[str, Any]], hosts: list[str]) -> list[str]:
    if not rows:
        return ["There is no guest to judge."]
    lines = table(
        ["guest", "on", *hosts],
        [[row["guest"], row["host"], *(_shown(row["cells"].get(host)) for host in hosts)] for row in rows],
    )
    legend = ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items())
    return [*lines, f"({legend}, {HOME} where it is)"]


def _shown(cell: Optional[dict[str, Any]]) -> str:
    if cell is None:
        return HOME
    codes = list(dict.fromkeys(finding["code"] for finding in cell["findings"]))
    more = f" +{len(codes) - 1}" if len(codes) > 1 else ""
    return f"{MARKS[cell['verdict']]} {codes[0] if codes else 'ok'}{more}"


def _best(rows: list[dict[str, Any]], destination: Optional[str]) -> list[str]:
    if destination or not rows:
        return []
    return ["", "Best candidates:", *(f"  {row['guest']}: {', '.join(row['best']) or 'none'}" for row in rows)]


def _reasons(rows: list[dict[str, Any]]) -> list[str]:
    """Each reason once for all guests that it concerns, with what repairs it."""
    reasons: dict[tuple[Any, ...], list[str]] = {}
    repairs: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        for host, cell in row["cells"].items():
            for finding in cell["findings"]:
                key = (host, -SEVERITIES.index(finding["severity"]), finding["code"], finding["sentence"])
                names = reasons.setdefault(key, [])
                if row["guest"] not in names:
                    names.append(row["guest"])
                repairs[key] = finding["remediation"]
    lines = []
    for key in sorted(reasons):
        host, rank, code, sentence = key
        names = reasons[key]
        who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        lines.append(f"{MARKS[SEVERITIES[-rank]]} {host}: {code}: {sentence} ({who})")
        if repairs[key] is not None:
            lines.append(f"    repair: {repairs[key]['module']} {repairs[key]['arguments']}")
    return ["", "Reasons:", *lines] if lines else []


def _silent(found: Mapping[str, Any]) -> list[str]:
    """Hosts whose own guests are not known, so that the table may lack some."""
    return [
        f"? {host}: its own guests are not known: {str((found[host] or {}).get('msg') or 'it gave no answer').strip()}"
        for host in sorted(found)
        if "guests" not in (found[host] or {})
    ]
