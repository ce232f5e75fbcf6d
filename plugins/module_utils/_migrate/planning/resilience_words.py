# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What binds a fleet, in words: the only place that makes these sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._fleet.lines import columns, paragraph
from ..finding import UNKNOWN
from ..matrix_words import MARKS
from .fleet import APART, UNIQUE
from .shortage import ADDABLE
from .words import quantity

_SHOWN = 3
_HEAD = ["host", "guests", "verdict", "stay", "obstacles"]


def problem(row: Mapping[str, Any]) -> str:
    """Of a host that is blocked or unknown."""
    if row["guests"] is None:
        return f"{row['host']}: its guests are unknown: {row['reason']}"
    stay, what = len(row["stays"]), "; ".join(_bind(one) for one in row["binds"])
    known = "may not be able to" if row["verdict"] == UNKNOWN else "cannot"
    return f"{row['host']}: {stay} of {row['guests']} guests {known} go to other hosts: {what}."


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table, then what would be enough for each host."""
    additions = [f"{row['host']}: {one['sentence']}" for row in rows for one in row["additions"]]
    enough = [line for addition in additions for line in paragraph(addition, 2, 2)]
    table = columns(_HEAD, [_cells(row) for row in rows])
    return [*table, *(["", "This would be enough:", *enough] if enough else [])]


def _cells(row: Mapping[str, Any]) -> list[str]:
    verdict = f"{MARKS[row['verdict']]} {row['verdict']}"
    if row["guests"] is None:
        return [row["host"], "?", verdict, "?", row["reason"]]
    stay = str(len(row["stays"])) if row["stays"] else ""
    return [row["host"], str(row["guests"]), verdict, stay, "; ".join(_bind(one) for one in row["binds"])]


def _bind(one: Mapping[str, Any]) -> str:
    guests = one["guests"]
    more = f" and {len(guests) - _SHOWN} more" if len(guests) > _SHOWN else ""
    return f"{_cause(one)} ({', '.join(guests[:_SHOWN])}{more})"


def _cause(one: Mapping[str, Any]) -> str:
    if one["kind"] in ADDABLE:
        return f"short by {quantity(one['kind'], one['name'], one['amount'])}"
    if one["kind"] == APART:
        return "must not share a host with a guest there"
    return f"{one['name']} is taken" if one["kind"] == UNIQUE else str(one["kind"])
