# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run changed on a host, or would change: the networks, and what their guests notice. As data and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from .._plan.step import NEXT_START, NONE, RESTART
from .lines import alike, count, fold_names
from .user_values import as_list

CREATED, CHANGED, REMOVED = "created", "changed", "removed"
_SIGNS = {CREATED: "+", CHANGED: "~", REMOVED: "-"}
_DISRUPTIONS = (NONE, NEXT_START, RESTART)
# Of guests and networks that a line names.
_SHOWN = 6


def changes(networks: Iterable[Any], pools: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """networks: of the result of virt_networks. pools: results of virt_iface_pool, each with network, its name.

    Only what changes, each with network, effect, disruption, guests, gap_ms and pending. Something in another form is
    left out, as results of other versions may be.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in networks:
        if isinstance(one, Mapping) and one.get("changed"):
            change = _change(str(one.get("name")), one)
            found[change["network"]] = change
    for one in pools:
        if isinstance(one, Mapping) and one.get("changed"):
            change = _change(str(one.get("network")), one)
            # The pool of a network that has just been created is a part of it.
            found.setdefault(change["network"], change)
    return list(found.values())


def _change(network: str, result: Mapping[str, Any]) -> dict[str, Any]:
    steps = [step for step in as_list(result.get("steps")) if isinstance(step, Mapping)]
    disruptions = [step.get("disruption") for step in steps]
    effect = result.get("effect")
    return {
        "network": network,
        "effect": effect if effect in _SIGNS else CHANGED,
        "disruption": next((one for one in reversed(_DISRUPTIONS) if one in disruptions), NONE),
        "guests": _guests(result),
        "gap_ms": _gap(result),
        "pending": [str(option) for option in as_list(result.get("pending"))],
    }


def _guests(result: Mapping[str, Any]) -> list[str]:
    """Guests that notice: those that are cut off or interrupted, and those for which the change waits."""
    seats = [*as_list(result.get("plugged")), *as_list(result.get("blocked_by_guests"))]
    names = {str(seat.get("name")) for seat in seats if isinstance(seat, Mapping) and seat.get("kind") == "guest"}
    return [name for _key, group in alike((None, name) for name in names) for name in group]


def _gap(result: Mapping[str, Any]) -> Optional[float]:
    """The longest time that a guest is cut off from the host: measured, or in a plan expected; None where none is."""
    measured = [seat.get("gap_ms") for seat in as_list(result.get("replugged")) if isinstance(seat, Mapping)]
    expected = result.get("expected_gaps")
    times = measured or [expected.get("host_ms") if isinstance(expected, Mapping) else None]
    numbers = [float(time) for time in times if isinstance(time, (int, float))]
    return max(numbers, default=None)


def change_lines(made: Iterable[Mapping[str, Any]]) -> list[str]:
    """A line for all networks with the same effect on guests: +20 networks: net1-net20."""
    groups = alike(((one["effect"], _noticed(one)), str(one["network"])) for one in made)
    order = list(_SIGNS)
    lines = []
    for (effect, noticed), networks in sorted(groups, key=lambda group: (order.index(group[0][0]), group[0][1] != "")):
        line = f"{_SIGNS[effect]}{count(len(networks), 'network')}: {fold_names(networks, _SHOWN)}"
        lines.append(f"{line}; {noticed}" if noticed else line)
    return lines


def _noticed(one: Mapping[str, Any]) -> str:
    guests: Sequence[str] = one["guests"]
    who = f"{count(len(guests), 'guest')} ({fold_names(guests, _SHOWN)})" if guests else ""
    words = []
    if one["disruption"] == RESTART:
        words.append(f"restarted with {who}" if who else "restarted")
        if one["gap_ms"]:
            words.append(f"gap {round(one['gap_ms'])} ms")
    if one["pending"]:
        waits = ", ".join(one["pending"])
        words.append(f"{waits} at the next start" + (f", after {who}" if who and not words else ""))
    return ", ".join(words)
