# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NICs of one guest, and guests that come together: what each would have by itself, all of them may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from ..._plan.pool.occupancy import EXCLUSIVE
from ..destination_facts import DestinationFacts, NetworkFacts
from ..finding import Finding, FindingKind, blocked, degraded, refused, risky
from ..guest_facts import CheckedGuest, NicFacts
from ..lookup_kinds import HOST, LINKS, POOLS
from ..rule import FoundInGroup, NicCase, group_rule
from .guest import are_on_one_wire
from .pools import (
    MEMBER_KINDS,
    check_member,
    choose_least_used_members,
    choose_unused_members,
    draws_from_pool,
    has_guest_limit,
)

GROUP_EXHAUSTS_POOL = refused(
    "POOL_BATCH_EXHAUSTED",
    "{number} NICs need members of {where}, which has {free} free.",
    "The pool has too few free members for all guests of this call, or two networks would give the same member to two "
    "of them. Seen: errors 1 and 38",
)
GUEST_EXHAUSTS_POOL = refused("POOL_EXHAUSTED", "{number} NICs need members of {where}, which has {free} free.")
GROUP_REACHES_LIMIT = degraded(
    "POOL_BATCH_EXHAUSTED",
    "{number} NICs need members of {where}, whose max_guests leave room for {left}.",
    "The guests of this call would exceed `max_guests`; libvirt does not enforce it",
)
GUEST_REACHES_LIMIT = degraded(
    "POOL_EXHAUSTED", "{number} NICs need members of {where}, whose max_guests leave room for {left}."
)
GROUP_SHARES_MEMBER = refused(
    "POOL_BATCH_EXHAUSTED", "{users} would all get {link} on {host}{more}, which they cannot share."
)
GUEST_SHARES_MEMBER = refused(
    "POOL_MEMBER_BUSY", "{users} would all get {link} on {host}{more}, which they cannot share."
)
SAME_NAMES = refused("GUEST_EXISTS", "{number} of the guests are named {name}.")
SAME_UUIDS = refused("GUEST_EXISTS", "{number} of the guests have the UUID {uuid}.")
SAME_MACS = blocked(
    "MAC_IN_USE", "{others}, also among these guests, has the MAC address {mac} on the same physical network."
)
GROUP_MEMORY_SHORT = refused(
    "MEMORY_SHORT", "Together the guests need {needed} MiB of memory; {host} has {there} MiB in total."
)
GROUP_MEMORY_TIGHT = risky(
    "MEMORY_SHORT", "Together the guests need {needed} MiB of memory; {host} has {there} MiB available."
)
SAME_PORTS = refused("PORT_IN_USE", "{number} of the guests listen on TCP port {port}.")


class _Kinds(NamedTuple):
    """What is reported of the NICs of one guest, or of all guests of a call."""

    exhausts_pool: FindingKind
    reaches_limit: FindingKind
    shares_member: FindingKind


_OF_GUEST = _Kinds(GUEST_EXHAUSTS_POOL, GUEST_REACHES_LIMIT, GUEST_SHARES_MEMBER)
_OF_GROUP = _Kinds(GROUP_EXHAUSTS_POOL, GROUP_REACHES_LIMIT, GROUP_SHARES_MEMBER)


@group_rule(
    GROUP_EXHAUSTS_POOL,
    GUEST_EXHAUSTS_POOL,
    GROUP_REACHES_LIMIT,
    GUEST_REACHES_LIMIT,
    *MEMBER_KINDS,
    needs=(LINKS, POOLS),
)
def count_members(guests: list[CheckedGuest], host: DestinationFacts) -> FoundInGroup:
    kinds = _OF_GROUP if len(guests) > 1 else _OF_GUEST
    wanting: dict[str, list[tuple[int, int]]] = {}
    for place, guest in enumerate(guests):
        for number, name in guest.networks:
            wanting.setdefault(name, []).append((place, number))
    for name, nics in wanting.items():
        net = host.networks.get(name)
        if net is None or len(nics) < 2 or not net.active or not draws_from_pool(net):
            continue
        judged: dict[str, list[Finding]] = {}
        for place, number in nics:
            needs = guests[place].needs[number]
            if needs not in judged:
                case = NicCase(guests[place].facts.nics[number], host)
                judged[needs] = list(_count_members(case, net, len(nics), kinds))
            for finding in judged[needs]:
                yield place, finding.at(number, finding.severity)


