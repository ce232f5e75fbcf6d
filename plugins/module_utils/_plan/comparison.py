# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a definition with what exists, live and persistent separately."""

from __future__ import annotations

from dataclasses import dataclass

from .._model.canonical import canonical
from .._model.desired import INACTIVE, Desired
from .._model.field import Document
from .._model.forward import is_virtual
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .step import Step
from .target_definition import target_definition


@dataclass(frozen=True)
class Comparison:
    """wanted: the whole definition, as it would be written. goal, persistent, live: the desired and the existing
    definitions, canonical; live contains only the options compared with live_goal. updates: what brings the live
    network there; needs_restart: options that no update can change. left: options that may differ until
    its next start.
    """

    wanted: Document
    goal: Document
    persistent: Document | None
    live: Document | None
    live_goal: Document | None = None
    updates: tuple[Step, ...] = ()
    needs_restart: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def define(self) -> bool:
        return self.persistent is None or self.persistent != self.goal

    @property
    def persistent_goal(self) -> Document:
        """goal, which compare() leaves out when all is the same."""
        return self.goal or canonical(NETWORK, self.wanted)

    @property
    def same(self) -> bool:
        return not (self.define or self.updates or self.needs_restart or self.left)


def compare(desired: Desired, observed: Observed, host: Host) -> Comparison:
    """Raises VirtfleetError UUID_DIFFERS."""
    wanted = target_definition(desired, observed)
    if wanted == observed.persistent and desired.live is None and observed.live in (None, wanted):
        # Nothing to bring into canonical form: the common case, and a host has many networks.
        return Comparison(wanted, {}, {}, None)
    goal = canonical(NETWORK, wanted)
    persistent = None if observed.persistent is None else canonical(NETWORK, observed.persistent)
    if observed.live is None or desired.state == INACTIVE:
        return Comparison(wanted, goal, persistent, None)
    target = goal if desired.live is None else canonical(NETWORK, {**wanted, **desired.live})
    live, live_goal = (_declared(desired, document) for document in (canonical(NETWORK, observed.live), target))
    if is_virtual(goal) and not (desired.declared.get("bridge") or {}).get("name"):
        # libvirt generates the name, or will do so: not a difference that was requested.
        live, live_goal = _without_bridge_name(live), _without_bridge_name(live_goal)
    left = _left(desired, observed.live, persistent, goal)
    live_goal = {option: value for option, value in live_goal.items() if option not in left}
    live_goal.update({option: live[option] for option in left if option in live})
    if live == live_goal:
        return Comparison(wanted, goal, persistent, live, live_goal, left=left)
    from .live_updates import live_updates

    updates, needs_restart = live_updates(desired.name, live, live_goal, observed.live, host.version)
    return Comparison(wanted, goal, persistent, live, live_goal, tuple(updates), tuple(needs_restart), left)


def _left(desired: Desired, runs: Document, persistent: Document | None, goal: Document) -> tuple[str, ...]:
    """The options that may go on being pending: this run does not change what the definition says of them."""
    if not desired.pending or persistent is None:
        return ()
    now = canonical(NETWORK, runs)
    return tuple(
        option
        for option in NETWORK.fields
        if option in desired.pending and now.get(option) != persistent.get(option) == goal.get(option)
    )


def _without_bridge_name(document: Document) -> Document:
    bridge = {key: value for key, value in document.get("bridge", {}).items() if key != "name"}
    rest = {option: value for option, value in document.items() if option != "bridge"}
    return {**rest, "bridge": bridge} if bridge else rest


def _declared(desired: Desired, document: Document) -> Document:
    """Only what is declared: omitted options are not changed live either, and generated values do not count."""
    return {
        name: value
        for name, value in document.items()
        if name in desired.declared or (desired.exact and not NETWORK.fields[name].generated)
    }
