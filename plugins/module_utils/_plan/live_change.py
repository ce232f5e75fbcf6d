# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running network becomes as desired: by updates, by a restart, or at its next start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._model.canonical import canonical
from .._model.desired import INACTIVE, NEVER, REPLUG, Desired
from .._model.dnsmasq import FAULTY
from .._model.forward import has_pool, is_virtual, mode_of
from .._model.host import Host
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .._model.plugged import Plugged
from .comparison import Comparison
from .step import DESTROY, NONE, POOL_SECTION, RESTART, START, Step

if TYPE_CHECKING:
    from .books import Books


@dataclass(frozen=True)
class LiveChange:
    """steps: on the running network. pending: options left for its next start. stops: whether it is stopped, be it for
    a moment. plugged, waiting: as of Plan. looks: whether the way depends on who is plugged in.
    """

    steps: tuple[Step, ...] = ()
    pending: tuple[str, ...] = ()
    stops: bool = False
    plugged: tuple[Plugged, ...] = ()
    waiting: tuple[Plugged, ...] = ()
    looks: bool = False


def plan_live_change(
    desired: Desired, observed: Observed, compared: Comparison, host: Host, restart: str, books: Books | None
) -> LiveChange:
    """For a network that runs. Raises VirtfleetError IN_USE, REPLUG_REMOTE or DNSMASQ_DEAD."""
    plugged = observed.plugged or ()
    if desired.state == INACTIVE:
        from .in_use import refuse_if_in_use

        refuse_if_in_use(desired, plugged, restart, ())
        return LiveChange((stop(desired.name, plugged),), stops=True, plugged=plugged, looks=True)
    updates, stuck = compared.updates, compared.stuck
    if observed.dnsmasq in FAULTY:
        from .dnsmasq_restart import mends

        mended = mends(observed, updates, compared.persistent_goal, host)
        if mended is None:
            stuck = (*stuck, "dnsmasq")
        else:
            updates = (*updates, *mended)
            compared = replace(compared, updates=updates)
    if not (updates or stuck or books):
        return LiveChange()
    pool = books is not None or has_pool(observed.live or {})
    leaving: set[str] = set()
    if pool:
        from .books import Books, leaving_members

        books = books or Books()
        leaving = leaving_members(observed, compared)
    held = {item.member for item in plugged if item.member} & leaving
    kept_waiting = bool(held) and not (books and books.drain)
    if kept_waiting:
        stuck = tuple(sorted({*stuck, "forward"}))
    if "portgroups" not in stuck and any(_option_of(step) == "portgroups" for step in updates):
        from .refused import takes_portgroups

        if not takes_portgroups(observed, compared, host):
            stuck = tuple(sorted({*stuck, "portgroups"}))
    if not stuck and len(updates) > 1 and _better_by_restart(observed, compared, host, restart):
        return _restart(desired, observed, compared, host, restart, (), set())
    swap = pool and not kept_waiting and _by_swap(observed, compared, stuck, restart, books)
    if stuck and restart != NEVER and not swap:
        return _restart(desired, observed, compared, host, restart, stuck, held if kept_waiting else set())
    updates = tuple(step for step in updates if _option_of(step) not in stuck)
    gone = set() if kept_waiting else leaving
    steps = _with_ports_aside(observed, compared, updates, gone, books, swap)
    return LiveChange(steps, pending=() if swap else stuck, looks=swap or bool(updates))


def _better_by_restart(observed: Observed, compared: Comparison, host: Host, restart: str) -> bool:
    """Many updates, and a restart that is allowed, cuts nobody off and brings nothing else along."""
    from .duration import MANY_SECONDS, seconds

    live, plugged = observed.live or {}, observed.plugged or ()
    if restart == NEVER or not is_virtual(live) or seconds(compared.updates) < MANY_SECONDS:
        return False
    if plugged and (restart != REPLUG or host.remote):
        return False
    runs = canonical(NETWORK, live)
    rest = {option for option in {*runs, *compared.goal} if runs.get(option) != compared.goal.get(option)}
    return rest <= {"dns", "ips", "portgroups", *DESCRIPTIVE}


def stop(name: str, plugged: tuple[Plugged, ...]) -> Step:
    return Step(DESTROY, name, f"Stop network '{name}'.", RESTART if plugged else NONE, ports=plugged)


def start(name: str) -> Step:
    return Step(START, name, f"Start network '{name}'.")


def _restart(
    desired: Desired,
    observed: Observed,
    compared: Comparison,
    host: Host,
    restart: str,
    stuck: tuple[str, ...],
    held: set[str],
) -> LiveChange:
    from .in_use import refuse_if_in_use
    from .replug import replugged, waiting

    plugged, live = observed.plugged or (), observed.live or {}
    guests = waiting(live, compared.goal, plugged, held)
    if restart != REPLUG or not plugged:
        refuse_if_in_use(desired, plugged, restart, stuck, guests)
        return LiveChange((stop(desired.name, plugged), start(desired.name)), stops=True, plugged=plugged, looks=True)
    if guests:
        updates = tuple(step for step in compared.updates if _option_of(step) not in stuck)
        steps = _with_ports_aside(observed, compared, updates, set(), None, False)
        return LiveChange(steps, pending=stuck, waiting=guests, looks=True)
    if host.remote and is_virtual(live):
        from .in_use import refuse_remote_replug

        refuse_remote_replug(desired, plugged, stuck)
    return LiveChange(replugged(desired.name, live, compared.goal, plugged), stops=True, plugged=plugged, looks=True)


def _by_swap(
    observed: Observed, compared: Comparison, stuck: tuple[str, ...], restart: str, books: Books | None
) -> bool:
    """Whether a stop and start with the ports aside does it, which nobody on a host device of his own notices."""
    from .books import only_members_differ

    due = mode_of(observed.live or {}) == "hostdev" and bool(books and books.due) and not stuck
    return due or (stuck == ("forward",) and restart != NEVER and only_members_differ(compared))


def _with_ports_aside(
    observed: Observed,
    compared: Comparison,
    updates: tuple[Step, ...],
    leaving: set[str],
    books: Books | None,
    swap: bool,
) -> tuple[Step, ...]:
    """An update makes libvirt forget who is plugged in, and which members of a pool are taken; ports that come back
    are counted again."""
    if not (observed.plugged or books):
        return updates
    from .books import Books, member_update, restarted, sets_aside, updated

    books, live, plugged = books or Books(), observed.live or {}, observed.plugged or ()
    if swap:
        return restarted(observed.name, live, plugged, leaving, books)
    if not sets_aside(updates, books) or not (plugged or books.due or books.returning):
        return updates
    runs = {**live, **(compared.live_goal or {})}
    return updated(observed.name, live, updates, plugged, leaving, books, member_update, runs)


def _option_of(step: Step) -> str:
    return {"portgroup": "portgroups", POOL_SECTION: "forward"}.get(step.section, step.section)