def _count_members(case: NicCase, net: NetworkFacts, number: int, kinds: _Kinds) -> Iterator[Finding]:
    """Any of them may be the one that is given the last member."""
    exclusive = net.mode in EXCLUSIVE
    chosen = (choose_unused_members if exclusive else choose_least_used_members)(net, number)
    left = None if net.pool is None else net.pool.capacity.left
    if chosen and len(chosen) < number:
        yield kinds.exhausts_pool.found(network=net.name, number=number, free=len(chosen))
    elif not exclusive and left is not None and left < number and has_guest_limit(net):
        yield kinds.reaches_limit.found(network=net.name, number=number, left=left)
    if net.pool is None or case.host.links is None:
        return  # reported for each of them already
    for name in sorted(set(chosen) - set(chosen[:1])):
        yield from check_member(case, net, name)


@group_rule(GROUP_SHARES_MEMBER, GUEST_SHARES_MEMBER, needs=(LINKS, POOLS))
def find_shared_members(guests: list[CheckedGuest], host: DestinationFacts) -> FoundInGroup:
    """libvirt counts for each network by itself; the kernel gives a device once where one wants it exclusively."""
    wanting: dict[tuple[str, str], _DeviceUsers] = {}
    for place, guest in enumerate(guests):
        for number, nic in enumerate(guest.facts.nics):
            users = _users_for(nic, host, wanting)
            if users is not None:
                users.nics.append((place, number))
    if not any(users.exclusive for users in wanting.values()):
        return
    kind = (_OF_GROUP if len(guests) > 1 else _OF_GUEST).shares_member
    for names, (links, sharing) in _find_clashes(list(wanting.values())).items():
        first, *more = sorted(links)
        finding = kind.found(link=first, users=list(names), more=f" (and {len(more)} other members)" if more else "")
        for users in sharing:
            for place, number in users.nics:
                yield place, finding.at(number, finding.severity)


class _DeviceUsers:
    """The NICs that are given devices in one way: by a network, or by the name of a device itself.

    devices: all that they may be given; exclusive: whether each has its own for itself.
    """

    __slots__ = ("devices", "exclusive", "label", "net", "nics")

    def __init__(self, label: str, net: Optional[NetworkFacts] = None) -> None:
        self.label = label
        self.net = net
        self.exclusive = net is not None and net.mode in EXCLUSIVE
        self.devices = [] if net is None else net.members
        self.nics: list[tuple[int, int]] = []

    @property
    def times(self) -> int:
        """How often one of the devices is asked for. A network counts what it gives out itself."""
        return 1 if self.net is not None else len(self.nics)

    def given(self) -> set[str]:
        if self.net is None:
            return set(self.devices)
        choose = choose_unused_members if self.exclusive else choose_least_used_members
        return set(choose(self.net, len(self.nics)))


def _users_for(
    nic: NicFacts, host: DestinationFacts, wanting: dict[tuple[str, str], _DeviceUsers]
) -> Optional[_DeviceUsers]:
    """To which the NIC belongs; added to wanting when it is the first."""
    net = None if nic.network_name is None else host.networks.get(nic.network_name)
    if net is not None and net.active and draws_from_pool(net):
        return wanting.setdefault(("network", net.name), _DeviceUsers(f"network '{net.name}'", net))
    if nic.type == "direct" and nic.source:
        users = wanting.setdefault(("device", nic.source), _DeviceUsers(f"NICs that name {nic.source}"))
        users.devices, users.exclusive = [nic.source], users.exclusive or nic.mode == "passthrough"
        return users
    return None


