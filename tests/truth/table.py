# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the check's word against reality, and shows both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lane import Result
from reality import Outcome
from scenario import Asked, Scenario

WIDTHS = (40, 8, 44, 60)
# Of scenarios that were drawn: the share of those that ran which may end so.
BOUNDS = {
    "wrong ok": 0.0,  # the guest is refused, or its traffic stops
    "too good": 0.0,  # ok, and it has less than it had
    "wrong warning": 0.01,
    "wrong blocked": 0.01,
    "unknown": 0.03,
    "broken": 0.0,
}
NOT_RUN = ("void", "broken")
# Codes that a gate may miss, by what it does not have (docs/gate.md). It has to refuse all others.
UNSEEN = {
    # what guests hold and have
    *("GUEST_EXISTS", "MAC_IN_USE", "LEASE_REFUSED", "MEMORY_SHORT", "PORT_IN_USE"),
    *("POOL_EXHAUSTED", "POOL_BATCH_EXHAUSTED", "POOL_MEMBER_BUSY", "POOL_MEMBER_MISSING"),
    # the settings of the migration
    *("MIGRATION_ADDRESS", "MIGRATION_FIREWALL", "MIGRATION_HOST", "MIGRATION_PORTS", "MIGRATION_TLS"),
    # the guest's own host
    *("SAME_HOST", "KNOWN_FAULT", "NWFILTER_DIFFERS", "VPORT_MISMATCH", "MTU_TOO_SMALL", "VLAN_DIFFERS"),
    *("UPLINK_MISSING", "UPLINK_NO_CARRIER", "NET_REACH_DIFFERS", "SUBNET_DIFFERS", "ROUTE_MISSING"),
    *("FIREWALL_DROPS", "NAT_UNREACHABLE", "NO_ARP"),
    # what is looked up for one guest
    *("CPU_INCOMPATIBLE", "DISK_UNREACHABLE", "FILE_MISSING", "FILE_SIZE_DIFFERS", "LIBVIRT_REFUSES"),
    *("PORT_UNANSWERED", "GRAPHICS_UNAVAILABLE", "MACHINE_UNSUPPORTED", "DEVICE_PINNED"),
}
BADNESS = ("ok", "warning", "unknown", "blocked", "none")


@dataclass
class Row:
    name: str
    verdict: str
    codes: list[str]
    outcome: Outcome
    faults: list[str]


def report(
    results: Sequence[Result],
    unusable: Sequence[tuple[Path, str]],
    left_out: Sequence[tuple[Scenario, list[str]]],
    seconds: float,
) -> int:
    """Print what is not in the rows already; returns the exit status."""
    faults = [wrong for result in results if (wrong := _wrong(result))]
    agree = len(results) - len(faults)
    faults += [[f"{path.stem}: {words}"] for path, words in unusable]
    for scenario, lacks in left_out:
        print(f"not run: {scenario.key}: this machine lacks {', '.join(lacks)}")
    for wrong in faults:
        for line in wrong:
            print(f"DISAGREE {line}")
    if not results:
        print("no scenario ran")
    shares = {step: sum(result.seconds.get(step, 0) for result in results) for step in ("begin", "modules", "end")}
    print(
        f"{len(results)} scenarios in {seconds:.0f} seconds: setting up {shares['begin']:.0f}, "
        f"the modules {shares['modules']:.0f}, migrating and looking {shares['end']:.0f}"
    )
    print(f"{agree} agree, {len(faults)} disagree")
    return 0 if results and not faults else 1


def drawn(results: Sequence[Result], seconds: float) -> int:
    """The sum of scenarios that were drawn, which expect nothing; returns the exit status."""
    kinds: Counter[str] = Counter()
    for result in results:
        for kind, lines in _judged(result):
            kinds[kind] += 1
            for line in lines:
                print(f"{kind.upper()} {line}")
    ran = sum(number for kind, number in kinds.items() if kind not in NOT_RUN)
    print(
        f"{len(results)} scenarios in {seconds:.0f} seconds: {', '.join(f'{n} {k}' for k, n in sorted(kinds.items()))}"
    )
    bad = [kind for kind, share in BOUNDS.items() if kinds[kind] > share * ran]
    if bad or not ran:
        print(f"too many: {', '.join(bad) or 'not one ran'}")
    return 1 if bad or not ran else 0


