# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A last look at who is plugged in, before a network stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .._host.bridge_ports import FdbRead, bridge_port_names
from .._host.guests import read_guests
from .._host.links import netlink
from .._host.plugged import read_plugged, with_bridge_settings
from .._model.errors import VirtfleetError
from .._model.forward import is_virtual
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._plan.bypass import has_bypass, has_neighbours
from .._plan.leases import own_bridge
from .._plan.record import Entry
from .._plan.recovery import joined_by
from .._plan.replug import is_replug, with_plugged, without_place
from .._plan.step import DESTROY, NONE, Plan, Step
from .._plan.unplugged import still_running, without_port


def replan_before_stop(conn: Any, host: Host, entry: Entry, rest: list[Step]) -> tuple[Entry, list[Step]]:
    """The entry and the steps from the next one on, a stop or a bypass made before it, for what is plugged in now, not
    for what was plugged in when the plan was made.

    Raises VirtfleetError CHANGED_MEANWHILE, DEPENDENCY_MISSING, or what reading raises.
    """
    plan, was = entry.plan, entry.was
    after_aside = rest[0].action == DESTROY and has_bypass(plan)
    if after_aside and not _has_come(was):
        return entry, rest
    plugged = read_plugged(conn, was, host, FdbRead.ALWAYS if is_replug(plan) else FdbRead.WHERE_NEEDED)
    was = with_bridge_settings(was, host)
    if is_replug(plan):
        if after_aside:
            # Those that moved to the bypass are known as they were.
            plugged = joined_by(was.plugged or (), plugged)
        else:
            plugged = (*plugged, *_lost_before(conn, was, plugged))
        if is_virtual(was.live or {}):
            _have_netlink()
            if plan.seamless and not has_bypass(plan) and has_neighbours(plugged):
                _refuse_come(plan, _came(was, plugged))
        _refuse_come(plan, without_place(plan, was, plugged))
        plan = with_plugged(plan, was, plugged)
        next_one = next(place for place, step in enumerate(plan.steps) if step.action == rest[0].action)
        return replace(entry, plan=plan, was=replace(was, plugged=plugged)), list(plan.steps[next_one:])
    if rest[0].disruption == NONE:
        _refuse_come(plan, _came(was, plugged))
    return entry, rest


def _has_come(was: Observed) -> bool:
    """Whether something came into a bridge after everything had moved out of it."""
    return bool(bridge_port_names(own_bridge(was)))


def _came(was: Observed, plugged: Sequence[Plugged]) -> tuple[Plugged, ...]:
    known = {(port.kind, port.name, port.mac) for port in was.plugged or ()}
    return tuple(port for port in plugged if (port.kind, port.name, port.mac) not in known)


def _lost_before(conn: Any, was: Observed, plugged: Sequence[Plugged]) -> tuple[Plugged, ...]:
    """Guests that the network had lost when the plan was made; the restart brings them back too."""
    if not was.unplugged:
        return ()
    lost = still_running(without_port(was), read_guests(conn))
    ports = {port.port for port in plugged}
    return tuple(port for port in lost if port.port not in ports)


def _refuse_come(plan: Plan, come: tuple[Plugged, ...]) -> None:
    if come:
        raise VirtfleetError(
            "CHANGED_MEANWHILE",
            f"Plugged into network '{plan.network}' just before its restart: {', '.join(map(str, come))}. Run the "
            "task again.",
            network=plan.network,
            plugged=[port.as_dict() for port in come],
        )


def _have_netlink() -> None:
    """Slow to import, and possibly missing: better before the stop than after it."""
    with netlink():
        pass
