# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running network becomes as desired: by updates, by a restart, or at its next start."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._model.bridge_link import BROKEN, DOWN, MISSING
from .._model.canonical import canonical
from .._model.desired import ACTIVE, FORCE, IDLE, INACTIVE, NEVER, REPLUG, REPLUGS, Desired
from .._model.dnsmasq import FAULTY
from .._model.field import Document
from .._model.forward import has_pool, is_virtual, mode_of
from .._model.host import Host
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .._model.plugged import Plugged
from .bridge_settings import lost_by_restart, lost_warning, with_settings
from .bypass import may_bypass, reasons_for_notice, warn_of_noticeable_restart
from .comparison import Comparison
from .dnsmasq_restart import repair_steps
from .duration import MANY_SECONDS, seconds
from .in_use import refuse_if_in_use, refuse_lost, refuse_noticeable_restart, refuse_remote_replug
from .port_accounting import (
    PluggedPool,
    PortAccounting,
    leaving_members,
    only_members_differ,
    restart_with_ports_aside,
    sets_aside,
    update_with_ports_aside,
)
from .refused import takes_portgroups
from .replug import attach_taps, blocking_guests, plug_of, put_back, replugged, replugged_by_bypass
from .step import DESTROY, NONE, POOL_SECTION, RESTART, START, Step
from .unplugged import is_cut_off, without_port


@dataclass(frozen=True)
class ChangeContext:
    """A network that runs, what is desired of it, and what may be done. restart: of the option of that name."""

    desired: Desired
    observed: Observed
    compared: Comparison
    host: Host
    restart: str


@dataclass(frozen=True)
class LiveChange:
    """steps: on the running network. pending: options left for its next start. stops: whether it is stopped, be it for
    a moment. plugged, blocked_by_guests, warnings, needs_bypass_info: as of Plan. needs_port_info: whether the way
    depends on who is plugged in.
    """

    steps: tuple[Step, ...] = ()
    pending: tuple[str, ...] = ()
    stops: bool = False
    plugged: tuple[Plugged, ...] = ()
    blocked_by_guests: tuple[Plugged, ...] = ()
    needs_port_info: bool = False
    needs_bypass_info: bool = False
    warnings: tuple[str, ...] = ()


def plan_start(desired: Desired, observed: Observed, goal: Document, restart: str) -> LiveChange:
    """For a network that does not run. goal: its definition by then."""
    if desired.state != ACTIVE:
        return LiveChange()
    steps = (start(desired.name),)
    if not observed.unplugged or restart == FORCE:
        return LiveChange(steps)
    # Guests have run on without it since it was stopped.
    return LiveChange((*steps, *put_back(desired.name, goal, observed.unplugged)) if plug_of(goal) == "tap" else steps)


def with_lost_guests(observed: Observed, restart: str) -> tuple[Observed, str]:
    """What a plan for a running network goes by: guests whose ports are lost count as plugged in, and where all are cut
    off already, a restart takes nothing from anyone. force leaves them unplugged."""
    if not observed.unplugged or restart == FORCE:
        return observed, restart
    whole = replace(observed, plugged=(*(observed.plugged or ()), *without_port(observed)))
    return whole, REPLUG if restart == IDLE and is_cut_off(observed) else restart


def with_guests_back(change: LiveChange, desired: Desired, observed: Observed, restart: str) -> LiveChange:
    """Plugs in who was found unplugged, where the change itself does not, and there is a bridge."""
    if not observed.unplugged or restart == FORCE:
        return change
    if change.stops or desired.state == INACTIVE or observed.bridge_link == MISSING:
        return change
    live, lost = observed.live or {}, without_port(observed)
    outside = [port for port in observed.unplugged if port not in lost]
    back = (*attach_taps(desired.name, live, outside), *put_back(desired.name, live, lost))
    return replace(change, steps=(*change.steps, *back))


