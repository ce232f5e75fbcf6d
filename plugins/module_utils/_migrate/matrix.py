# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests by hosts: who could go where, and why not. What is known of all hosts, put together for people and for plays.

The cells come from verdicts that hosts gave themselves, or are judged here, once, from the facts that hosts gathered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Optional, TypedDict

from .._fleet.lines import alike, fold_names, natural_order
from .._model.errors import VirtfleetError
from .answers import fact_answers, guest_answers, report_silence, verdict_answers
from .choice import ACCEPTABLE
from .destination_facts import DestinationFacts, read_destination
from .finding import OK, Finding, RepairOfHost, ShownFinding, rank_of, worst_of
from .guest_facts import CheckedGuest, load_guests
from .matrix_words import (
    Cell,
    Row,
    describe_finding,
    distinct_findings,
    finding_key,
    reason_lines,
    silent_lines,
    table_lines,
)
from .moving.arrivals import is_arriving
from .verdicts import AnyGuest, Judgement, Policy, Verdict, judge_guests, sort_findings


class Matrix(TypedDict):
    guests: list[Row]
    repairs: list[RepairOfHost]
    problems: list[str]
    lines: list[str]


class _Home(NamedTuple):
    """A guest and the host that it is on; described: as that host describes it."""

    guest: str
    uuid: str
    host: str
    described: dict[str, Any]


# (UUID of a guest, name of a host in the inventory) -> its cell, None where the host said nothing about the guest.
FindCell = Callable[[str, str], Optional[Cell]]


def matrix_of_verdicts(
    found: Mapping[str, Any], checked: Mapping[str, Any], destination: Optional[str] = None
) -> Matrix:
    """found, checked: host -> what virt_guest_info and virt_migrate_check returned there, or why they did not (msg).

    destination: the one host that was asked for; there all guests come together, elsewhere each is for itself.
    Returns guests (each with guest, uuid, host, cells by host, best), repairs, problems and lines. Never raises: a
    host whose answer has another form is unknown.
    """
    found, checked = guest_answers(found), verdict_answers(checked)
    hosts = [destination] if destination else sorted(checked, key=natural_order)
    answers = {host: _verdicts_by_uuid(checked.get(host)) for host in hosts}
    cell_of = _cell_together if destination else _cell_alone

    def find_cell(uuid: str, host: str) -> Optional[Cell]:
        verdict = answers[host].get(uuid)
        return None if verdict is None else cell_of(verdict)

    return _matrix(found, _silent_cells(hosts, checked, {}), find_cell, destination)


def matrix_of_facts(
    found: Mapping[str, Any],
    facts: Mapping[str, Any],
    destination: Optional[str] = None,
    policy: Optional[Policy] = None,
) -> Matrix:
    """The same, judged here. facts: host -> what virt_network_info returned there, or why it did not (msg)."""
    found, facts = guest_answers(found), fact_answers(facts)
    hosts = [destination] if destination else sorted(facts, key=natural_order)
    guests = {home.uuid: _with_names(home.described, facts.get(home.host)) for home in _homes(found)}
    cells: dict[str, dict[str, Cell]] = {}
    read = dict(zip(guests, load_guests(guests.values())))
    answers: dict[str, Any] = dict(facts)
    judge = _judge_together if destination else _judge_each
    for host in hosts:
        if "networks" in (facts.get(host) or {}):
            try:
                cells[host] = judge(read_destination(facts[host]), read, policy or {})
            except VirtfleetError as error:
                answers[host] = {"msg": error.sentence}
    silent = _silent_cells(hosts, answers, policy or {})
    return _matrix(found, silent, lambda uuid, host: cells.get(host, {}).get(uuid), destination)


def _with_names(guest: dict[str, Any], home: Any) -> dict[str, Any]:
    """The guest as described, with what its host says of the names of other hosts, and of the way to them."""
    names = (home or {}).get("names")
    if not names or not guest.get("host"):
        return guest
    migration = home["host"].get("migration") or {}
    ways = {key: migration.get(key) for key in ("departures", "own_addresses")}
    return {**guest, "host": {**guest["host"], "resolves": names, **ways}}


def _judge_together(host: DestinationFacts, guests: Mapping[str, AnyGuest], policy: Policy) -> dict[str, Cell]:
    """UUID -> cell."""
    verdicts = judge_guests(list(guests.values()), host, policy)["verdicts"]
    return {uuid: _cell_together(verdict) for uuid, verdict in zip(guests, verdicts)}


def _judge_each(host: DestinationFacts, guests: Mapping[str, AnyGuest], policy: Policy) -> dict[str, Cell]:
    """The same, as if no other guest came. Guests with the same findings share a cell, so that a large fleet fits into
    memory."""
    judgement, shared = Judgement(host), _SharedCells(host.name)
    return {uuid: shared.cell(guest, judgement.judge(guest), policy) for uuid, guest in guests.items()}


