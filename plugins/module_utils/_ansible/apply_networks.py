# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""params -> plan -> apply -> report, for one network or all networks of a host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .._host.connection import connect, host_of
from .._host.networks import read_network, read_networks
from .._model.desired import ABSENT, Desired
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.host import Host
from .._model.mark import is_managed
from .._model.observed import Observed
from .._plan.plan import plan_network
from .._plan.step import DEFINE, Plan, Work
from .._plan.target import target

# How many networks' faults one sentence tells.
_NAMED = 5


def apply_networks(
    wanted: list[Desired], *, uri: str, restart: str, check_mode: bool, purge: bool = False
) -> list[tuple[Plan, Observed]]:
    """Make the host's networks as wanted; the plans, and the networks as they are afterwards.

    purge: remove networks that the collection made and nobody wants any more. check_mode: plan only.
    Raises VirtfleetError; then everything is as it was, or the error says what is not.
    """
    _refuse_twice(wanted)
    conn = connect(uri)
    try:
        host = host_of(conn, uri)
        everything = read_networks(conn) if purge or len(wanted) > 1 else {}
        if purge:
            wanted = _purged(wanted, everything) + wanted
        # What goes makes room (subnets, bridges) for what comes.
        wanted = sorted(wanted, key=lambda desired: desired.state != ABSENT)
        work = _plan_all(conn, wanted, everything, host, restart)
        if not check_mode and any(plan.changed for plan, _observed in work):
            work = _carried_out(conn, wanted, work, host, restart)
        return work
    finally:
        conn.close()


def _refuse_twice(wanted: list[Desired]) -> None:
    names = [desired.name for desired in wanted]
    for name in names:
        if names.count(name) > 1:
            raise VirtfleetError("NETWORK_TWICE", f"networks has {name!a} more than once.")


def _purged(wanted: list[Desired], everything: dict[str, Observed]) -> list[Desired]:
    names = {desired.name for desired in wanted}
    return [
        Desired(name, state=ABSENT)
        for name, observed in sorted(everything.items())
        if name not in names and is_managed(observed.persistent or observed.live or {})
    ]


def _plan_all(
    conn: Any, wanted: list[Desired], everything: dict[str, Observed], host: Host, restart: str
) -> list[Work]:
    refused: list[VirtfleetError] = []
    work: list[Work] = []
    for desired in wanted:
        observed = everything.get(desired.name) or read_network(conn, desired.name)
        with _collected(refused, desired, wanted):
            plan = plan_network(desired, observed, host, restart)
            if plan.asks:
                from .._host.plugged import read_plugged

                observed = replace(observed, plugged=read_plugged(conn, observed, host))
                plan = plan_network(desired, observed, host, restart)
            work.append((plan, observed))
    _raise_all(refused)
    if not any(step.action == DEFINE for plan, _observed in work for step in plan.steps):
        return work
    # Something new comes onto the host: it must get along with what else is, or will be, there.
    others = _definitions(wanted, work, everything or read_networks(conn))
    result: list[Work] = []
    for desired, (_plan, observed) in zip(wanted, work):
        with _collected(refused, desired, wanted):
            plan = plan_network(desired, observed, host, restart, _without(others, desired.name))
            result.append((plan, observed))
    _raise_all(refused)
    return result


@contextmanager
def _collected(refused: list[VirtfleetError], desired: Desired, wanted: list[Desired]) -> Iterator[None]:
    """Go on after a refusal, so that the faults of all networks are told at once, each with its network's name."""
    try:
        yield
    except VirtfleetError as error:
        if "libvirt_code" in error.details:  # not the definition's fault
            raise
        if len(wanted) > 1 and desired.name not in error.sentence:
            error = VirtfleetError(error.code, f"Network {desired.name!a}: {error.sentence}", **error.details)
        refused.append(error)


def _raise_all(refused: list[VirtfleetError]) -> None:
    if len(refused) == 1:
        raise refused[0]
    if refused:
        sentences = [error.sentence for error in refused]
        more = f" {len(refused) - _NAMED} networks more are refused: see problems." if len(refused) > _NAMED else ""
        problems = [
            problem
            for error in refused
            for problem in error.details.get("problems") or [{"code": error.code, "sentence": error.sentence}]
        ]
        raise VirtfleetError(refused[0].code, " ".join(sentences[:_NAMED]) + more, problems=problems)


def _definitions(wanted: list[Desired], work: list[Work], everything: dict[str, Observed]) -> dict[str, Document]:
    """Every network's definition as it will be."""
    result = {name: observed.persistent or observed.live or {} for name, observed in everything.items()}
    for desired, (_plan, observed) in zip(wanted, work):
        if desired.state == ABSENT:
            result.pop(desired.name, None)
        else:
            result[desired.name] = target(desired, observed)
    return result


def _without(definitions: dict[str, Document], name: str) -> dict[str, Document]:
    return {other: document for other, document in definitions.items() if other != name}


def _carried_out(conn: Any, wanted: list[Desired], work: list[Work], host: Host, restart: str) -> list[Work]:
    """Do it, and read again what was changed: a second run must find nothing to do, or all is taken back."""
    from .._host.apply import apply, undo

    apply(conn, work)
    result: list[Work] = []
    done = [(seen, list(made.steps)) for made, seen in work]
    for desired, (plan, observed) in zip(wanted, work):
        if not plan.changed:
            result.append((plan, observed))
            continue
        try:
            after = replace(read_network(conn, desired.name), plugged=observed.plugged)
        except VirtfleetError as error:
            raise undo(conn, done, error) from None
        rest = plan_network(desired, after, host, restart)
        if rest.changed:
            error = VirtfleetError(
                "NOT_CONVERGED",
                f"libvirt took the definition of network '{desired.name}' but shows it differently: "
                f"{' '.join(step.sentence for step in rest.steps)} would be due again.",
                before=rest.before,
                after=rest.after,
            )
            raise undo(conn, done, error)
        result.append((plan, after))
    return result