def gate(results: Sequence[Result], unusable: Sequence[tuple[Path, str]]) -> int:
    """What the gates refused, against the check's verdicts; returns the exit status."""
    counts: Counter[str] = Counter()
    passed: dict[str, list[str]] = {}
    faults = [f"UNUSABLE {path.stem}: {words}" for path, words in unusable]
    for result in results:
        if result.broken:
            faults.append(f"BROKEN {result.scenario.key}: {result.broken}")
            continue
        for row, asked in zip(_rows(result), result.scenario.guests):
            refused = asked.name in result.gated
            counts[f"{row.verdict}: {'refused' if refused else 'passed'}"] += 1
            codes = _blocking(result, asked.name)
            accepted = row.outcome.libvirt == "accepted"
            if row.verdict == "none":
                faults.append(f"BROKEN {row.name}: the check gave no verdict")
            elif refused and row.verdict != "blocked":
                faults.append(f"REFUSED {row.name}: the verdict is {row.verdict}")
            elif not refused and accepted and set(codes) - UNSEEN:
                faults.append(f"PASSED {row.name}: {' '.join(sorted(set(codes) - UNSEEN))}")
            if row.verdict == "blocked" and not refused:
                came = "accepted" if accepted else "refused by libvirt"
                passed.setdefault(f"{came}: {' '.join(codes)}", []).append(row.name)
    for key, number in sorted(counts.items()):
        print(f"{number:4} {key}")
    for key, names in sorted(passed.items()):
        print(f"{len(names):4} blocked and passed, {key} ({', '.join(names)})")
    for fault in faults:
        print(fault)
    if not counts["blocked: refused"]:
        print("no guest was refused")
    print(f"{sum(counts.values())} guests, {len(faults)} faults")
    return 0 if counts["blocked: refused"] and not faults else 1


def _blocking(result: Result, guest: str) -> list[str]:
    said = next((one for one in result.checked.get("verdicts") or [] if one.get("guest") == guest), {})
    return sorted({one["code"] for one in said.get("findings", []) if one["severity"] == "blocked"})


def _judged(result: Result) -> Iterator[tuple[str, list[str]]]:
    key = f"{result.scenario.key} ({result.scenario.name})"
    if result.broken:
        yield ("void" if result.broken.startswith("void") else "broken"), [f"{key}: {result.broken}"]
        return
    for row in _rows(result):
        kind = _kind(row)
        yield kind, [] if kind == "agree" else [f"{key}: {row.verdict} {' '.join(row.codes)}", *row.faults]


def _kind(row: Row) -> str:
    if row.verdict == "none":
        return "broken"
    if not row.faults:
        return "agree"
    if row.verdict == "unknown":
        return "unknown"
    if row.outcome.verdict == "blocked":
        return "wrong ok"
    return f"wrong {row.verdict}" if row.verdict != "ok" else "too good"


def heading() -> None:
    print(_line("scenario", "verdict", "codes", "libvirt's answer", "kept its network"), flush=True)


def show(result: Result) -> None:
    """The rows of one scenario, as soon as it is through."""
    for row in _rows(result):
        print(_line(row.name, row.verdict, " ".join(row.codes), row.outcome.libvirt, row.outcome.kept), flush=True)


def _wrong(result: Result) -> list[str]:
    if result.broken:
        return [f"{result.scenario.key}: could not be run: {result.broken}"]
    return [f"{row.name}: {fault}" for row in _rows(result) for fault in row.faults]


