# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""params -> plan -> apply -> report, for one network or all networks of a host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._host.connection import connect, host_of
from .._host.networks import read_network, read_networks
from .._model.desired import ABSENT, Desired
from .._model.errors import VirtfleetError
from .._model.host import Host
from .._model.mark import is_managed
from .._model.observed import Observed
from .._plan.plan import plan_network
from .._plan.step import Plan, Work
from .plan_networks import plan_all


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
        work = plan_all(conn, wanted, everything, host, restart)
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


def _carried_out(conn: Any, wanted: list[Desired], work: list[Work], host: Host, restart: str) -> list[Work]:
    """Do it, and read again what was changed: a second run must find nothing to do, or all is taken back."""
    from .._host.apply import apply, undo
    from .converged import not_converged

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
            raise undo(conn, done, not_converged(f"the definition of network '{desired.name}'", rest))
        result.append((plan, after))
    return result
