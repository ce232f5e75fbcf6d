# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of settings that someone has made for a network's bridge and its ports, when the network restarts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._model.field import Document
from .._model.first_few import first_few
from .._model.forward import is_virtual
from .._model.observed import Observed
from .._model.plugged import Plugged
from .step import CREATE, SETTINGS, START, Step


def settings_step(name: str, kept: Iterable[tuple[str, int]]) -> tuple[Step, ...]:
    """For the bridge that the network has by then."""
    kept = tuple(kept)
    doing = f"restore {', '.join(option for option, _value in kept)} of the bridge of network '{name}'"
    return (Step(SETTINGS, name, doing, options=kept),) if kept else ()


def with_settings(steps: Sequence[Step], observed: Observed, goal: Document) -> tuple[Step, ...]:
    """The bridge has its settings before something comes into it. goal: the network as it will run."""
    last = max((place for place, step in enumerate(steps) if step.action in (START, CREATE)), default=None)
    if last is None or not is_virtual(goal):
        return tuple(steps)
    again = settings_step(observed.name, observed.bridge_settings.kept)
    return (*steps[: last + 1], *again, *steps[last + 1 :])


def settings_again(was: Observed, now: Observed) -> tuple[Step, ...]:
    """For a network that runs: those that its bridge had and does not have now."""
    there = now.bridge_settings.kept
    if not is_virtual(now.live or {}):
        return ()
    return settings_step(was.name, (one for one in was.bridge_settings.kept if one not in there))


def lost_by_restart(observed: Observed, plugged: Sequence[Plugged]) -> tuple[str, ...]:
    """A clause for each port and the bridge; plugged: what comes back."""
    bridge = ((observed.live or {}).get("bridge") or {}).get("name")
    found = [(port.tap.name, port.tap.lost) for port in plugged if port.tap is not None and port.tap.lost]
    if observed.bridge_settings.lost:
        found.insert(0, (f"bridge {bridge}", observed.bridge_settings.lost))
    return tuple(f"{what} ({', '.join(lost)})" for what, lost in found)


def lost_warning(network: str, lost: Sequence[str]) -> str:
    return f"The restart of network '{network}' loses settings that cannot be restored: {first_few(lost)}."