def reality(results: Sequence[Result]) -> None:
    for result in results:
        if result.broken:
            print(f"{result.scenario.key}: BROKEN {result.broken}")
        for asked, outcome in zip(result.scenario.guests, result.outcomes):
            wanted = expected(result.scenario, asked).get("verdict")
            mark = "" if wanted in (None, "unknown", outcome.verdict) else f"  (expected {wanted})"
            print(f"{result.scenario.key} {asked.name}: {outcome.verdict}{mark}: {outcome.libvirt}")
            for reason in outcome.reasons:
                print(f"    {reason}")


def expected(scenario: Scenario, asked: Asked) -> dict[str, Any]:
    """A guest's own expectation, or that of the scenario."""
    return asked.expect or scenario.expect


def _line(name: str, verdict: str, codes: str, answer: str, kept: str) -> str:
    cells = [name, verdict, codes, answer]
    return " | ".join(f"{cell[:width]:{width}}" for cell, width in zip(cells, WIDTHS)) + f" | {kept}"


def _rows(result: Result) -> list[Row]:
    if result.broken:
        return [Row(result.scenario.key, "-", [], Outcome("-", result.broken, "-"), [])]
    said = {str(one.get("guest")): one for one in result.checked.get("verdicts") or []}
    several = len(result.scenario.guests) > 1
    rows = []
    for asked, outcome in zip(result.scenario.guests, result.outcomes):
        judged = said.get(asked.name, {})
        name = f"{result.scenario.key} {asked.name}" if several else result.scenario.key
        codes = list(dict.fromkeys(finding["code"] for finding in judged.get("findings", [])))
        verdict = judged.get("verdict", "none")
        faults = _against_reality(judged, outcome, result) + _against(asked.expect, verdict, codes)
        if verdict == "none":
            faults.append(f"    the modules said: {_said(result.gathered)}; {_said(result.checked)}")
        rows.append(Row(name, verdict, codes, outcome, faults))
    worst = max((row.verdict for row in rows), key=BADNESS.index)
    rows[-1].faults += _against(result.scenario.expect, worst, [code for row in rows for code in row.codes])
    if any(row.faults for row in rows):
        rows[-1].faults += [
            f"    {one['guest']}: {finding['code']} {finding['severity']}: {finding['sentence']}"
            for one in said.values()
            for finding in one.get("findings", [])
        ]
    return rows


def _said(answer: dict[str, Any]) -> str:
    return f"{answer.get('code', '')} {answer.get('msg', '')} {answer.get('module_stderr', '')}".strip()[:1000] or "-"


def _against_reality(judged: dict[str, Any], outcome: Outcome, result: Result) -> list[str]:
    verdict = judged.get("verdict", "none")
    if verdict == outcome.verdict or (verdict == "unknown" and result.scenario.expect.get("verdict") == "unknown"):
        # What could not be looked at is neither right nor wrong, where the scenario says that it could not.
        return []
    if _lost_to_another(judged, outcome) and any(one.verdict == "blocked" for one in result.outcomes):
        return []
    why = "; ".join(outcome.reasons)
    return [f"the verdict is {verdict}, reality is {outcome.verdict}" + (f" ({why})" if why else "")]


def _lost_to_another(judged: dict[str, Any], outcome: Outcome) -> bool:
    """Of guests that want the same thing the first gets it. The check cannot know the order and blocks them all; that
    is right when the guest came in and another one of them did not."""
    return judged.get("alone") == outcome.verdict and any(one.get("batch") for one in judged.get("findings", []))


def _against(expect: dict[str, Any], verdict: str, codes: list[str]) -> list[str]:
    found = []
    if "verdict" in expect and verdict != expect["verdict"]:
        found.append(f"the verdict is {verdict}, expected was {expect['verdict']}")
    found += [f"{code} is not among the findings" for code in expect.get("codes", []) if code not in codes]
    found += [f"{code} is among the findings" for code in expect.get("without", []) if code in codes]
    return found