class _SharedCells:
    """Equal cells and findings of one host are one object each."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._cells: dict[tuple[int, ...], Cell] = {}
        self._findings: dict[tuple[str, str, str], ShownFinding] = {}

    def cell(self, guest: AnyGuest, found: list[Finding], policy: Policy) -> Cell:
        applied = policy if isinstance(guest, CheckedGuest) else {}
        rated = [pair for pair in sort_findings(found, applied) if pair[1] != OK]
        shown = [self._show(guest, finding, severity) for finding, severity in rated]
        # The findings live as long as this, so that their ids tell them apart.
        key = tuple(map(id, shown))
        if key not in self._cells:
            self._cells[key] = {"verdict": worst_of(severity for _finding, severity in rated), "findings": shown}
        return self._cells[key]

    def _show(self, guest: AnyGuest, finding: Finding, severity: str) -> ShownFinding:
        nic = guest.shown[finding.nic] if finding.nic is not None and isinstance(guest, CheckedGuest) else None
        key = (finding.identity, severity, "" if nic is None else str(nic["mac"]))
        if key not in self._findings:
            self._findings[key] = finding.as_dict(self._host, severity, nic)
        return self._findings[key]


def _silent_cells(hosts: Iterable[str], answers: Mapping[str, Any], policy: Policy) -> dict[str, Cell]:
    return {host: _silent_cell(host, answers.get(host), policy) for host in hosts}


def _matrix(
    found: Mapping[str, Any], silent: Mapping[str, Cell], find_cell: FindCell, destination: Optional[str]
) -> Matrix:
    """silent: what a host's cells are that has no verdict of a guest."""
    hosts = list(silent)
    rows: list[Row] = []
    for home in _homes(found):
        cells = {host: find_cell(home.uuid, host) or silent[host] for host in hosts if destination or host != home.host}
        good = [host for host, cell in cells.items() if cell["verdict"] in ACCEPTABLE]
        # Equally good hosts stay in natural order.
        best = sorted(good, key=lambda host: (rank_of(cells[host]["verdict"]), len(cells[host]["findings"])))
        rows.append({"guest": home.guest, "uuid": home.uuid, "host": home.host, "cells": cells, "best": best})
    return {
        "guests": rows,
        "repairs": _repairs(rows),
        "problems": _problems(rows, found, destination),
        "lines": [*table_lines(rows, hosts, destination), *reason_lines(rows), *silent_lines(found)],
    }


def _homes(found: Mapping[str, Any]) -> list[_Home]:
    """Every guest, with the host that it is on. One that is defined on several is where it runs, and until the end of
    its migration where it comes from."""
    guests: dict[str, _Home] = {}
    for host in sorted(found):
        for guest in (found[host] or {}).get("guests") or ():
            known = guests.get(guest["uuid"])
            if known is None or _is_there_more(guest, known.described):
                guests[guest["uuid"]] = _Home(guest["name"], guest["uuid"], host, guest)
    return sorted(guests.values(), key=lambda home: (natural_order(home.guest), home.uuid))


def _is_there_more(guest: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Of the same guest as two hosts describe it."""
    ranks = [2 * bool(one["running"]) - is_arriving(one) for one in (guest, other)]
    return ranks[0] > ranks[1]


def _verdicts_by_uuid(result: Any) -> dict[str, Verdict]:
    return {verdict["uuid"]: verdict for verdict in (result or {}).get("verdicts") or ()}


def _cell_together(verdict: Verdict) -> Cell:
    return _cell(verdict["verdict"], verdict["findings"])


def _cell_alone(verdict: Verdict) -> Cell:
    """As if no other guest came."""
    return _cell(verdict["alone"], [finding for finding in verdict["findings"] if not finding["batch"]])


def _cell(severity: str, findings: list[ShownFinding]) -> Cell:
    return {"verdict": severity, "findings": [finding for finding in findings if finding["severity"] != OK]}


def _silent_cell(host: str, result: Any, policy: Policy) -> Cell:
    found = report_silence(result)
    severity = policy.get(found.code, found.severity)
    return {"verdict": severity, "findings": [found.as_dict(host, severity, None)]}


def _problems(rows: list[Row], found: Mapping[str, Any], destination: Optional[str]) -> list[str]:
    """Why there is no going on, a sentence for each guest."""
    problems = []
    if destination and destination not in found:
        hosts = fold_names(found) or "none"
        problems.append(f"{destination} is not among the hosts of this play ({hosts}).")
    for row in rows:
        if destination:
            cell = row["cells"][destination]
            if cell["verdict"] not in ACCEPTABLE:
                problems.append(f"{row['guest']} cannot migrate to {destination}: {_first_sentence(cell)}")
        elif not row["best"]:
            firsts = {host: cell["findings"][0] for host, cell in row["cells"].items() if cell["findings"]}
            reasons = "; ".join(
                f"{fold_names(names)}: {describe_finding(firsts[names[0]], names)}"
                for _key, names in alike((finding_key(finding), host) for host, finding in firsts.items())
            )
            problems.append(
                f"{row['guest']} on {row['host']} cannot migrate to any host: {reasons or 'there is no other host.'}"
            )
    return problems


def _first_sentence(cell: Cell) -> str:
    return str(cell["findings"][0]["sentence"]) if cell["findings"] else ""


def _repairs(rows: list[Row]) -> list[RepairOfHost]:
    """What would repair the hosts, each once, by host and in the order of urgency. host: its name in the inventory."""
    found: dict[str, tuple[str, int, str, RepairOfHost]] = {}
    for host, finding, _guests in distinct_findings(rows):
        repair = finding["remediation"]
        if repair is not None:
            known: RepairOfHost = {"host": host, "module": repair["module"], "arguments": repair["arguments"]}
            key = repr(known)
            found.setdefault(key, (host, -rank_of(finding["severity"]), key, known))
    return [known for _host, _rank, _key, known in sorted(found.values(), key=lambda item: item[:3])]
