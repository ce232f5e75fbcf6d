# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's steps, arranged in rounds of those that run at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..._fleet.lines import columns
from ..decode import DataError, read_record

# Results of a task, by the host that it was run on.
Results = Mapping[str, Any]

# Reasons of migrate_plan, for people.
_WHY = {"leaves": "leaves its host", "makes_room": "makes room for others", "detour": "moves on later"}


@dataclass(frozen=True)
class PlanStep:
    """One guest's move. after: indexes of the steps that it waits for; why, changes: for people."""

    guest: str
    source: str
    destination: str
    after: tuple[int, ...] = ()
    uuid: Optional[str] = None
    verdict: Optional[str] = None
    why: Optional[str] = None
    changes: Any = None

    @property
    def key(self) -> str:
        """By which hosts are asked for the guest."""
        return self.uuid or self.guest


def read_steps(plan: Any) -> tuple[PlanStep, ...]:
    """Raises DataError."""
    if not isinstance(plan, Mapping) or "steps" not in plan:
        raise DataError("", "lacks steps")
    steps: tuple[PlanStep, ...] = tuple(
        read_record(PlanStep, step, f"steps[{place}]") for place, step in enumerate(plan["steps"])
    )
    for place, step in enumerate(steps):
        wrong = [number for number in step.after if not 0 <= number < len(steps) or number == place]
        if wrong:
            raise DataError("", f"has step {place} after step {wrong[0]}, which does not exist")
        if step.source == step.destination:
            raise DataError("", f"has step {place} from {step.source} to {step.destination}")
    return steps


def waits_for(steps: Sequence[PlanStep]) -> list[set[int]]:
    """For each step those that must have succeeded before it: of its after, and earlier moves of the same guest."""
    return [
        {*step.after, *(earlier for earlier in range(place) if steps[earlier].key == step.key)}
        for place, step in enumerate(steps)
    ]


def arrange_rounds(steps: Sequence[PlanStep], per_host: int, at_once: int) -> list[list[int]]:
    """Indexes of the steps of each round. A step comes in the first round that has room for it after all that it waits
    for. per_host, at_once: moves of one round that leave or enter one host, and of all hosts.

    Raises DataError when steps wait for each other.
    """
    needs, rounds, done = waits_for(steps), [], set[int]()
    while len(done) < len(steps):
        busy: Counter[str] = Counter()
        chosen: list[int] = []
        for place, step in enumerate(steps):
            ends = (step.source, step.destination)
            free = len(chosen) < at_once and all(busy[host] < per_host for host in ends)
            if place not in done and needs[place] <= done and free:
                chosen.append(place)
                busy.update(ends)
        if not chosen:
            stuck = sorted(set(range(len(steps))) - done)
            raise DataError("", f"has steps that wait for each other: {', '.join(map(str, stuck))}")
        rounds.append(chosen)
        done.update(chosen)
    return rounds


def describe_round(steps: Sequence[PlanStep], chosen: Sequence[int]) -> dict[str, Any]:
    """Its steps, guests, sources and destinations, for plays."""
    here = [steps[place] for place in chosen]
    return {
        "steps": list(chosen),
        "guests": [step.key for step in here],
        "sources": sorted({step.source for step in here}),
        "destinations": sorted({step.destination for step in here}),
    }


def show_plan(plan: Any, steps: Sequence[PlanStep], rounds: Sequence[Sequence[int]]) -> list[str]:
    """A table for people, and what stays."""
    when = {place: number for number, chosen in enumerate(rounds, 1) for place in chosen}
    rows = [
        [
            step.guest,
            step.source,
            step.destination,
            str(when[place]),
            _WHY.get(step.why or "", step.why or ""),
            say(step.changes),
        ]
        for place, step in sorted(enumerate(steps), key=lambda pair: (when[pair[0]], pair[0]))
    ]
    head = ["guest", "from", "to", "round", "why", "changes"]
    lines = columns(head, rows) if rows else ["No guest has to move."]
    lines += [line for stay in plan.get("stays") or () for line in _say_stay(stay)]
    if plan.get("optimal") is False:
        lines.append("It is not proven that this is the best plan.")
    return lines


def _say_stay(stay: Mapping[str, Any]) -> list[str]:
    repairs = [f"    repair: {one['module']} {one['arguments']} on {one['host']}" for one in stay.get("repairs") or ()]
    additions = [f"    would be enough: {one['sentence']}" for one in stay.get("additions") or ()]
    return [describe_stay(stay), *repairs, *additions]


def describe_stay(stay: Mapping[str, Any]) -> str:
    return f"{stay.get('guest')} stays: {say(stay.get('sentence'))}"


def say(value: Any) -> str:
    """A text, or a list of them, in one line."""
    if isinstance(value, (list, tuple)):
        return " ".join(say(item) for item in value)
    return "" if value is None else " ".join(str(value).split())
