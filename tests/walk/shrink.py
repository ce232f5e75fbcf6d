# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the list of actions that leads to a finding short."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any, Optional

from actions import Action
from walk import Finding, Walk

Still = Callable[[list[Action]], Optional[Finding]]


def shrink(walk: Walk, found: Finding, seconds: float) -> Finding:
    """The finding with actions left out, and then options of the last one, as long as one of its faults stays; at most
    that long."""
    until = time.monotonic() + seconds

    def still(actions: list[Action]) -> Finding | None:
        try:
            again = walk.again(actions, found.seed) if time.monotonic() < until else None
        except AssertionError:  # without the others, this action has nothing to act on
            return None
        if again is None or not again.signatures & found.signatures:
            return None
        return Finding(found.seed, found.step, found.host, again.actions, again.faults, again.results)

    best = _fewer_actions(found, still)
    return _fewer_options(best, still)


def _fewer_actions(best: Finding, still: Still) -> Finding:
    part = max(1, (len(best.actions) - 1) // 2)
    while part:
        place = 0
        while place < len(best.actions) - 1:
            # The last action is the finding itself.
            shorter = still([*best.actions[:place], *best.actions[place + part : -1], best.actions[-1]])
            if shorter is None:
                place += part
            else:
                best = shorter
        part //= 2
    return best


def _fewer_options(best: Finding, still: Still) -> Finding:
    for path in reversed(list(_paths(best.actions[-1]["options"]))):
        last = copy.deepcopy(best.actions[-1])
        holder = last["options"]
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
        best = still([*best.actions[:-1], last]) or best
    return best


def _paths(value: Any, depth: int = 5) -> Iterator[tuple[Any, ...]]:
    """Where each option and each item of a list stands, a holder before what it holds."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield (key,)
        if depth and not str(key).startswith("$"):
            yield from ((key, *rest) for rest in _paths(item, depth - 1))