def plan_live_change(situation: ChangeContext, accounting: PortAccounting | None) -> LiveChange:
    """For a network that runs. Raises VirtfleetError IN_USE, REPLUG_REMOTE, SEAMLESS_IMPOSSIBLE or DNSMASQ_DEAD."""
    desired, observed, compared = situation.desired, situation.observed, situation.compared
    host, restart, plugged = situation.host, situation.restart, observed.plugged or ()
    if desired.state == INACTIVE:
        refuse_if_in_use(desired, plugged, restart, ())
        return LiveChange((stop(desired.name, plugged),), stops=True, plugged=plugged, needs_port_info=True)
    updates, needs_restart = compared.updates, compared.needs_restart
    if observed.bridge_link in BROKEN:
        needs_restart = (*needs_restart, "bridge_link")
        needs_restart = (*needs_restart, "dnsmasq") if observed.dnsmasq in FAULTY else needs_restart
    elif observed.dnsmasq in FAULTY:
        repaired = repair_steps(observed, updates, compared.persistent_goal, host)
        if repaired is None:
            needs_restart = (*needs_restart, "dnsmasq")
        else:
            updates = (*updates, *repaired)
            compared = replace(compared, updates=updates)
            situation = replace(situation, compared=compared)
    if not (updates or needs_restart or accounting):
        return LiveChange()
    pool = accounting is not None or has_pool(observed.live or {})
    leaving: set[str] = set()
    if pool:
        accounting = accounting or PortAccounting()
        leaving = leaving_members(observed, compared)
    held = {item.member for item in plugged if item.member} & leaving
    kept_waiting = bool(held) and not (accounting and accounting.drain)
    if kept_waiting:
        needs_restart = tuple(sorted({*needs_restart, "forward"}))
    by_update = any(_option_of(step) == "portgroups" for step in updates)
    if by_update and "portgroups" not in needs_restart and not takes_portgroups(observed, compared, host):
        needs_restart = tuple(sorted({*needs_restart, "portgroups"}))
    if not needs_restart and len(updates) > 1 and _better_by_restart(situation):
        return _restart(situation, (), set())
    swap = pool and not kept_waiting and _by_swap(situation, needs_restart, accounting)
    if needs_restart and restart != NEVER and not swap:
        return _restart(situation, needs_restart, held if kept_waiting else set())
    updates = tuple(step for step in updates if _option_of(step) not in needs_restart)
    gone = frozenset() if kept_waiting else frozenset(leaving)
    if swap:
        return LiveChange(_swapped(situation, gone, accounting), needs_port_info=True)
    steps = _with_ports_aside(situation, updates, gone, accounting)
    return LiveChange(steps, pending=needs_restart, needs_port_info=bool(updates))


def _better_by_restart(situation: ChangeContext) -> bool:
    """Whether there are many updates, and a restart is allowed, cuts no guest off and changes nothing else."""
    observed, compared, restart = situation.observed, situation.compared, situation.restart
    live, plugged = observed.live or {}, observed.plugged or ()
    if restart == NEVER or not is_virtual(live) or seconds(compared.updates) < MANY_SECONDS:
        return False
    if plugged and (restart not in REPLUGS or situation.host.remote):
        return False
    runs = canonical(NETWORK, live)
    rest = {option for option in {*runs, *compared.goal} if runs.get(option) != compared.goal.get(option)}
    return rest <= {"dns", "ips", "portgroups", *DESCRIPTIVE}


def stop(name: str, plugged: tuple[Plugged, ...]) -> Step:
    return Step(DESTROY, name, f"stop network '{name}'", RESTART if plugged else NONE, ports=plugged)


def start(name: str) -> Step:
    return Step(START, name, f"start network '{name}'")


