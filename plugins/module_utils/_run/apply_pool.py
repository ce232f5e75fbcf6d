# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of one network on one host: read, choose, plan, do, read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from .._host.snapshot import HostSnapshot
from .._model.desired import Desired
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.forward import members_of
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._model.pool import GUEST, STALE, Pool
from .._plan.plan import plan_network, plan_pool
from .._plan.pool.choice import Choice, ChoiceContext, choose
from .._plan.pool.live_and_persistent import desired_pool, warnings_about_difference
from .._plan.pool.ranges import sort_names
from .._plan.pool.request import Request
from .._plan.pool.returning import returning_ports
from .._plan.port_accounting import PortAccounting
from .._plan.step import Plan
from .._plan.transient import keep_transient
from .converged import not_converged
from .session import RunOptions, session


@dataclass(frozen=True)
class AppliedPool:
    """pool: as it is afterwards, in check mode before; before, after: the two sides of the diff; confirm: of
    Session."""

    plan: Plan
    pool: Pool
    before: Document
    after: Document
    freed: tuple[Plugged, ...]
    warnings: tuple[str, ...]
    confirm: Optional[dict[str, Any]] = None


def apply_pool(request: Request, options: RunOptions) -> AppliedPool:
    """Raises VirtfleetError; then everything is as it was, or the error says what is not."""
    with session(options) as opened:
        conn, host = opened.conn, opened.host
        snapshot = HostSnapshot(conn, host, foreseen=opened.foreseen)
        observed = _observed(snapshot, request.network)
        pool = snapshot.pool(request.network)
        document = _document(observed)
        limits = snapshot.limits(request.network)
        around = ChoiceContext(snapshot.devices, snapshot.members_elsewhere(request.network), observed.live)
        choice = choose(request, document, pool, limits, around)
        desired = desired_pool(request, observed, document, choice, limits)
        freed = _to_free(pool, observed) if request.reclaim_stale else ()
        accounting = PortAccounting(
            drain=request.drain,
            freed=freed,
            returning=returning_ports(request.network, choice.in_effect, observed.plugged or (), snapshot.guests),
            recount=request.reclaim_stale and bool(pool.miscounted),
        )
        plan = keep_transient(plan_pool(desired, observed, host, options.restart, accounting), observed)
        before, after = _members_sides(observed, document, choice) if plan.changed else ({}, {})
        if plan.changed:
            _add_limits(before, after, limits, choice)
            _add_ports(before, after, freed, pool)
        if options.check_mode:
            opened.rehearse([(plan, observed)])
        elif plan.changed:
            from .transaction import run_transaction

            snapshot = run_transaction(
                opened, [(plan, observed)], lambda: _looked_at(conn, desired, host, options.restart)
            )
            pool = snapshot.pool(request.network)
        warnings = (
            *opened.warnings,
            *choice.warnings,
            *plan.warnings,
            *warnings_about_difference(request.network, observed, choice),
            *_about_books(request, pool, plan, options.check_mode, snapshot),
        )
        return AppliedPool(plan, pool, before, after, freed, warnings, opened.confirm)


def _observed(snapshot: HostSnapshot, name: str) -> Observed:
    if name not in snapshot.networks:
        raise VirtfleetError(
            "NETWORK_MISSING",
            f"Network {name!a} does not exist on this host; create it first with virt_network and forward.mode. Its "
            "pool may be empty.",
            network=name,
        )
    return snapshot.with_ports(name)


def _document(observed: Observed) -> Document:
    """The definition that the change is made to, with the VFs of a <pf> as the running network has them."""
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    forward, live = document.get("forward") or {}, (observed.live or {}).get("forward") or {}
    if "pf" not in forward or forward["pf"] != live.get("pf"):
        return document
    filled = {option: live[option] for option in ("interfaces", "addresses") if option in live}
    return {**document, "forward": {**forward, **filled}}


def _to_free(pool: Pool, observed: Observed) -> tuple[Plugged, ...]:
    """Ports whose guests do not run; and those of devices that were removed from the pool while guests held them,
    which libvirt itself could never delete."""
    stale = {holder.port for member in pool.everything for holder in member.of_kind(STALE)}
    stranded = {holder.port for member in pool.outside for holder in member.holders if holder.port}
    return tuple(port for port in observed.plugged or () if port.port in stale | stranded)


def _looked_at(conn: Any, desired: Desired, host: Host, restart: str) -> HostSnapshot:
    """Raises VirtfleetError NOT_CONVERGED."""
    snapshot = HostSnapshot(conn, host)
    observed = _observed(snapshot, desired.name)
    rest = keep_transient(plan_network(desired, observed, host, restart), observed)
    if rest.changed:
        raise not_converged(f"the pool of network '{desired.name}'", rest)
    return snapshot


def _about_books(request: Request, pool: Pool, plan: Plan, check_mode: bool, snapshot: HostSnapshot) -> list[str]:
    """Warnings about wrong port accounting of the pool, if the task does not correct it."""
    warnings = []
    if snapshot.guests is None:
        warnings.append("This connection shows no guests; every port is treated as a port of a running guest.")
    if request.reclaim_stale:
        return warnings
    stale = [f"{member.name} ({holder})" for member in pool.everything for holder in member.of_kind(STALE)]
    if stale:
        warnings.append(
            f"Network '{request.network}' has members with stale ports: {', '.join(stale)}; set reclaim_stale: "
            "true to free them."
        )
    if pool.miscounted and not (plan.changed and check_mode):
        warnings.append(
            f"libvirt's count of used members of network '{request.network}' is wrong; it may assign a member twice or "
            "not at all. Set reclaim_stale: true to correct it."
        )
    return warnings


def _members_sides(observed: Observed, document: Document, choice: Choice) -> tuple[Document, Document]:
    """What the task is about, before and after."""
    members = sort_names(choice.members)
    before: Document = {"members": sort_names(members_of(document))}
    after: Document = {"members": members}
    if observed.live is None:
        return before, after
    was, then = sort_names(members_of(observed.live)), sort_names(choice.in_effect)
    if (was, then) != (before["members"], members):
        before["live"], after["live"] = was, then
    return before, after


def _add_limits(before: Document, after: Document, limits: dict[str, int], choice: Choice) -> None:
    if limits != choice.limits:
        before["max_guests"], after["max_guests"] = limits, choice.limits


def _add_ports(before: Document, after: Document, freed: tuple[Plugged, ...], pool: Pool) -> None:
    if freed:
        before["stale"], after["stale"] = [f"{port.member} {port}" for port in freed], []
    elif pool.miscounted:
        before["miscounted"], after["miscounted"] = list(pool.miscounted), []


def drained_members(pool: Pool) -> list[dict[str, Any]]:
    """Devices that are out of the pool and that guests still hold."""
    return [{"member": member.name, **holder.as_dict()} for member in pool.outside for holder in member.of_kind(GUEST)]
