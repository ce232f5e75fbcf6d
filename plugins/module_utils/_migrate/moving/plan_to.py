# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of guests that all go to one host: each when all others have come too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Optional

from ..answers import guest_answers
from ..choice import ACCEPTABLE
from ..finding import OK
from ..matrix import matrix_of_facts
from .arrivals import find_arrivals
from .steps import Results

# Hosts -> what virt_guest_info, or virt_network_info, returned there.


def plan_to(
    found: Results, facts: Results, destination: str, wanted: Collection[str], policy: Optional[Mapping[str, str]]
) -> dict[str, Any]:
    """steps and stays as migrate_rounds takes them; lines, the check as a table; problems, a sentence for each guest
    that stays. wanted: names or UUIDs; those at the destination need no step.

    Two guests that compete for the same thing both stay.
    """
    found = guest_answers(found)
    there = {guest["uuid"]: guest for guest in _guests(found.get(destination))}
    elsewhere = {host: result for host, result in found.items() if host != destination}
    arrived = {uuid for uuid, guest in there.items() if guest["running"] or uuid not in _uuids(elsewhere)}
    chosen = {host: _only(result, wanted, arrived) for host, result in found.items()}
    told = matrix_of_facts(chosen, facts, destination, policy)
    steps, stays = [], []
    for row in told["guests"]:
        cell = row["cells"][destination]
        who = {"guest": row["guest"], "uuid": row["uuid"]}
        if cell["verdict"] in ACCEPTABLE:
            steps.append({**who, "source": row["host"], "destination": destination, "after": [],
                          "verdict": cell["verdict"]})  # fmt: skip
        else:
            first = cell["findings"][0]
            repairs = [finding["remediation"] for finding in cell["findings"] if finding["remediation"] is not None]
            stays.append({**who, "host": row["host"], "code": first["code"], "sentence": first["sentence"],
                          "repairs": repairs})  # fmt: skip
    steps += [
        # Only its end is waited for.
        {"guest": one.guest, "uuid": one.uuid, "source": one.source, "destination": destination, "after": [],
         "verdict": OK}
        for one in find_arrivals(found).values()
        if one.destination == destination and (one.guest in wanted or one.uuid in wanted)
    ]  # fmt: skip
    known = {name for result in found.values() for guest in _guests(result) for name in (guest["name"], guest["uuid"])}
    stays += [
        {"guest": name, "code": "GUEST_MISSING", "sentence": "It is not on any host of this play."}
        for name in wanted
        if name not in known
    ]
    problems = [f"{stay['guest']} cannot migrate to {destination}: {stay['sentence']}" for stay in stays]
    return {"steps": steps, "stays": stays, "lines": told["lines"], "problems": problems}


def _guests(result: Any) -> list[Any]:
    return list((result or {}).get("guests") or ())


def _uuids(found: Results) -> set[str]:
    return {guest["uuid"] for result in found.values() for guest in _guests(result)}


def _only(result: Any, wanted: Collection[str], arrived: Collection[str]) -> Any:
    if "guests" not in (result or {}):
        return result
    guests = [
        guest
        for guest in result["guests"]
        if (guest["name"] in wanted or guest["uuid"] in wanted) and guest["uuid"] not in arrived
    ]
    return {**result, "guests": guests}
