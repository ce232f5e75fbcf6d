# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request + existing members and devices -> the members that a pool should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from ..._model import pool as kinds
from ..._model.device import Device
from ..._model.errors import Path, Problem, VirtfleetError, refuse
from ..._model.field import Document
from ..._model.forward import members_of, mode_of, takes_pool
from ..._model.pool import Member, Pool
from .fitness import why_unfit
from .named import find_members, named_members
from .ranges import sort_names
from .request import Request


@dataclass(frozen=True)
class Choice:
    """members: all members of the pool; limits: max_guests by member; warnings: devices left out, and why; running:
    all members of the running network's pool, None if there is none or it cannot be changed separately."""

    members: tuple[str, ...]
    limits: dict[str, int]
    warnings: tuple[str, ...] = ()
    running: Optional[tuple[str, ...]] = None

    @property
    def in_effect(self) -> tuple[str, ...]:
        """The members of the running network after the change."""
        return self.members if self.running is None else self.running


@dataclass(frozen=True)
class ChoiceContext:
    """What a pool chooses from. devices: None where they cannot be seen; other_pools: their members -> network; live:
    the running network's definition."""

    devices: Optional[Sequence[Device]]
    other_pools: Mapping[str, str]
    live: Optional[Document] = None


def choose(
    request: Request, document: Document, pool: Pool, limits: Mapping[str, int], around: ChoiceContext
) -> Choice:
    """document: the network's definition, with the members of a <pf> filled in; pool: as it is now; limits: the
    max_guests that it has.

    Raises VirtfleetError NO_POOL, POOL_IS_PF, MEMBER_IN_USE, what named_members() and find_members() raise, and the
    codes of why_unfit().
    """
    mode = _mode(request, document)
    had = list(members_of(document))
    runs = _running_members(document, around.live)
    both = [*had, *(name for name in runs or () if name not in had)]
    if _is_whole_pf(request, document):
        meant: list[str] = had
        warnings: list[str] = []
    elif request.present:
        meant, warnings = _coming(request, mode, both, pool, around)
    else:
        meant, warnings = _going(request, mode, both, around.devices)
    members = _changed(request, had, meant)
    running = None if runs is None else tuple(_changed(request, runs, meant))
    _refuse_pf(request, document, had, members)
    _refuse_held(request, pool, members if running is None else running, had if running is None else None)
    kept = {name: limit for name, limit in limits.items() if name in members}
    if request.max_guests is not None:
        kept.update({name: request.max_guests for name in meant if request.present})
    limits = {name: limit for name, limit in kept.items() if limit}
    return Choice(tuple(members), limits, tuple(warnings), running)


def _running_members(document: Document, live: Optional[Document]) -> Optional[tuple[str, ...]]:
    """None if libvirt cannot update them: a change is then a restart, which gives the network the defined members."""
    if live is None or not takes_pool(live) or "pf" in (live.get("forward") or {}):
        return None
    return None if "hostdev" in (mode_of(live), mode_of(document)) else members_of(live)


def _changed(request: Request, had: Sequence[str], meant: Sequence[str]) -> list[str]:
    """A pool's members after the change."""
    if not request.names_some:
        return list(had)
    if not request.present:
        return [name for name in had if name not in meant]
    kept = [name for name in had if name in meant or not request.exclusive]
    return [*kept, *(name for name in meant if name not in had)]


def _mode(request: Request, document: Document) -> str:
    mode = mode_of(document)
    if takes_pool(document):
        return str(mode)
    bridge = (document.get("bridge") or {}).get("name")
    what = (
        f"uses the bridge {bridge}" if mode == "bridge" else f"has the forward mode {mode}" if mode else "is isolated"
    )
    raise VirtfleetError(
        "NO_POOL",
        f"Network '{request.network}' {what} and cannot have a pool. Pools are supported in the forward modes bridge "
        "(without a bridge name), private, vepa, passthrough and hostdev.",
        network=request.network,
    )


def _is_whole_pf(request: Request, document: Document) -> bool:
    """Whether the task means exactly what libvirt itself fills the pool with."""
    dev = ((document.get("forward") or {}).get("pf") or {}).get("dev")
    only = request.members is None and not request.match and request.vfs is None
    return dev is not None and dev == request.pf and only


def _refuse_pf(request: Request, document: Document, had: Sequence[str], members: Sequence[str]) -> None:
    dev = ((document.get("forward") or {}).get("pf") or {}).get("dev")
    if dev is None or set(members) == set(had) or not members or request.exclusive:
        return
    raise VirtfleetError(
        "POOL_IS_PF",
        f"The pool of network '{request.network}' consists of all VFs of {dev}, which libvirt lists when the network "
        "starts; single members cannot be added or removed. Give the complete list with exclusive: true instead.",
        network=request.network,
    )


