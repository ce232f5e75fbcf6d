# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying plans out, and taking them back when a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .._host.plugged import read_plugged
from .._host.run_step import run_step
from .._model.errors import VirtfleetError
from .._model.forward import is_virtual
from .._model.host import Host
from .._model.observed import Observed
from .._plan.replug import is_replug, with_plugged
from .._plan.rollback import rollback
from .._plan.step import DESTROY, NONE, Plan, Step, Work

# Nobody is there any more whom to ask for anything.
_GONE = ("DAEMON_LOST", "DAEMON_SILENT")
# How many networks a sentence names.
_NAMED = 5

# A network as it was, and the steps of its plan that were carried out.
Done = tuple[Observed, list[Step]]


def execute(conn: Any, host: Host, work: list[Work], done: list[Done]) -> dict[str, dict[str, float]]:
    """Do all steps of all plans, and write down in done what was done.

    For each network the taps that were put back, and how long each was out of its bridge (milliseconds).
    Raises VirtfleetError with the step that failed; what is in done by then is for roll_back.
    """
    gaps: dict[str, dict[str, float]] = {}
    for plan, observed in work:
        steps: list[Step] = []
        done.append((observed, steps))
        stopped = 0.0
        rest = list(plan.steps)
        while rest:
            step = rest[0]
            try:
                if step.action == DESTROY:
                    rest, observed = _just_before(conn, host, plan, observed, rest)
                    done[-1] = (observed, steps)
                    step, stopped = rest[0], time.monotonic()
                back = run_step(conn, step)
            except VirtfleetError as error:
                error.details["failed"] = step.as_dict()
                raise
            if step.action == DESTROY and is_replug(plan):
                gaps[plan.network] = {}
            for tap, when in back.items():
                gaps.setdefault(plan.network, {})[tap] = round((when - stopped) * 1000, 1)
            steps.append(rest.pop(0))
    return gaps


def _just_before(
    conn: Any, host: Host, plan: Plan, observed: Observed, rest: list[Step]
) -> tuple[list[Step], Observed]:
    """A stop concerns whoever is plugged in now, not who was when the plan was made."""
    if is_replug(plan):
        if is_virtual(observed.live or {}):
            _have_netlink()
        plugged = read_plugged(conn, observed, host)
        return list(with_plugged(plan, observed, plugged).steps[-len(rest) :]), replace(observed, plugged=plugged)
    if rest[0].disruption == NONE and not any(step.ports for step in plan.steps):
        plugged = read_plugged(conn, observed, host)
        if plugged:
            raise VirtfleetError(
                "CHANGED_MEANWHILE",
                f"{', '.join(map(str, plugged))} came into network '{plan.network}' just before its restart; run the "
                "same task again.",
                network=plan.network,
                plugged=[port.as_dict() for port in plugged],
            )
    return rest, observed


def _have_netlink() -> None:
    """Slow to import, and missing perhaps: better before the stop than after it."""
    from .._host.links import netlink

    with netlink():
        pass


def roll_back(conn: Any, done: list[Done], error: VirtfleetError) -> VirtfleetError:
    """Take back what was done, latest network first; the error, with what came of it.

    Its details say undone, and left: what could not be taken back. Without a daemon nothing can be: the error then
    says what stays, under done too.
    """
    if error.code in _GONE:
        return _stays(done, error)
    undone: list[str] = []
    left: list[str] = []
    for observed, steps in reversed(done):
        for step in rollback(observed, steps):
            try:
                run_step(conn, step)
                undone.append(step.sentence)
            except VirtfleetError as second:
                left.append(f"{step.sentence} {second.sentence}")
                if second.code in _GONE:
                    return _stays(done, error, undone, left)
    if left:
        ending = (
            "Not all of it could be taken back: " + " ".join(left) + " Run the same task again once that is mended."
        )
    elif undone:
        ending = "What was done before it was taken back."
    else:
        ending = "Nothing was changed."
    return _with(error, ending, undone=undone, left=left)


def _stays(
    done: list[Done], error: VirtfleetError, undone: Sequence[str] = (), left: Sequence[str] = ()
) -> VirtfleetError:
    names = [f"'{observed.name}'" for observed, steps in done if steps]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    what = "Nothing was changed before that" if not names else f"What was done to {shown} before that stays"
    if undone:
        what = f"Only a part of what was done to {shown} could be taken back"
    ending = f"{what}; run the same task again once the daemon answers."
    sentences = [step.sentence for _observed, steps in done for step in steps]
    return _with(error, ending, done=sentences, undone=list(undone), left=list(left) or sentences)


def _with(error: VirtfleetError, ending: str, **details: list[str]) -> VirtfleetError:
    return VirtfleetError(error.code, f"{error.sentence} {ending}", **{**error.details, **details})