def _find_clashes(wanting: list[_DeviceUsers]) -> dict[tuple[str, ...], tuple[list[str], list[_DeviceUsers]]]:
    """Labels of those that would get the same device -> the devices, and those."""
    offered: Counter[str] = Counter()
    for users in wanting:
        offered.update(dict.fromkeys(users.devices, users.times))
    claims: dict[str, list[_DeviceUsers]] = {}
    for users in wanting:
        if any(offered[device] > 1 for device in users.devices):
            for device in users.given():
                claims.setdefault(device, []).append(users)
    clashes: dict[tuple[str, ...], tuple[list[str], list[_DeviceUsers]]] = {}
    for device, claiming in claims.items():
        if sum(users.times for users in claiming) > 1 and any(users.exclusive for users in claiming):
            names = tuple(sorted(users.label for users in claiming))
            clashes.setdefault(names, ([], claiming))[0].append(device)
    return clashes


@group_rule(SAME_NAMES, SAME_UUIDS)
def compare_identities(guests: list[CheckedGuest], _host: DestinationFacts) -> FoundInGroup:
    names = Counter(guest.facts.name for guest in guests)
    uuids = Counter(guest.facts.uuid for guest in guests)
    for place, guest in enumerate(guests):
        name, uuid = guest.facts.name, guest.facts.uuid
        if names[name] > 1:
            yield place, SAME_NAMES.found(number=names[name], name=name)
        if uuids[uuid] > 1:
            yield place, SAME_UUIDS.found(number=uuids[uuid], uuid=uuid)


@group_rule(SAME_MACS)
def compare_macs(guests: list[CheckedGuest], host: DestinationFacts) -> FoundInGroup:
    if len(guests) == 1:
        return
    owners: dict[str, list[tuple[int, int, NicFacts]]] = {}
    for place, guest in enumerate(guests):
        for number, nic in enumerate(guest.facts.nics):
            owners.setdefault(nic.mac, []).append((place, number, nic))
    for mac, nics in owners.items():
        for place, number, nic in nics if len(nics) > 1 else ():
            others = sorted(
                {
                    guests[other].facts.name
                    for other, its_number, its in nics
                    if (other, its_number) != (place, number) and are_on_one_wire(host, nic, its)
                }
            )
            if others:
                finding = SAME_MACS.found(others=others, mac=mac)
                yield place, finding.at(number, finding.severity)


@group_rule(GROUP_MEMORY_SHORT, GROUP_MEMORY_TIGHT, needs=(HOST,))
def add_up_memory(guests: list[CheckedGuest], host: DestinationFacts) -> FoundInGroup:
    if host.memory is None or len(guests) == 1:
        return
    needing = [(place, guest) for place, guest in enumerate(guests) if guest.facts.hugepages is None]
    needed = sum(guest.facts.memory or 0 for _place, guest in needing)
    total, available = host.memory.total, host.memory.available
    for place, _guest in needing if needed > available else ():
        if needed > total:
            yield place, GROUP_MEMORY_SHORT.found(needed=needed // 1024, there=total // 1024)
        else:
            yield place, GROUP_MEMORY_TIGHT.found(needed=needed // 1024, there=available // 1024)


@group_rule(SAME_PORTS)
def compare_ports(guests: list[CheckedGuest], _host: DestinationFacts) -> FoundInGroup:
    if len(guests) == 1:
        return
    wanting: dict[Any, list[int]] = {}
    for place, guest in enumerate(guests):
        for item in guest.facts.graphics:
            if item.port and not item.autoport:
                wanting.setdefault(item.port, []).append(place)
        for port in guest.facts.ports:
            wanting.setdefault(port, []).append(place)
    for port, places in wanting.items():
        for place in places if len(places) > 1 else ():
            yield place, SAME_PORTS.found(number=len(places), port=port)
