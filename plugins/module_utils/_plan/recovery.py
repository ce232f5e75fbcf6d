# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that was broken off, or that nobody confirmed, leaves to be done."""

from __future__ import annotations

from .._model.canonical import canonical
from .._model.desired import ACTIVE, INACTIVE, REPLUG, Desired
from .._model.forward import members_of
from .._model.host import Host
from .._model.mark import own
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.plugged import DEVICE, Plugged
from .live_change import start, stop
from .plan import plan_network
from .replug import put_back
from .rollback import started_again
from .step import (
    ATTACH,
    AUTOSTART,
    CREATE,
    DEFINE,
    DESTROY,
    MOVE,
    RECLAIM,
    START,
    UNDEFINE,
    Plan,
    Step,
)


def resumed(plan: Plan, was: Observed, now: Observed, ports: frozenset[str] | None) -> tuple[Step, ...]:
    """A run was broken off somewhere in its plan: what ran runs again, and who was to be put back is. Whether the
    definition is the old or the new one is left to the next plan.

    was, now: the network before that run and now, with all that is plugged in. ports: those that running guests have
    their NICs in, None when guests cannot be seen.
    """
    name, actions = was.name, [step.action for step in plan.steps]
    meant_to_stop = DESTROY in actions and START not in actions
    starts: tuple[Step, ...] = ()
    if was.active and not now.active and not meant_to_stop:
        if now.persistent is not None:
            starts = (start(name),)
        else:
            starts = (Step(CREATE, name, f"Start network '{name}' again.", xml=was.live_xml),)
    runs = now.live if now.active else now.persistent or was.live
    if runs is None or not (starts or now.active):
        return starts
    # A port that no step brings back was never to go, or to go for good.
    back = {
        (port.kind, port.name, port.mac): port
        for step in plan.steps
        if step.action in (RECLAIM, ATTACH, MOVE)
        for port in step.ports
    }
    there = now.plugged or ()
    missing = tuple(
        port
        for port in back.values()
        if not _is_there(port, there)
        and (port.kind == DEVICE or ports is None or port.port in ports)
        and (port.member is None or port.member in members_of(runs))
    )
    return (*starts, *put_back(name, runs, missing))


def _is_there(port: Plugged, there: tuple[Plugged, ...]) -> bool:
    """Plugged in with its port and, where it had a place in the bridge, in the bridge."""
    for other in there:
        if (other.kind, other.name, other.mac) == (port.kind, port.name, port.mac):
            return port.tap is None or port.tap.mtu is None or (other.tap is not None and other.tap.mtu is not None)
    return False


def taken_back(was: Observed, now: Observed, host: Host) -> tuple[Step, ...]:
    """From a network as it is to the network as it was before a run that nobody confirmed."""
    name = was.name
    if not was.exists:
        stops = (stop(name, now.plugged or ()),) if now.active else ()
        removes = (Step(UNDEFINE, name, f"Remove network '{name}'."),) if now.persistent is not None else ()
        return (*stops, *removes)
    if was.persistent is None:
        return _transient_again(was, now)
    if not now.exists:
        starts = (*started_again(was), *put_back(name, was.live or {}, was.plugged or ())) if was.active else ()
        return (*_definition(was), *starts)
    if was.active and canonical(NETWORK, was.live or {}) != canonical(NETWORK, was.persistent):
        return _drifted_again(was, now)
    back = Desired(
        name,
        state=ACTIVE if was.active else INACTIVE,
        autostart=was.autostart,
        declared={option: value for option, value in was.persistent.items() if option != "name"},
        exact=True,
        own=own(was.persistent),
    )
    steps = plan_network(back, now, host, REPLUG).steps
    if now.active or not was.active:
        return steps
    return (*steps, *put_back(name, was.live or {}, was.plugged or ()))


def _definition(was: Observed) -> tuple[Step, ...]:
    return (
        Step(DEFINE, was.name, f"Put the definition of network '{was.name}' back.", xml=was.persistent_xml),
        Step(AUTOSTART, was.name, f"Put autostart of network '{was.name}' back.", value=was.autostart),
    )


def _drifted_again(was: Observed, now: Observed) -> tuple[Step, ...]:
    """It ran with another definition than it was to start with, and no start but one from that brings it back."""
    if now.live is not None and canonical(NETWORK, now.live) == canonical(NETWORK, was.live or {}):
        return _definition(was)
    plugged = (now if now.active else was).plugged or ()
    stops = (stop(was.name, plugged),) if now.active else ()
    back = put_back(was.name, was.live or {}, plugged)
    return (*stops, *_definition(was), *started_again(was), *back)


def _transient_again(was: Observed, now: Observed) -> tuple[Step, ...]:
    name = was.name
    removes = (Step(UNDEFINE, name, f"Let network '{name}' be transient again."),) if now.persistent is not None else ()
    if now.live is not None and canonical(NETWORK, now.live) == canonical(NETWORK, was.live or {}):
        return removes
    stops = (stop(name, now.plugged or ()),) if now.active else ()
    create = Step(CREATE, name, f"Start transient network '{name}' again.", xml=was.live_xml)
    return (*removes, *stops, create, *put_back(name, was.live or {}, was.plugged or ()))
