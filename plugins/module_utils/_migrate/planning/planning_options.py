# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is asked for: hosts to empty, limits, and rules on where guests may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ..._model.errors import VirtfleetError
from ..choice import ACCEPTABLE, read_choice
from ..finding import WARNING

_MOST = 1_000_000_000


@dataclass(frozen=True)
class PlanningOptions:
    """sources: hosts to empty; avoid: hosts that take no guest; accept: the worst verdict; memory_reserve: MiB that
    each host keeps free; cpu_ratio: virtual CPUs for each of the host's, None for any number.

    apart, together: lists of patterns of guests' names; pin: pattern -> the hosts that these guests may be on. others:
    whether guests of other hosts may move where that leaves fewer behind. per_host, at_once: moves at a time, of each
    host and in all. seconds: for each step of the solver. balance: whether the worst load matters, which takes the
    solver longest.
    """

    sources: tuple[str, ...]
    avoid: tuple[str, ...] = ()
    accept: str = WARNING
    memory_reserve: int = 0
    cpu_ratio: float | None = None
    apart: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    pin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: bool = True
    per_host: int = 2
    at_once: int = 4
    seconds: float = 60.0
    balance: bool = True

    @property
    def accepted(self) -> tuple[str, ...]:
        return ACCEPTABLE[: ACCEPTABLE.index(self.accept) + 1]

    def allows(self, guest: str, host: str) -> bool:
        """By the pins."""
        return all(host in hosts for pattern, hosts in self.pin.items() if fnmatchcase(guest, pattern))


def matches(guest: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(guest, pattern) for pattern in patterns)


def read_planning_options(given: Mapping[str, Any], hosts: Iterable[str]) -> PlanningOptions:
    """given: as the filter's options are. Raises VirtfleetError PLAN_INVALID."""
    known = set(hosts)
    wanted = PlanningOptions(
        sources=_texts(given, "sources"),
        avoid=_texts(given, "avoid"),
        accept=read_choice("accept", given.get("accept") or WARNING, ACCEPTABLE),
        memory_reserve=_whole(given, "memory_reserve", 0, 0),
        cpu_ratio=None if given.get("cpu_ratio") is None else float(_number(given, "cpu_ratio", 0, 0.01)),
        apart=_groups(given, "apart"),
        together=_groups(given, "together"),
        pin=_pins(given),
        others=_yes_or_no(given, "others", True),
        per_host=_whole(given, "per_host", 2, 1),
        at_once=_whole(given, "at_once", 4, 1),
        seconds=float(_number(given, "seconds", 60, 1)),
    )
    pinned = tuple(host for hosts in wanted.pin.values() for host in hosts)
    for option, named in (("sources", wanted.sources), ("avoid", wanted.avoid), ("pin", pinned)):
        unknown = sorted(set(named) - known)
        if unknown:
            raise VirtfleetError(
                "PLAN_INVALID",
                f"{option} has {', '.join(unknown)}, which is not among the hosts ({', '.join(sorted(known))}).",
            )
    if not wanted.sources:
        raise VirtfleetError("PLAN_INVALID", "sources is empty: name at least one host to empty.")
    return wanted


def _texts(given: Mapping[str, Any], option: str) -> tuple[str, ...]:
    value = given.get(option) or ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise VirtfleetError("PLAN_INVALID", f"{option} must be a list of strings.")
    return tuple(value)


def _groups(given: Mapping[str, Any], option: str) -> tuple[tuple[str, ...], ...]:
    value = given.get(option) or ()
    if not isinstance(value, (list, tuple)):
        raise VirtfleetError("PLAN_INVALID", f"{option} must be a list of lists of names.")
    return tuple(_texts({option: item}, option) for item in value)


def _pins(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    value = given.get("pin") or {}
    if not isinstance(value, Mapping):
        raise VirtfleetError("PLAN_INVALID", "pin must map guest names to lists of hosts.")
    return {str(pattern): _texts({"pin": hosts}, "pin") for pattern, hosts in value.items()}


def _yes_or_no(given: Mapping[str, Any], option: str, default: bool) -> bool:
    value = given.get(option)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise VirtfleetError("PLAN_INVALID", f"{option} is {value!a}; it must be true or false.")
    return value


def _whole(given: Mapping[str, Any], option: str, default: int, least: int) -> int:
    value = _number(given, option, default, least)
    if int(value) != value:
        raise VirtfleetError("PLAN_INVALID", f"{option} is {value!a}; it must be a whole number.")
    return int(value)


def _number(given: Mapping[str, Any], option: str, default: float, least: float) -> Any:
    value = given.get(option)
    if value is None:
        return default
    # The solver counts in floating point numbers, which are not exact above.
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not least <= value <= _MOST:
        raise VirtfleetError("PLAN_INVALID", f"{option} is {value!a}; it must be a number from {least} to {_MOST}.")
    return value
