# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""params -> plan -> apply -> report, for one network or all networks of a host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from .._host.networks import read_network, read_networks
from .._model.desired import ABSENT, Desired
from .._model.errors import VirtfleetError
from .._model.first_few import first_few
from .._model.host import Host
from .._model.observed import Observed
from .._plan.plan import plan_network
from .._plan.step import Plan, Work
from .._xml.mark import has_old_mark, is_managed
from .plan_networks import plan_all, with_loose_guests
from .session import RunOptions, Session, session

if TYPE_CHECKING:
    from .._plan.gaps import Gap
    from .._plan.order import Turn

# Guests on old settings by network, None where guests cannot be seen.
OldByNetwork = dict[str, Optional[list[dict[str, Any]]]]


@dataclass(frozen=True)
class Applied:
    """work: the plans, beside the networks as they are afterwards. gaps: how long taps were cut off, by
    network and tap. confirm: the run that waits to be confirmed, and until when. old: guests on old settings by
    network, None where guests cannot be seen; empty if they are left alone."""

    work: list[Work]
    warnings: Sequence[str] = ()
    gaps: dict[str, dict[str, Gap]] = field(default_factory=dict)
    confirm: Optional[dict[str, Any]] = None
    old: OldByNetwork = field(default_factory=dict)


class _Scope(NamedTuple):
    """all_read: all networks of the host, if they were read; kept: warnings about those that purge keeps."""

    wanted: list[Desired]
    all_read: dict[str, Observed]
    kept: list[str]


def apply_networks(wanted: list[Desired], options: RunOptions) -> Applied:
    """Make the host's networks as wanted.

    Raises VirtfleetError; then everything is as it was, or the error says what is not.
    """
    return _apply(wanted, options, _without_purge)


def apply_with_purge(wanted: list[Desired], options: RunOptions) -> Applied:
    """The same, and remove networks that the collection created and that are not wanted any more."""
    return _apply(wanted, options, _with_purge)


def _without_purge(opened: Session, wanted: list[Desired]) -> _Scope:
    return _Scope(wanted, _everything(opened) if len(wanted) > 1 else {}, [])


def _with_purge(opened: Session, wanted: list[Desired]) -> _Scope:
    everything = _everything(opened)
    return _Scope(_purged(wanted, everything) + wanted, everything, _kept_by_purge(wanted, everything))


def _everything(opened: Session) -> dict[str, Observed]:
    return opened.foreseen.over(read_networks(opened.conn))


def _apply(wanted: list[Desired], options: RunOptions, scope: Callable[[Session, list[Desired]], _Scope]) -> Applied:
    _refuse_twice(wanted)
    with session(options) as opened:
        conn, host = opened.conn, opened.host
        wanted, everything, kept = scope(opened, wanted)
        # Removals come first, for the reader; _plan/order.py decides what has to come first.
        wanted = sorted(wanted, key=lambda desired: desired.state != ABSENT)
        work, old = plan_all(opened, wanted, everything, options.restart), OldByNetwork()
        if options.update_guests:
            work, old = _refreshed(conn, host, wanted, work)
        work, turns = _ordered(work)
        warnings = [*opened.warnings, *kept, *(warning for plan, _observed in work for warning in plan.warnings)]
        warnings += _unknown(old)
        if options.check_mode:
            opened.rehearse(work)
            warnings += _outstanding(work)
        if options.check_mode or not any(plan.changed for plan, _observed in work):
            return Applied(work, warnings, confirm=opened.confirm, old=old)
        from .transaction import run_transaction

        after, old = run_transaction(opened, work, lambda: _looked_at(conn, wanted, work, host, options), turns)
        return Applied(after, warnings, opened.gaps, opened.confirm, old)


def _unknown(old: OldByNetwork) -> list[str]:
    names = [f"'{name}'" for name, found in old.items() if found is None]
    said = f"This connection shows no guests; guests that run with old settings of {first_few(names)} are not updated."
    return [said] if names else []


def _refreshed(conn: Any, host: Host, wanted: list[Desired], work: list[Work]) -> tuple[list[Work], OldByNetwork]:
    """The work with the refreshes of guests, and who is on old settings after it."""
    from .old_guests import with_old_guests

    work, found = with_old_guests(conn, host, wanted, work)
    return work, {name: old.listed_after_refresh() for name, old in found.items()}


def _ordered(work: list[Work]) -> tuple[list[Work], Optional[Sequence[Turn]]]:
    if sum(plan.changed for plan, _observed in work) < 2:
        return work, None
    from .._plan.order import ordered_work

    return ordered_work(work)


def _outstanding(work: list[Work]) -> list[str]:
    plans = [plan for plan, _observed in work if plan.outstanding]
    if not plans:
        return []
    from .check_against_host import outstanding_warning

    return [outstanding_warning(plan) for plan in plans]


def _refuse_twice(wanted: list[Desired]) -> None:
    names = [desired.name for desired in wanted]
    for name in names:
        if names.count(name) > 1:
            raise VirtfleetError("NETWORK_TWICE", f"networks lists {name!a} more than once.")


def _purged(wanted: list[Desired], everything: dict[str, Observed]) -> list[Desired]:
    names = {desired.name for desired in wanted}
    return [
        Desired(name, state=ABSENT)
        for name, observed in sorted(everything.items())
        if name not in names and is_managed(observed.persistent or observed.live or {})
    ]


def _kept_by_purge(wanted: list[Desired], everything: dict[str, Observed]) -> list[str]:
    names = {desired.name for desired in wanted}
    documents = {
        name: observed.persistent or observed.live or {}
        for name, observed in sorted(everything.items())
        if name not in names
    }
    old = [name for name, document in documents.items() if has_old_mark(document)]
    foreign = [name for name, document in documents.items() if name not in old and not is_managed(document)]
    warnings = []
    if old:
        warnings.append(
            f"purge keeps {first_few(old)}: an older version of this collection marked it, or the network that it was "
            "copied from. Remove it with state: absent, or list it in networks once to renew its mark."
        )
    if foreign:
        warnings.append(
            f"purge keeps {first_few(foreign)}: this collection did not create it. Remove it with state: absent, or "
            "list it in networks once with adopt, so that purge removes it when it is withdrawn."
        )
    return warnings


def _looked_at(
    conn: Any, wanted: list[Desired], work: list[Work], host: Host, options: RunOptions
) -> tuple[list[Work], OldByNetwork]:
    """The work beside the networks as they are now, and who is on old settings. Raises VirtfleetError NOT_CONVERGED."""
    from .converged import not_converged

    result: list[Work] = []
    rests: list[Work] = []
    by_name = {desired.name: desired for desired in wanted}
    for plan, observed in work:
        rest = Plan(plan.network)
        if plan.changed:
            desired = by_name[plan.network]
            observed = replace(read_network(conn, desired.name), plugged=observed.plugged)
            observed = with_loose_guests(conn, host, [observed])[0]
            rest = plan_network(desired, observed, host, options.restart)
            if rest.changed:
                raise not_converged(f"the definition of network '{desired.name}'", rest)
            plan = replace(plan, outstanding=())
        # The settings of ports are read again.
        rests.append((rest, replace(observed, plugged=None)))
        result.append((plan, observed))
    if not options.update_guests:
        return result, OldByNetwork()
    rests, old = _refreshed(conn, host, wanted, rests)
    for rest, _observed in rests:
        if rest.changed:
            raise not_converged(f"the settings of guests in network '{rest.network}'", rest)
    return result, old