def _restart(situation: ChangeContext, needs_restart: tuple[str, ...], held: set[str]) -> LiveChange:
    desired, observed, compared, restart = situation.desired, situation.observed, situation.compared, situation.restart
    plugged, live, goal = observed.plugged or (), observed.live or {}, compared.persistent_goal
    guests = blocking_guests(live, goal, plugged, held)
    if restart not in REPLUGS or not plugged:
        refuse_if_in_use(desired, plugged, restart, needs_restart, guests)
        lost = lost_by_restart(observed, ())
        return LiveChange(
            with_settings((stop(desired.name, plugged), start(desired.name)), observed, goal),
            stops=True,
            plugged=plugged,
            needs_port_info=True,
            warnings=(lost_warning(desired.name, lost),) if lost else (),
        )
    if guests:
        updates = tuple(step for step in compared.updates if _option_of(step) not in needs_restart)
        steps = _with_ports_aside(situation, updates, frozenset(), None)
        return LiveChange(steps, pending=needs_restart, blocked_by_guests=guests, needs_port_info=True)
    if situation.host.remote and is_virtual(live):
        refuse_remote_replug(desired, plugged, needs_restart)
    return _replug(desired, observed, goal, restart)


def _replug(desired: Desired, observed: Observed, goal: Document, restart: str) -> LiveChange:
    """With a bypass where guests would notice the restart among themselves and nothing is in its way."""
    plugged, live, bypass = observed.plugged or (), observed.live or {}, observed.bypass
    useful = observed.bridge_link not in (MISSING, DOWN) and may_bypass(live, goal, plugged)
    why = bypass.obstacles if useful and bypass is not None else reasons_for_notice(live, goal, plugged)
    refuse_noticeable_restart(desired, restart, why)
    lost = lost_by_restart(observed, plugged)
    refuse_lost(desired, restart, lost)
    replug = replugged_by_bypass if useful and bypass is not None and not why else replugged
    steps = replug(desired.name, live, goal, plugged)
    warnings = (warn_of_noticeable_restart(desired.name, why),) if why else ()
    return LiveChange(
        with_settings(steps, observed, goal),
        stops=True,
        plugged=plugged,
        needs_port_info=True,
        needs_bypass_info=useful and bypass is None,
        warnings=(*warnings, lost_warning(desired.name, lost)) if lost else warnings,
    )


def _by_swap(situation: ChangeContext, needs_restart: tuple[str, ...], accounting: PortAccounting | None) -> bool:
    """Whether a stop and start with the ports set aside is enough. Guests that have a host device do not notice it."""
    is_hostdev = mode_of(situation.observed.live or {}) == "hostdev"
    due = is_hostdev and bool(accounting and accounting.due) and not needs_restart
    members = needs_restart == ("forward",) and only_members_differ(situation.compared)
    return due or (members and situation.restart != NEVER)


def _swapped(situation: ChangeContext, leaving: frozenset[str], accounting: PortAccounting | None) -> tuple[Step, ...]:
    observed = situation.observed
    return restart_with_ports_aside(
        PluggedPool(observed.name, observed.live or {}, observed.plugged or (), leaving, accounting or PortAccounting())
    )


def _with_ports_aside(
    situation: ChangeContext, updates: tuple[Step, ...], leaving: frozenset[str], accounting: PortAccounting | None
) -> tuple[Step, ...]:
    """An update makes libvirt forget who is plugged in, and which members of a pool are taken; ports that come back
    are counted again."""
    observed = situation.observed
    if not (observed.plugged or accounting):
        return updates
    accounting, live, plugged = accounting or PortAccounting(), observed.live or {}, observed.plugged or ()
    if not sets_aside(updates, accounting) or not (plugged or accounting.due or accounting.returning):
        return updates
    runs = {**live, **(situation.compared.live_goal or {})}
    return update_with_ports_aside(PluggedPool(observed.name, live, plugged, leaving, accounting), updates, runs)


def _option_of(step: Step) -> str:
    return {"portgroup": "portgroups", POOL_SECTION: "forward"}.get(step.section, step.section)
