# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that come together: what each would have for itself, all of them may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Optional

from ..._model.field import Document
from ..._plan.pool.occupancy import EXCLUSIVE
from ..case import Case
from ..descriptor import Described
from ..finding import BLOCKED, TAKEN, WARNING, Finding
from ..view import Net, View
from .identity import same_wire
from .pools import draws, limited, member, members_in_order, next_members

# A guest's place in the list, its NIC's or None, and what is found.
Found = Iterator[tuple[int, Finding]]


def compete(guests: list[Described], view: View, batch: bool) -> Found:
    """batch: whether these are all guests of a call, or one for itself."""
    yield from _pools(guests, view, batch)
    yield from _devices(guests, view, batch)
    if batch and len(guests) > 1:
        yield from _identities(guests)
        yield from _macs(guests, view)
        yield from _memory(guests, view)
        yield from _ports(guests)


def _pools(guests: list[Described], view: View, batch: bool) -> Found:
    wanting: dict[str, list[tuple[int, int]]] = {}
    for place, guest in enumerate(guests):
        for number, name in guest.networks:
            wanting.setdefault(name, []).append((place, number))
    for name, nics in wanting.items():
        net = view.networks.get(name)
        if net is None or len(nics) < 2 or not net.active or not draws(net):
            continue
        judged: dict[str, list[Finding]] = {}
        for place, number in nics:
            needs = guests[place].needs[number]
            if needs not in judged:
                judged[needs] = list(_short(Case(guests[place].facts["nics"][number], view), net, len(nics), batch))
            for finding in judged[needs]:
                yield place, _of_nic(guests[place], number, finding, batch)


def _short(case: Case, net: Net, number: int, batch: bool) -> Iterator[Finding]:
    """Any of them may be the one that is given the last member."""
    alone = net.mode in EXCLUSIVE
    chosen = next_members(net, number, alone)
    left = (net.pool or {}).get("capacity", {}).get("left")
    code = "POOL_BATCH_EXHAUSTED" if batch else "POOL_EXHAUSTED"
    if chosen and len(chosen) < number:
        sentence = f"{number} NICs compete for {len(chosen)} free members of {case.where}."
        yield Finding(code, BLOCKED, sentence, question=TAKEN)
    elif not alone and left is not None and left < number and limited(net):
        yield Finding(code, WARNING, f"{number} NICs compete for {left} places in {case.where}.")
    if net.pool is None or case.view.links is None:
        return  # said of each of them already
    for name in sorted(set(chosen) - set(chosen[:1])):
        yield from member(case, net, name)


def _devices(guests: list[Described], view: View, batch: bool) -> Found:
    """libvirt's books are those of one network each; the kernel gives a device once where one wants it for itself."""
    wanting: dict[tuple[str, str], _Wants] = {}
    for place, guest in enumerate(guests):
        for number, nic in enumerate(guest.facts["nics"]):
            net = view.networks.get(str(nic["network"])) if nic["type"] == "network" else None
            if net is not None and net.active and draws(net):
                wants = wanting.setdefault(("network", net.name), _Wants(f"network '{net.name}'", net))
            elif nic["type"] == "direct" and nic["source"]:
                named = str(nic["source"])
                wants = wanting.setdefault(("device", named), _Wants(f"NICs that name {named}"))
                wants.devices, wants.alone = [named], wants.alone or nic["mode"] == "passthrough"
            else:
                continue
            wants.nics.append((place, number))
    if not any(wants.alone for wants in wanting.values()):
        return
    offered: Counter[str] = Counter()
    for wants in wanting.values():
        offered.update(dict.fromkeys(wants.devices, wants.times))
    claims: dict[str, list[_Wants]] = {}
    for wants in wanting.values():
        if any(offered[device] > 1 for device in wants.devices):
            for device in wants.given():
                claims.setdefault(device, []).append(wants)
    clashes: dict[str, tuple[list[str], list[_Wants]]] = {}
    for device, claiming in claims.items():
        if sum(wants.times for wants in claiming) > 1 and any(wants.alone for wants in claiming):
            who = " and ".join(sorted(wants.label for wants in claiming))
            clashes.setdefault(who, ([], claiming))[0].append(device)
    code = "POOL_BATCH_EXHAUSTED" if batch else "POOL_MEMBER_BUSY"
    for who, (devices, claiming) in clashes.items():
        first, *more = sorted(devices)
        what = f"{first} on {view.name}" + (f" (and {len(more)} other members)" if more else "")
        found = Finding(code, BLOCKED, f"{what} would go to {who} at once, which cannot share it.", question=TAKEN)
        for wants in claiming:
            for place, number in wants.nics:
                yield place, _of_nic(guests[place], number, found, batch)


