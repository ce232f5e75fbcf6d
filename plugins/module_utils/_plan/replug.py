# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart after which everything is plugged in again. docs/updates.md says how, and what the guests see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from .._model.field import Document
from .._model.forward import has_pool, is_virtual, members_of, mode_of
from .._model.observed import Observed
from .._model.plugged import DEVICE, GUEST, Plugged
from .._xml.network import parse_network
from .bridge_settings import with_settings
from .bypass import has_bypass, isolated_first, join_step, removal_step, steps_into_bypass
from .port_accounting import allocate_again
from .step import ASIDE, ATTACH, CREATE, DEFINE, DESTROY, MOVE, RECLAIM, REFRESH, RESTART, START, Plan, Step

# The MTU of a bridge that was given none.
_MTU = 1500


def plug_of(document: Document) -> str:
    """How a guest's NIC is plugged in. A restart of the network cannot change that for a running guest."""
    if is_virtual(document):
        return "tap"
    if mode_of(document) == "hostdev":
        return "host device"
    if not has_pool(document) and mode_of(document) == "bridge":
        kind = (document.get("virtualport") or {}).get("type")
        return "tap" if kind is None else f"{kind} port in {bridge_of(document)}"
    return f"macvtap in mode {mode_of(document)}"


def bridge_of(document: Document) -> str:
    """Empty for a bridge that libvirt has yet to name."""
    return str((document.get("bridge") or {}).get("name") or "")


def blocking_guests(
    live: Document, goal: Document, plugged: Sequence[Plugged], leaving: set[str]
) -> tuple[Plugged, ...]:
    """Guests that no restart can bring the change to: they are plugged into what the network will no longer have."""
    if plug_of(live) != plug_of(goal):
        return tuple(port for port in plugged if port.kind == GUEST)
    return tuple(port for port in plugged if port.member in leaving)


