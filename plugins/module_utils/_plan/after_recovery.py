# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted run's recovery makes of a network, for check mode: the run plans on that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from .._model.bridge_link import COMPLETE, FAULTY
from .._model.bridge_settings import BridgeSettings
from .._model.bypass import Bypass
from .._model.dnsmasq import FAULTY as FAULTY_DNSMASQ
from .._model.dnsmasq import RUNNING
from .._model.forward import is_virtual
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import DEVICE, GUEST, Plugged
from .record import Entry
from .recovery import completion_steps, recovery_steps, rollback_of_interrupted, with_later_edit
from .step import ATTACH, CREATE, DESTROY, FREE, MOVE, RECLAIM, RELEASE, SETTINGS, START, Step


def after_recovery(
    entry: Entry, now: Observed, host: Host, guests: Optional[tuple[Guest, ...]]
) -> tuple[tuple[Step, ...], Observed]:
    """The steps of the recovery, and the network after them if libvirt refuses none.

    now: the network with all that is plugged in; guests: None when this connection shows none.
    """
    completes = not entry.back and completion_steps(entry.plan, entry.was, now, host, guests) is not None
    way = recovery_steps if completes else rollback_of_interrupted
    steps = way(entry.plan, entry.was, now, host, guests)
    if not completes:
        goal = with_later_edit(entry.plan, entry.was, now, host)
    elif any(step.action == START for step in steps):
        goal = replace(now, live=now.persistent, live_xml=now.persistent_xml)
    else:
        goal = now
    if not steps:
        return (), now
    return steps, _settled(goal, now, steps)


def _settled(goal: Observed, now: Observed, steps: Sequence[Step]) -> Observed:
    """goal: with the definitions that the network will have."""
    plugged = _plugged_after(now.plugged or (), steps) if goal.active else ()
    if not is_virtual(goal.live or {}):
        # What else is in the host's own bridge is the host's.
        plugged = tuple(port for port in plugged if port.kind == GUEST)
    return replace(
        goal,
        plugged=plugged,
        unplugged=(),
        bypass=Bypass() if goal.active else None,
        bypassed=False,
        bridge_link=COMPLETE if goal.active and now.bridge_link in FAULTY else now.bridge_link,
        dnsmasq=RUNNING if goal.active and now.dnsmasq in FAULTY_DNSMASQ else now.dnsmasq,
        bridge_settings=_bridge_settings(now, steps) if goal.active else BridgeSettings(),
    )


def _bridge_settings(now: Observed, steps: Sequence[Step]) -> BridgeSettings:
    settings = dict(now.bridge_settings.kept)
    for step in steps:
        if step.action in (START, CREATE):
            settings = {}
        elif step.action == SETTINGS:
            settings.update(step.options)
    return BridgeSettings(tuple(sorted(settings.items())))


def _plugged_after(plugged: Sequence[Plugged], steps: Sequence[Step]) -> tuple[Plugged, ...]:
    """What is plugged into a network after the steps."""
    there = tuple(plugged)
    for step in steps:
        if step.action == DESTROY:
            there = ()
        elif step.action in (RELEASE, FREE):
            gone = {port.port for port in step.ports}
            there = tuple(port for port in there if port.port not in gone)
        elif step.action in (RECLAIM, ATTACH, MOVE):
            there = (*_others(there, step.ports), *step.ports)
    return tuple(sorted(there, key=_place))


def _place(port: Plugged) -> tuple[bool, str, str]:
    """As they are read."""
    return (port.kind == DEVICE, *(("", "") if port.kind == DEVICE else (port.name, port.mac or "")))


def _others(there: Sequence[Plugged], come: Sequence[Plugged]) -> tuple[Plugged, ...]:
    """Without those that come. A tap in the bridge without its guest's port looks like a device."""
    known = {(port.kind, port.name, port.mac) for port in come}
    taps = {port.tap.name for port in come if port.tap is not None}
    return tuple(
        port
        for port in there
        if (port.kind, port.name, port.mac) not in known and not (port.kind == DEVICE and port.name in taps)
    )