class _Wants:
    """The NICs that are given devices in one way: by a network, or by the name of a device itself.

    devices: all that they may be given; alone: whether each has its own for itself.
    """

    __slots__ = ("alone", "devices", "label", "net", "nics")

    def __init__(self, label: str, net: Optional[Net] = None) -> None:
        self.label = label
        self.net = net
        self.alone = net is not None and net.mode in EXCLUSIVE
        self.devices = [] if net is None else members_in_order(net)
        self.nics: list[tuple[int, int]] = []

    @property
    def times(self) -> int:
        """How often a device of these is asked for. A network gives each out by its own books, which know of itself."""
        return 1 if self.net is not None else len(self.nics)

    def given(self) -> set[str]:
        if self.net is None:
            return set(self.devices)
        return set(next_members(self.net, len(self.nics), self.alone))


def _of_nic(guest: Described, number: int, finding: Finding, batch: bool) -> Finding:
    found = finding.at(number, guest.rated(number, finding))
    found.batch = batch
    return found


def _twice(code: str, sentence: str) -> Finding:
    return Finding(code, BLOCKED, sentence, question=TAKEN, batch=True)


def _identities(guests: list[Described]) -> Found:
    names = Counter(guest.facts["name"] for guest in guests)
    uuids = Counter(guest.facts["uuid"] for guest in guests)
    for place, guest in enumerate(guests):
        name, uuid = guest.facts["name"], guest.facts["uuid"]
        if names[name] > 1:
            yield place, _twice("GUEST_EXISTS", f"{names[name]} of the guests have the name {name}.")
        if uuids[uuid] > 1:
            yield place, _twice("GUEST_EXISTS", f"{uuids[uuid]} of the guests have the UUID {uuid}.")


def _macs(guests: list[Described], view: View) -> Found:
    owners: dict[str, list[tuple[int, int, Document]]] = {}
    for place, guest in enumerate(guests):
        for number, nic in enumerate(guest.facts["nics"]):
            owners.setdefault(nic["mac"], []).append((place, number, nic))
    for mac, nics in owners.items():
        for place, number, nic in nics if len(nics) > 1 else ():
            others = sorted(
                {
                    str(guests[other].facts["name"])
                    for other, its_number, its in nics
                    if (other, its_number) != (place, number) and same_wire(view, nic, its)
                }
            )
            if others:
                sentence = f"{', '.join(others)}, another of the guests, has the MAC address {mac} on the same wire."
                found = Finding("MAC_IN_USE", BLOCKED, sentence, batch=True)
                yield place, _of_nic(guests[place], number, found, True)


def _memory(guests: list[Described], view: View) -> Found:
    if view.memory is None:
        return
    needing = [(place, guest) for place, guest in enumerate(guests) if guest.facts["hugepages"] is None]
    needed = sum(guest.facts["memory"] or 0 for _place, guest in needing)
    total, available = view.memory["total"], view.memory["available"]
    if needed <= available:
        return
    severity = BLOCKED if needed > total else WARNING
    sentence = f"Together the guests need {needed // 1024} MiB, and {view.name} has {available // 1024} MiB to spare."
    for place, _guest in needing:
        yield place, Finding("MEMORY_SHORT", severity, sentence, question=TAKEN, batch=True)


def _ports(guests: list[Described]) -> Found:
    wanting: dict[Any, list[int]] = {}
    for place, guest in enumerate(guests):
        for item in guest.facts["graphics"]:
            if item["port"] and not item["autoport"]:
                wanting.setdefault(item["port"], []).append(place)
        for port in guest.facts["ports"]:
            wanting.setdefault(port, []).append(place)
    for port, places in wanting.items():
        for place in places if len(places) > 1 else ():
            yield place, _twice("PORT_IN_USE", f"{len(places)} of the guests want port {port} for themselves.")