def _coming(
    request: Request, mode: str, had: Sequence[str], pool: Pool, around: ChoiceContext
) -> tuple[list[str], list[str]]:
    """Named members are refused when they are unfit, found ones left out; those that are there stay."""
    devices = around.devices
    given = named_members(request, mode, devices)
    by_name = {alias: device for device in devices or () for alias in device.aliases}
    problems: list[Problem] = []
    warnings: list[str] = []
    for name in given if devices is not None else ():
        device = by_name.get(name)
        seen = pool.seen(device.aliases if device else frozenset({name}))
        problem = why_unfit(name, device, mode, seen, around.other_pools)
        if problem and name in had:
            warnings.append(f"Member of network '{request.network}': {problem.sentence}")
        elif problem:
            problems.append(problem)
        elif mode == "hostdev" and name not in had and _held(seen):
            problems.append(_still_held(name, seen))
    if problems:
        raise refuse(problems, network=request.network)
    if given and devices is None:
        warnings.append("The host's links cannot be read over a remote URI; the members were not checked.")
    listed, bare = find_members(request, mode, devices, frozenset(had))
    meant = list(given)
    left_out = [f"{address} has no link." for address in bare]
    for name, device in listed:
        seen = pool.seen(device.aliases)
        problem = None if name in had else why_unfit(name, device, mode, seen, around.other_pools)
        if problem is None and mode == "hostdev" and name not in had and _held(seen):
            problem = _still_held(name, seen)
        if problem:
            left_out.append(problem.sentence)
        elif name not in meant:
            meant.append(name)
    if left_out and not any(name not in given for name in meant):
        raise VirtfleetError(
            "MATCH_EMPTY",
            f"No matching link can be a member of network '{request.network}': {' '.join(left_out[:5])}",
            network=request.network,
            left_out=left_out,
        )
    warnings += [f"Not added to network '{request.network}': {sentence}" for sentence in left_out]
    return meant, warnings


def _held(member: Member) -> bool:
    return bool(member.of_kind(kinds.GUEST))


def _still_held(name: str, member: Member) -> Problem:
    """A macvtap's port can be made again from what its guest shows, a PCI device's cannot."""
    holders = ", ".join(map(str, member.of_kind(kinds.GUEST)))
    return Problem(
        "MEMBER_BUSY",
        Path(("members", name)),
        "{name} was drained and is still held by {holders} until the guest stops.",
        name=name,
        holders=holders,
    )


def _going(
    request: Request, mode: str, had: Sequence[str], devices: Optional[Sequence[Device]]
) -> tuple[list[str], list[str]]:
    given = named_members(request, mode, devices)
    listed, _bare = find_members(request, mode, devices, frozenset(had))
    meant = [*given, *(name for name, _device in listed if name in had and name not in given)]
    if request.match and set(request.match) <= {"name", "regex"}:
        # A member that the host no longer has can still be found by its name.
        here = {alias for device in devices or () for alias in device.aliases}
        lost = [Device(name=name) for name in sort_names(had) if name not in here]
        gone, _none = (
            find_members(_by_name_only(request), mode, lost, frozenset()) if lost and mode != "hostdev" else ([], [])
        )
        meant += [name for name, _device in gone if name not in meant]
    return meant, []


def _by_name_only(request: Request) -> Request:
    return Request(request.network, present=False, match=request.match)


def _refuse_held(request: Request, pool: Pool, members: Sequence[str], defined: Optional[Sequence[str]]) -> None:
    """members: those that the running network will have; defined: those of the definition, if the change is a
    restart."""
    leaving = [member for member in pool.members if member.name not in members and _held(member)]
    if not leaving or request.drain:
        return
    holders = [holder for member in leaving for holder in member.of_kind(kinds.GUEST)]
    which = ", ".join(f"{member.name} ({', '.join(map(str, member.of_kind(kinds.GUEST)))})" for member in leaving)
    lacking = [member.name for member in leaving if defined is not None and member.name not in defined]
    why = f" The definition does not have {', '.join(lacking)}, and the change needs a restart." if lacking else ""
    raise VirtfleetError(
        "MEMBER_IN_USE",
        f"Running guests hold members that would be removed from network '{request.network}': {which}; nothing was "
        f"changed.{why} With drain: true, they are removed from the pool and these guests keep them until they stop.",
        network=request.network,
        members=[member.name for member in leaving],
        guests=sorted({holder.name for holder in holders}),
        holders=[{"member": member.name, **h.as_dict()} for member in leaving for h in member.of_kind(kinds.GUEST)],
    )


def forward_with(document: Document, members: Sequence[str]) -> Document:
    """The network's <forward> with these members and everything else of it kept."""
    forward: Document = dict(document.get("forward") or {})
    if "pf" in forward and set(members) == set(members_of(document)):
        return forward
    for option in ("dev", "pf", "interfaces", "addresses"):
        forward.pop(option, None)
    hostdev = forward.get("mode") == "hostdev"
    option, key = ("addresses", "address") if hostdev else ("interfaces", "dev")
    old = {item[key]: item for item in (document.get("forward") or {}).get(option) or ()}
    if members:
        forward[option] = [old.get(name, {key: name}) for name in members]
    return forward
