# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of guests that all go to one host: each when all others have come too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Optional

from ..finding import OK, WARNING
from ..matrix import matrix_of_facts

# Hosts -> what virt_guest_info, or virt_network_info, returned there.
Results = Mapping[str, Any]


def plan_to(
    found: Results, facts: Results, destination: str, wanted: Collection[str], policy: Optional[Mapping[str, str]]
) -> dict[str, Any]:
    """steps and stays as migrate_rounds takes them. wanted: names or UUIDs; those at the destination need no step.

    Two guests that compete for the same thing both stay.
    """
    chosen = {host: _of(result, wanted) for host, result in found.items()}
    rows = matrix_of_facts(chosen, facts, destination, policy)["guests"]
    steps, stays = [], []
    for row in rows:
        cell = row["cells"][destination]
        ends = {"guest": row["guest"], "uuid": row["uuid"], "source": row["host"]}
        if row["host"] == destination:
            continue
        if cell["verdict"] in (OK, WARNING):
            changes = [finding["sentence"] for finding in cell["findings"]]
            steps.append({**ends, "destination": destination, "after": [], "verdict": cell["verdict"],
                          "why": f"only {destination} was asked for", "changes": changes})  # fmt: skip
        else:
            first = cell["findings"][0]
            stays.append({**ends, "reason": first["sentence"], "repair": _repair(first)})
    names = {name for row in rows for name in (row["guest"], row["uuid"])}
    stays += [{"guest": name, "reason": "It is on none of the hosts."} for name in wanted if name not in names]
    return {"steps": steps, "stays": stays}


def _of(result: Any, wanted: Collection[str]) -> Any:
    if "guests" not in (result or {}):
        return result
    guests = [guest for guest in result["guests"] if guest["name"] in wanted or guest["uuid"] in wanted]
    return {**result, "guests": guests}


def _repair(finding: Mapping[str, Any]) -> Optional[str]:
    repair = finding["remediation"]
    return None if repair is None else f"{repair['module']} {repair['arguments']} on {repair['host']}"
