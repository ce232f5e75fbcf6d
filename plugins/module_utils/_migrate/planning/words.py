# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in words: the only place that makes its sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..._fleet.lines import columns
from .fleet import APART, CPUS, HUGEPAGES, MEMBERS, PLACES, UNIQUE, Obstacle, PlannedGuest
from .shortage import Addition, Shortage

_MIB = 1024
_SHOWN = 3
_WHY = {"leaves": "", "makes_room": "makes room", "detour": "moves on later"}


def stay(guest: PlannedGuest, others: Sequence[str], hosts: Collection[str], short: Sequence[Shortage]) -> str:
    """others: names of guests that stay with it; hosts: that could take all of them if there were room."""
    if not guest.destinations:
        reasons = [f"{host}: {_obstacle(one)}" for host, one in sorted(guest.obstacles.items())]
        rest = len(reasons) - _SHOWN
        more = f" {rest} more {_plural(rest, 'host')} cannot take it either." if rest > 0 else ""
        return f"No host can take it: {' '.join(reasons[:_SHOWN]) or 'there is no other host.'}{more}"
    together = f" together with {_names(others)}" if others else ""
    if not hosts:
        return f"No host can take it{together}."
    if not short:
        return "No host has room for it together with the other guests that leave."
    return f"{'; '.join(_short(one) for one in short)}{',' if together else ''}{together}."


def _obstacle(one: Obstacle) -> str:
    sentences = {
        "MAINTENANCE": "It accepts no guests.",
        "PINNED": "It is not among the hosts that pin allows.",
        "HOST_TWICE": one.sentence,
    }
    return sentences.get(one.code) or f"{one.code}: {one.sentence}"


def _short(one: Shortage) -> str:
    where = _names(one.hosts)
    if one.kind == APART:
        return f"A guest that must not share a host with it is on {where}"
    if one.kind == UNIQUE:
        return f"Another guest with the same {one.name} is on {where}"
    return f"Short by {quantity(one.kind, one.name, one.amount)} on {where}"


def quantity(kind: str, name: str, amount: int) -> str:
    """Of what can be counted: members, places, CPUs, memory."""
    if kind == MEMBERS:
        return f"{amount} {_plural(amount, 'member')} of {_networks(name)}"
    if kind == PLACES:
        return f"{amount} {_plural(amount, 'place')} (max_guests) of {_networks(name)}"
    if kind == CPUS:
        return f"{amount} virtual {_plural(amount, 'CPU')}"
    return f"{_mib(amount)} of {_memory(kind, name)}"


def tangled(others: Sequence[str]) -> str:
    return (
        f"It and {_names(others)} wait for each other to move; no host has room for it meanwhile. "
        "Stop one of them and migrate it offline."
    )


def addition(one: Addition) -> str:
    host, name, amount = one.resource.host, one.resource.name, one.amount
    if one.resource.kind == MEMBERS:
        return f"Add {amount} {_plural(amount, 'member')} to {_networks(name)} on {host}."
    if one.resource.kind == PLACES:
        return f"Raise max_guests of the members of {_networks(name)} on {host} by {amount} in total."
    if one.resource.kind == CPUS:
        return f"Allow {amount} more virtual {_plural(amount, 'CPU')} on {host} (cpu_ratio)."
    return f"Free {_mib(amount)} of {_memory(one.resource.kind, name)} on {host}, or lower memory_reserve."


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """The steps as a table, then who stays and why, then what would be enough."""
    rows = [
        [
            str(number),
            str(step["round"]),
            step["guest"],
            step["source"],
            step["destination"],
            step["verdict"],
            ", ".join(filter(None, [_WHY[step["why"]], _after(step["after"])])),
        ]
        for number, step in enumerate(plan["steps"])
    ]
    lines = columns(["step", "round", "guest", "from", "to", "verdict", ""], rows) if rows else ["No guest moves."]
    if plan["stays"]:
        lines += ["", "These guests stay:"]
        lines += [f"  {one['guest']} on {one['host']}: {one['sentence']}" for one in plan["stays"]]
    if plan["additions"]:
        lines += ["", "This would be enough:", *(f"  {one['sentence']}" for one in plan["additions"])]
    if not plan["optimal"]:
        lines += ["", "It is not proven that this is the best plan."]
    return lines


def _after(steps: Sequence[int]) -> str:
    return f"after {_names(map(str, steps))}" if steps else ""


def _networks(name: str) -> str:
    names = [f"'{one}'" for one in name.split("+")]
    return f"network {names[0]}" if len(names) == 1 else f"networks {_names(names)}, which share devices"


def _memory(kind: str, name: str) -> str:
    return f"huge pages of {name} KiB" if kind == HUGEPAGES else "memory"


def _mib(amount: int) -> str:
    return f"{-(-amount // _MIB)} MiB"


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _names(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:-1]) + f" and {found[-1]}" if len(found) > 1 else "".join(found)
