# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One portgroup of a network on one host: read, plan, do, read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

from .._host.snapshot import HostSnapshot
from .._model.desired import ABSENT, NEVER
from .._model.field import Document
from .._model.host import Host
from .._model.observed import Observed
from .._model.options import definition_options
from .._model.portgroup import REFUSE
from .._plan.old_settings import suspects
from .._plan.plan import plan_network
from .._plan.portgroup import (
    DesiredPortgroup,
    desired_portgroup,
    has_portgroup,
    is_default,
    of_portgroup,
    running_portgroups,
)
from .._plan.portgroup_use import refuse_if_used
from .._plan.step import Plan
from .converged import not_converged
from .session import RunOptions, session

if TYPE_CHECKING:
    from .old_guests import OldGuests


@dataclass(frozen=True)
class AppliedPortgroup:
    """portgroup: as it is afterwards, in check mode before; old: None when unknown; confirm: of Session."""

    plan: Plan
    portgroup: Document
    old: Optional[list[dict[str, Any]]]
    warnings: tuple[str, ...] = ()
    confirm: Optional[dict[str, Any]] = None


def apply_portgroup(wish: DesiredPortgroup, options: RunOptions) -> AppliedPortgroup:
    """Raises VirtfleetError; then everything is as it was, or the error says what is not."""
    with session(options) as opened:
        conn, host = opened.conn, opened.host
        snapshot = HostSnapshot(conn, host, wish.network, opened.foreseen)
        observed = snapshot.with_ports(wish.network)
        plan, running = _planned(wish, observed, host)
        if wish.state == ABSENT and wish.in_use == REFUSE and has_portgroup(observed, wish.name):
            refuse_if_used(wish, is_default(observed, wish.name), snapshot.guests)
        found = _old(snapshot, wish, observed, running)
        if options.update_guests and found:
            plan = found.added_to(plan)
        warnings = [*opened.warnings, *plan.warnings]
        if options.check_mode:
            opened.rehearse([(plan, observed)])
            warnings += _outstanding(plan)
        elif plan.changed:
            from .transaction import run_transaction

            observed = run_transaction(opened, [(plan, observed)], lambda: _looked_at(conn, wish, host, options))
            found = _old(snapshot, wish, observed, running)
            plan = replace(plan, outstanding=())
        old = _listed(found, options)
        if old is None:
            warnings.append(
                f"This connection shows no guests; guests that run with old settings of portgroup '{wish.name}' are "
                "unknown."
            )
        return AppliedPortgroup(plan, _portgroup(observed, wish.name), old, tuple(warnings), opened.confirm)


def _outstanding(plan: Plan) -> list[str]:
    if not plan.outstanding:
        return []
    from .check_against_host import outstanding_warning

    return [outstanding_warning(plan)]


def _listed(found: Optional[OldGuests], options: RunOptions) -> Optional[list[dict[str, Any]]]:
    if found is None:
        return []
    return found.listed_after_refresh() if options.update_guests else found.listed()


def _planned(wish: DesiredPortgroup, observed: Observed, host: Host) -> tuple[Plan, Document]:
    """The plan, and the running network's document after it. A portgroup is never worth a restart."""
    desired = desired_portgroup(wish, observed)
    plan = of_portgroup(plan_network(desired, observed, host, NEVER), wish, observed, desired)
    return plan, running_portgroups(observed, desired, plan)


def _looked_at(conn: Any, wish: DesiredPortgroup, host: Host, options: RunOptions) -> Observed:
    """Raises VirtfleetError NOT_CONVERGED."""
    snapshot = HostSnapshot(conn, host, wish.network)
    after = snapshot.with_ports(wish.network)
    rest, running = _planned(wish, after, host)
    found = _old(snapshot, wish, after, running)
    if options.update_guests and found:
        rest = found.added_to(rest)
    if rest.changed:
        raise not_converged(f"portgroup '{wish.name}' of network '{wish.network}'", rest)
    return after


def _old(snapshot: HostSnapshot, wish: DesiredPortgroup, observed: Observed, running: Document) -> Optional[OldGuests]:
    """None if there are no suspects."""
    found = suspects(running, wish.name, observed.plugged or ()) if observed.active else ()
    if not found:
        return None
    from .old_guests import find_old_guests

    return find_old_guests(running, found, snapshot.host, lambda: snapshot.guests)


def _portgroup(observed: Observed, name: str) -> Document:
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    groups = definition_options({"portgroups": document.get("portgroups") or []})["portgroups"]
    return next((group for group in groups if group["name"] == name), {})
