# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each tap of a network was cut off during its replug, and what to expect of that before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

from .bypass import has_bypass
from .duration import seconds
from .replug import is_replug
from .step import ATTACH, DESTROY, MOVE, START, Plan

# A tap that moves from one bridge to another took 2 to 12 ms with libvirt 9.0 and 11.3 on an idle machine, and twice
# that where libvirt itself moves it.
_MOVE_MS = 50.0


class Gap(NamedTuple):
    """Milliseconds, towards the host and towards other guests."""

    host: float
    guests: float


@dataclass
class Gaps:
    """Of one network. spans: for each tap, when it left a bridge, None if it was in none, and came into the next; all
    times in seconds of one clock."""

    stopped: float = 0.0
    joined: Optional[float] = None
    spans: dict[str, list[tuple[Optional[float], float]]] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)

    def add(self, moved: Mapping[str, tuple[Optional[float], float]]) -> None:
        for tap, (out, back) in moved.items():
            self.spans.setdefault(tap, []).append((out, back))

    def measured(self) -> dict[str, Gap]:
        """For each tap that was put back."""
        return {tap: self._of(tap, spans) for tap, spans in self.spans.items()}

    def _of(self, tap: str, spans: Sequence[tuple[Optional[float], float]]) -> Gap:
        moves = [(out, back) for out, back in spans if out is not None]
        if self.joined is None or len(moves) < len(spans):
            since_stop = _ms(spans[-1][1] - self.stopped)
            return Gap(since_stop, since_stop)
        longest = max(back - out for out, back in moves)
        # An isolated port of the bypass does not reach what is beyond it.
        host = moves[-1][1] - moves[0][0] if tap in self.isolated else self.joined - self.stopped
        return Gap(_ms(max(host, longest)), _ms(longest))


def _ms(duration: float) -> float:
    return round(duration * 1000, 1)


def expected_gaps(plan: Plan) -> dict[str, Any]:
    """For results: about how long guests will be cut off, in milliseconds; empty where none will be."""
    if not is_replug(plan) or not any(step.action in (ATTACH, MOVE) for step in plan.steps):
        return {}
    first = next(place for place, step in enumerate(plan.steps) if step.action == DESTROY)
    host = _until_back(plan, first)
    return {"host_ms": host, "guests_ms": _MOVE_MS if has_bypass(plan) else host}


def _until_back(plan: Plan, first: int) -> float:
    """With a bypass, guests reach the host through that before they are back."""
    steps = plan.steps[first:]
    ends = (START,) if has_bypass(plan) else (ATTACH, MOVE)
    last = max(place for place, step in enumerate(steps) if step.action in ends)
    return round(seconds(steps[: last + 1]) * 1000)