class _Detour(NamedTuple):
    """By a bypass: the steps before the stop, after the start, and when everything is back."""

    before: tuple[Step, ...] = ()
    joined: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def replugged(name: str, live: Document, goal: Document, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """Stop, start, and put everything back. live: as it runs; goal: as it will run."""
    return _replugged(name, live, goal, plugged, _Detour())


def replugged_by_bypass(name: str, live: Document, goal: Document, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """The same with guests connected to one another meanwhile."""
    before, joined = steps_into_bypass(name, bridge_of(live), plugged), join_step(name, bridge_of(goal))
    return _replugged(name, live, goal, plugged, _Detour(before, (joined,), (removal_step(name),)))


def _replugged(
    name: str, live: Document, goal: Document, plugged: Sequence[Plugged], detour: _Detour
) -> tuple[Step, ...]:
    stays = [port for port in plugged if port.member is None or port.member in members_of(goal)]
    back = with_mtu(stays, live, goal)
    bridge, guests = bridge_of(goal), _of(GUEST, back)
    steps = [
        *detour.before,
        Step(DESTROY, name, f"stop network '{name}' briefly", RESTART, ports=tuple(plugged)),
        Step(START, name, f"start network '{name}'"),
        *detour.joined,
    ]
    if plug_of(live) != "tap" or bridge == bridge_of(live):
        taps = back if is_virtual(goal) else ()
        return (*steps, *_attach(name, bridge, taps), *detour.after, *_reclaim(name, allocate_again(guests, goal)))
    # libvirt keeps the bridge's name with the guest, and goes by that when its daemon starts again.
    devices = _of(DEVICE, back)
    early = [port for port in devices if detour.joined and port.tap is not None and port.tap.isolated]
    late = [port for port in devices if port not in early]
    back_in = (*_attach(name, bridge, early), *_move(name, bridge, guests), *_attach(name, bridge, late))
    return (*steps, *back_in, *detour.after)


def put_back(name: str, runs: Document, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """The same for a network whose stop and start were interrupted: what is already plugged in stays there.

    runs: the network as it runs now.
    """
    ports = put_ports_back(name, runs, plugged)
    if not plugged or plug_of(runs) != "tap":
        return ports
    bridge = bridge_of(runs)
    taps = tuple(plugged) if is_virtual(runs) else _of(DEVICE, plugged)
    return (*_move(name, bridge, _of(GUEST, plugged)), *_attach(name, bridge, taps), *ports)


def put_ports_back(name: str, runs: Document, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """The same where no tap has left its bridge, or none can be reached from here."""
    return _reclaim(name, allocate_again(_of(GUEST, plugged), runs)) if plugged else ()


def attach_taps(name: str, runs: Document, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """For taps that may be where they belong already: they get the settings that they had."""
    return _attach(name, bridge_of(runs), tuple(plugged)) if plug_of(runs) == "tap" else ()


def with_plugged(plan: Plan, observed: Observed, plugged: tuple[Plugged, ...]) -> Plan:
    """A plan that restarts with a replug, for what is plugged in now."""
    first = next(place for place, step in enumerate(plan.steps) if step.action == DESTROY)
    start = next(place for place, step in enumerate(plan.steps) if step.action == START and place > first)
    goal = goal_of(plan, observed)
    replug = replugged_by_bypass if has_bypass(plan) else replugged
    steps = with_settings(replug(plan.network, observed.live or {}, goal, plugged), observed, goal)
    stop = next(place for place, step in enumerate(steps) if step.action == DESTROY)
    before = [step if step.action != ASIDE else steps[stop - 1] for step in plan.steps[:first]]
    # Between them go leases, and definitions where several networks exchange what they have.
    between = plan.steps[first + 1 : start]
    last = [step for step in plan.steps if step.action == REFRESH]
    return replace(plan, steps=(*before, steps[stop], *between, *steps[stop + 1 :], *last), plugged=plugged)


def without_place(plan: Plan, observed: Observed, plugged: tuple[Plugged, ...]) -> tuple[Plugged, ...]:
    """Who holds a member of the running pool that the network will not have after the plan's restart."""
    leaving = set(members_of(observed.live or {})) - set(members_of(goal_of(plan, observed)))
    return tuple(port for port in plugged if port.member in leaving)


def bridges_of(plan: Plan, observed: Observed) -> tuple[str, ...]:
    """The bridges, by name, that a plan takes taps out of or puts them into."""
    documents = (observed.live or {}, goal_of(plan, observed))
    return tuple(sorted({bridge_of(document) for document in documents if plug_of(document) == "tap"} - {""}))


def goal_of(plan: Plan, observed: Observed) -> Document:
    """The definition that the plan's start takes."""
    xml = ""
    for step in plan.steps:
        if step.action in (DEFINE, CREATE):
            xml = step.xml
        if step.action in (START, CREATE):
            break
    return parse_network(xml) if xml else observed.persistent or {}


def stops(plan: Plan) -> bool:
    return any(step.action == DESTROY for step in plan.steps)


def is_replug(plan: Plan) -> bool:
    return any(step.action == DESTROY and step.disruption == RESTART for step in plan.steps) and any(
        step.action in (RECLAIM, ATTACH, MOVE) for step in plan.steps
    )


def with_mtu(plugged: Sequence[Plugged], live: Document, goal: Document) -> tuple[Plugged, ...]:
    """Guests' taps with their network's MTU get its new MTU; another MTU was set by the guest's definition. Devices
    keep theirs: an uplink may be in use beyond this network, and may not be able to have another one."""
    old, new = (document.get("mtu") or _MTU for document in (live, goal))
    return tuple(
        replace(port, tap=replace(port.tap, mtu=new))
        if port.kind == GUEST and port.tap is not None and port.tap.mtu == old
        else port
        for port in plugged
    )


def _move(name: str, bridge: str, guests: tuple[Plugged, ...]) -> tuple[Step, ...]:
    doing = f"move {_list(guests)} to bridge {bridge}" if bridge else f"move {_list(guests)} to the new bridge"
    return (Step(MOVE, name, doing, ports=isolated_first(guests)),) if guests else ()


def _attach(name: str, bridge: str, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    taps = isolated_first([port for port in plugged if port.tap is not None])
    doing = f"put {_list(taps)} back into {f'bridge {bridge}' if bridge else 'the new bridge'}"
    return (Step(ATTACH, name, doing, ports=taps),) if taps else ()


def _reclaim(name: str, guests: tuple[Plugged, ...]) -> tuple[Step, ...]:
    doing = f"put the ports of {_list(guests)} back into network '{name}'"
    return (Step(RECLAIM, name, doing, ports=guests),) if guests else ()


def _of(kind: str, plugged: Sequence[Plugged]) -> tuple[Plugged, ...]:
    return tuple(port for port in plugged if port.kind == kind)


def _list(ports: Sequence[Plugged]) -> str:
    return ", ".join(map(str, ports))
