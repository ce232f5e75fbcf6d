# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a network as it is now to the network as it was.

It goes by what is there, not by which steps were carried out: a step that failed may have had its effect, and a run
that was killed says nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._model.canonical import canonical
from .._model.dnsmasq import FAULTY
from .._model.field import Document
from .._model.forward import is_virtual, members_of
from .._model.guest import Guest
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.options import definition_options
from .._model.plugged import Plugged
from .bridge_settings import settings_again, settings_step
from .bypass import with_bypass_removal
from .dnsmasq_restart import started_again
from .leases import leases_again
from .live_change import start, stop
from .live_updates import live_updates
from .port_accounting import PluggedPool, update_with_ports_aside
from .refresh import refreshed_nics, reverted_refreshes
from .replug import attach_taps, put_back, put_ports_back, stops
from .step import AGAIN, AUTOSTART, CREATE, DEFINE, UNDEFINE, UPDATE, Plan, Step
from .unplugged import is_plugged, is_recorded, is_settled, lacks_port_alone, still_running


def rollback(
    was: Observed, now: Observed, host: Host, guests: tuple[Guest, ...] | None, plan: Plan | None = None
) -> tuple[Step, ...]:
    """Nothing when the network is as it was. was, now: with all that is plugged in; guests: None when this connection
    shows none; plan: of the change from was to now, however far it came, None when it is not known."""
    stopped = plan is None or stops(plan)
    touched = refreshed_nics(plan) if plan is not None else ()
    steps = (*_rollback(was, now, host, guests, stopped), *reverted_refreshes(was, now, guests, touched))
    return with_bypass_removal(steps, now)


def _rollback(
    was: Observed, now: Observed, host: Host, guests: tuple[Guest, ...] | None, stopped: bool
) -> tuple[Step, ...]:
    name = was.name
    if not was.active:
        stops = (stop(name, now.plugged or ()),) if now.active else ()
        if was.exists:
            return (*stops, *_definition(was, now), *_autostart(was, now))
        removes = (Step(UNDEFINE, name, f"remove network '{name}'"),) if now.persistent is not None else ()
        return (*stops, *removes)
    recorded = still_running(was.plugged or (), guests)
    if now.live is None:
        return _run_again(was, now, host, recorded, stopped)
    old, new = canonical(NETWORK, now.live), canonical(NETWORK, was.live or {})
    updates: Sequence[Step] = ()
    if old != new:
        updates, needs_restart = live_updates(name, old, new, now.live, host.version)
        if needs_restart:
            return _run_again(was, now, host, recorded, stopped)
    if was.dnsmasq not in FAULTY and now.dnsmasq in FAULTY and not any(step.action == UPDATE for step in updates):
        updates = (*updates, *started_again(now))
    return (
        *_definition(was, now),
        *_autostart(was, now),
        *_updated(was, now, updates),
        *settings_again(was, now),
        *plugged_again(was.live or {}, recorded, now, host, stopped),
    )


def plugged_again(
    runs: Document, recorded: Sequence[Plugged], now: Observed, host: Host, stopped: bool
) -> tuple[Step, ...]:
    """For those of recorded who are not plugged in now, and for taps that are without their settings.

    runs: the network as it runs by then. stopped: whether the network may have been stopped since.
    """
    there = now.plugged or ()
    fitting = [port for port in recorded if port.member is None or port.member in members_of(runs)]
    missing = [port for port in fitting if not is_plugged(port, there)]
    stayed = [port for port in missing if lacks_port_alone(port, there)]
    lost = [port for port in missing if port not in stayed]
    unsettled = [port for port in fitting if port not in lost and not is_settled(port, there)]
    return (
        *_put_back(now.name, runs, lost, host, stopped),
        *attach_taps(now.name, runs, unsettled),
        *put_ports_back(now.name, runs, stayed),
    )


def _put_back(name: str, runs: Document, plugged: Sequence[Plugged], host: Host, stopped: bool) -> tuple[Step, ...]:
    """A bridge of the host's keeps its taps over everything but a change to another bridge, which takes a stop; those
    of a bridge that libvirt made leave it at every stop, and on another host they are out of reach."""
    ports_alone = host.remote if is_virtual(runs) else not stopped
    return (put_ports_back if ports_alone else put_back)(name, runs, plugged)


def _run_again(
    was: Observed, now: Observed, host: Host, recorded: Sequence[Plugged], stopped: bool
) -> tuple[Step, ...]:
    """By a start, which takes the persistent definition: a network that ran with another one gets that for the
    moment."""
    name = was.name
    before = (stop(name, now.plugged or ()),) if now.active else ()
    taps = {port.tap.name for port in recorded if port.tap is not None}
    # A guest's tap that is back in the bridge before its port is looks like a device.
    came = [port for port in now.plugged or () if not is_recorded(port, recorded) and port.name not in taps]
    leases = () if host.remote else leases_again(was, now)
    settings = settings_step(name, was.bridge_settings.kept)
    back = _put_back(name, was.live or {}, _fitting(was, (*recorded, *came)), host, stopped)
    if was.persistent is None:
        create = Step(CREATE, name, f"start transient network '{name}' again", xml=was.live_xml, command=AGAIN)
        return (*_definition(was, now), *before, *leases, create, *settings, *back)
    if _said_alike(was.live or {}, was.persistent):
        return (*_definition(was, now), *_autostart(was, now), *before, *leases, start(name), *settings, *back)
    return (
        Step(DEFINE, name, f"define network '{name}' as it was running", xml=was.live_xml, command=AGAIN),
        *before,
        *leases,
        start(name),
        *settings,
        Step(DEFINE, name, f"restore the definition of network '{name}'", xml=was.persistent_xml, command=AGAIN),
        *_autostart(was, now),
        *back,
    )


def _said_alike(live: Document, persistent: Document) -> bool:
    """Whether a start by the persistent definition makes the network what it ran as, to the word: a default that only
    one of them says is a difference, too. What is below <forward> libvirt completes in the running network."""
    if canonical(NETWORK, live) != canonical(NETWORK, persistent):
        return False
    one, other = (definition_options({**document, "forward": {}}) for document in (live, persistent))
    return one == other


def _fitting(was: Observed, ports: Sequence[Plugged]) -> tuple[Plugged, ...]:
    """libvirt takes no port of a device that the pool does not have."""
    return tuple(port for port in ports if port.member is None or port.member in members_of(was.live or {}))


def _definition(was: Observed, now: Observed) -> tuple[Step, ...]:
    name = was.name
    if was.persistent is None:
        gone = Step(UNDEFINE, name, f"make network '{name}' transient again")
        return () if now.persistent is None else (gone,)
    if now.persistent is not None and now.persistent_xml == was.persistent_xml:
        return ()
    return (Step(DEFINE, name, f"restore the definition of network '{name}'", xml=was.persistent_xml, command=AGAIN),)


def _autostart(was: Observed, now: Observed) -> tuple[Step, ...]:
    if was.persistent is None or was.autostart == now.autostart:
        return ()
    return (Step(AUTOSTART, was.name, f"restore autostart of network '{was.name}'", value=was.autostart),)


def _updated(was: Observed, now: Observed, updates: Sequence[Step]) -> tuple[Step, ...]:
    """With the ports of guests aside, as the updates forth were done."""
    plugged = now.plugged or ()
    if not plugged or not any(step.action == UPDATE for step in updates):
        return tuple(updates)
    live, runs = now.live or {}, was.live or {}
    leaving = frozenset(members_of(live)) - frozenset(members_of(runs))
    return update_with_ports_aside(PluggedPool(was.name, live, plugged, leaving), updates, runs)
