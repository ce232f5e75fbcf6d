# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a round: what became of each of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..._fleet.lines import columns
from ..._model.move import OFFLINE
from ..after_migration import compare_after_migration
from ..decode import DataError
from ..guest_facts import load_guest
from .recheck import BROKEN, FAILED, GOOD, MOVE, MOVED, UNKNOWN, find_described
from .steps import PlanStep, Results, describe_stay

# Host -> a module's result there.


def judge_outcome(
    steps: Sequence[PlanStep], orders: Sequence[Mapping[str, Any]], before: Results, moved: Results, after: Results
) -> list[dict[str, Any]]:
    """For each order: step, guest, source, destination, status, code, sentence, nics (a line for each) and statistics.

    before, after: of virt_guest_info; moved: of virt_migrate on the sources.
    """
    outcomes = []
    for order in orders:
        outcome = {name: order.get(name) for name in ("step", "guest", "uuid", "source", "destination")}
        outcome.update(status=order["do"], code=order.get("code"), sentence=order.get("sentence"), nics=[])
        outcome["statistics"] = {}
        if order["do"] == MOVE:
            outcome.update(_outcome(steps[order["step"]], order, moved, (before, after)))
        outcomes.append(outcome)
    return outcomes


def _outcome(
    step: PlanStep, order: Mapping[str, Any], moved: Results, looks: tuple[Results, Results]
) -> dict[str, Any]:
    before, after = looks
    told = _migration_of(moved.get(step.source), order)
    now = find_described(after.get(step.destination), step)
    was = find_described(before.get(step.source), step)
    if told is not None and told.get("failed"):
        return {"status": FAILED, "code": told.get("code"), "sentence": told.get("sentence")}
    if now is None or (order["move"]["mode"] != OFFLINE and not now["running"]):
        return _lost(step, told, moved.get(step.source), after.get(step.destination))
    statistics = {} if told is None else told.get("statistics") or {}
    try:
        kept = compare_after_migration(load_guest(was), load_guest(now))
    except DataError as error:
        sentence = f"The description of {step.guest} {error.problem}."
        return {"status": UNKNOWN, "code": "UNKNOWN", "sentence": sentence, "statistics": statistics}
    if kept["broken"]:
        status: dict[str, Any] = {"status": BROKEN, "code": "NETWORK_LOST", "sentence": " ".join(kept["broken"])}
    else:
        status = {"status": MOVED, "code": None, "sentence": None}
    return {**status, "nics": kept["lines"], "statistics": statistics}


def _migration_of(result: Any, order: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    for one in (result or {}).get("migrations") or ():
        if one["guest"] in (order.get("uuid"), order["guest"]):
            found: Mapping[str, Any] = one
            return found
    return None


def _lost(step: PlanStep, told: Optional[Mapping[str, Any]], result: Any, look: Any) -> dict[str, Any]:
    """The guest is not seen at its destination."""
    if told is None:
        reason = " ".join(str((result or {}).get("msg") or "no result").split())
        code = (result or {}).get("code") or "HOST_SILENT"
        return {"status": FAILED, "code": code, "sentence": f"{step.source} did not migrate {step.guest}: {reason}"}
    if "guests" not in (look or {}):
        reason = " ".join(str((look or {}).get("msg") or "no result").split())
        sentence = f"{step.guest} migrated; {step.destination} has not answered since: {reason}"
        return {"status": UNKNOWN, "code": "HOST_SILENT", "sentence": sentence}
    sentence = f"{step.guest} migrated to {step.destination} but does not run there now."
    return {"status": FAILED, "code": "GUEST_OFF", "sentence": sentence}


def show_outcome(outcomes: Sequence[Mapping[str, Any]], stays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """lines, a table for people, and problems, a sentence for each guest that did not reach its destination."""
    rows = []
    for one in sorted(outcomes, key=lambda outcome: int(outcome["step"])):
        downtime = one["statistics"].get("downtime_ms")
        took = one["statistics"].get("total_ms")
        times = ["" if took is None else f"{took / 1000:.1f} s", "" if downtime is None else f"{downtime} ms"]
        note = " ".join(filter(None, (one["code"], one["sentence"])))
        rows.append([one["guest"], one["source"], one["destination"], one["status"], *times, note])
    head = ["guest", "from", "to", "result", "took", "downtime", "why"]
    problems = [f"{one['guest']}: {one['sentence']}" for one in outcomes if one["status"] not in GOOD]
    return {
        "lines": columns(head, rows) if rows else ["No guest had to move."],
        "problems": problems + [describe_stay(stay) for stay in stays],
    }
