# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted run leaves to be done: each network becomes what it was to become, where no more than a
start and plugging in is missing for that, and what it was otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .._model.bridge_state import BridgeState
from .._model.canonical import canonical
from .._model.desired import PRESENT, Desired
from .._model.field import Document
from .._model.forward import is_virtual
from .._model.guest import Guest
from .._model.host import Host
from .._model.mark import own
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._xml.network import parse_network
from .bridge_settings import settings_again, settings_step
from .bypass import with_bypass_removal
from .comparison import compare
from .live_change import start
from .record import Entry
from .refresh import repeated_refreshes
from .replug import stops
from .rollback import plugged_again, rollback
from .step import (
    ATTACH,
    AUTOSTART,
    CREATE,
    DEFINE,
    LEASES,
    MOVE,
    RECLAIM,
    REFRESH,
    SETTINGS,
    START,
    STP,
    UNDEFINE,
    Plan,
    Step,
)
from .unplugged import still_running


def recovery_steps(
    plan: Plan, was: Observed, now: Observed, host: Host, guests: tuple[Guest, ...] | None
) -> tuple[Step, ...]:
    """was, now: the network before that run and now, with all that is plugged in; guests: None when this connection
    shows none."""
    steps = completion_steps(plan, was, now, host, guests)
    if steps is None:
        return rollback_of_interrupted(plan, was, now, host, guests)
    return with_bypass_removal(steps, now)


def rollback_of_interrupted(
    plan: Plan, was: Observed, now: Observed, host: Host, guests: tuple[Guest, ...] | None
) -> tuple[Step, ...]:
    """The same where the run was on its way back, or is to be."""
    return rollback(with_later_edit(plan, was, now, host), now, host, guests, plan)


def with_later_edit(plan: Plan, was: Observed, now: Observed, host: Host) -> Observed:
    """The network as it is to be again: with the definition that someone gave it since the run was broken off, which
    is neither the one before, nor the new one, nor one to start from in a rollback."""
    if now.persistent is None or now.persistent_xml == was.persistent_xml:
        return was
    shown = canonical(NETWORK, now.persistent)
    if was.live is not None and shown == canonical(NETWORK, was.live):
        return was
    defined = [step.xml for step in plan.steps if step.action == DEFINE]
    if any(not compare(_desired(now, parse_network(xml)), now, host).define for xml in defined):
        return was
    if not was.exists:
        return replace(now, plugged=())  # it is someone's by now
    return replace(was, persistent=now.persistent, persistent_xml=now.persistent_xml)


def completion_steps(
    plan: Plan, was: Observed, now: Observed, host: Host, guests: tuple[Guest, ...] | None
) -> tuple[Step, ...] | None:
    """What is missing to what the plan was for; None when it is more than a start and plugging in."""
    actions = {step.action for step in plan.steps}
    if UNDEFINE in actions:
        return None if now.exists else ()
    if not _is_defined(plan, was, now, host):
        return None
    starts = bool(actions & {START, CREATE})
    kept = [option for step in plan.steps if step.action == SETTINGS for option in step.options]
    if stops(plan) and not starts:
        return None if now.active else ()
    if now.live is None:
        if not (starts or was.active):
            return ()
        leases = [step for step in plan.steps if step.action == LEASES]
        first, runs = [*leases, start(now.name), *settings_step(now.name, kept)], now.persistent or {}
    else:
        compared = compare(_goal(plan, now), now, host)
        # What waits for the next start may go on waiting, unless this run was to bring it by one.
        if compared.updates or (compared.needs_restart and stops(plan)):
            return None
        first, runs = list(settings_again(was, now) if kept else ()), now.live
    # A port that no step brings back was never to go, or to go for good.
    back = {
        (port.kind, port.name, port.mac): port
        for actions in ((REFRESH,), (RECLAIM, ATTACH, MOVE))
        for step in plan.steps
        if step.action in actions
        for port in step.ports
    }
    plugging = plugged_again(runs, still_running(tuple(back.values()), guests), now, host, stops(plan))
    return (*first, *plugging, *repeated_refreshes(plan))


def stp_again(was: Sequence[BridgeState], now: Sequence[BridgeState], runs: Observed) -> tuple[Step, ...]:
    """For bridges whose STP was off while a tap came in, when the run was killed.

    A bridge that was made again since has what its network's definition says; runs: the network as it runs by then.
    """
    before = {(bridge.name, bridge.index): bridge.stp for bridge in was}
    live = runs.live or {}
    settings = live.get("bridge") or {}
    defined = is_virtual(live) and bool(settings.get("stp", True))
    return tuple(
        Step(STP, runs.name, f"enable STP on bridge {bridge.name} again", section=bridge.name, value=True)
        for bridge in now
        if not bridge.stp and before.get((bridge.name, bridge.index), defined and bridge.name == settings.get("name"))
    )


def merge_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Of changes that joined one another: each network as the first of them found it, with all that the later ones did
    to it, kept of it and found plugged in."""
    first: dict[str, Entry] = {}
    for entry in entries:
        known = first.setdefault(entry.was.name, entry)
        if known is not entry:
            first[entry.was.name] = replace(
                known,
                plan=replace(known.plan, steps=(*known.plan.steps, *entry.plan.steps)),
                was=replace(known.was, plugged=joined_by(known.was.plugged or (), entry.was.plugged or ())),
                bridges=(*known.bridges, *_others(entry.bridges, known.bridges, "name")),
                leases=(*known.leases, *_others(entry.leases, known.leases, "bridge")),
            )
    return list(first.values())


def joined_by(before: Sequence[Plugged], later: Sequence[Plugged]) -> tuple[Plugged, ...]:
    """All of them. A guest that was started again in between has another tap, which has no settings from before."""
    plugged = {(port.kind, port.name, port.mac): port for port in before}
    for port in later:
        known = plugged.setdefault((port.kind, port.name, port.mac), port)
        if known.tap is None or port.tap is None or known.tap.name != port.tap.name:
            plugged[port.kind, port.name, port.mac] = port
    return tuple(plugged.values())


def _others(items: Sequence[Any], known: Sequence[Any], key: str) -> list[Any]:
    names = {getattr(item, key) for item in known}
    return [item for item in items if getattr(item, key) not in names]


def _is_defined(plan: Plan, was: Observed, now: Observed, host: Host) -> bool:
    if now.persistent is None:
        return False
    autostart = next((step.value for step in plan.steps if step.action == AUTOSTART), was.autostart)
    return now.autostart == autostart and not compare(_goal(plan, now), now, host).define


def _goal(plan: Plan, now: Observed) -> Desired:
    defined = [step.xml for step in plan.steps if step.action == DEFINE]
    return _desired(now, parse_network(defined[-1]) if defined else now.persistent or {})


def _desired(now: Observed, document: Document) -> Desired:
    declared = {option: value for option, value in document.items() if option != "name"}
    return Desired(now.name, state=PRESENT, declared=declared, exact=True, own=own(document))
