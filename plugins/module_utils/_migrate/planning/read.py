# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules returned on every host -> the fleet that is planned for.

Where a guest may go is the migration check's verdict, for each guest alone; what guests take from one another there is
counted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

from ..._model.errors import VirtfleetError
from ..._plan.pool.occupancy import EXCLUSIVE
from ..answers import fact_answers, guest_answers
from ..destination_facts import DestinationFacts, NetworkFacts, read_destination
from ..finding import OK, WARNING, ShownFinding, rank_of, worst_of
from ..guest_facts import CheckedGuest, GuestFacts, NicFacts, load_guests
from ..matrix import matrix_of_facts
from ..matrix_words import Row
from ..moving.arrivals import GuestOnItsWay, find_arrivals
from ..rule import NicCase
from ..rules.guest import MEMORY_SHORT
from ..rules.pools import POOL_EXHAUSTED, check_member, choose_unused_members, draws_from_pool, has_guest_limit
from ..verdicts import Policy
from .fleet import (
    APART,
    CPUS,
    HUGEPAGES,
    MEMBERS,
    MEMORY,
    PLACES,
    UNIQUE,
    Amounts,
    Destination,
    Fleet,
    Obstacle,
    PlannedGuest,
    Resource,
)
from .planning_options import PlanningOptions, matches

_MIB = 1024


def read_fleet(found: Mapping[str, Any], facts: Mapping[str, Any], wanted: PlanningOptions, policy: Policy) -> Fleet:
    """found, facts: host -> what virt_guest_info and virt_network_info returned there.

    Never raises: a host of which something cannot be read takes no guest, and its guests are not planned for.
    """
    found = guest_answers(found)
    rows = matrix_of_facts(found, facts, None, policy)["guests"]
    described = {guest["uuid"]: guest for host in found.values() for guest in host.get("guests") or ()}
    # Of a guest that is defined on several hosts the row says where it runs.
    for row in rows:
        for guest in found[row["host"]].get("guests") or ():
            if guest["uuid"] == row["uuid"]:
                described[row["uuid"]] = guest
    checked = dict(zip(described, load_guests(described.values())))
    hosts: dict[str, DestinationFacts] = {}
    for host, info in fact_answers(facts).items():
        # The matrix says of it that it is unknown.
        with suppress(VirtfleetError):
            hosts[host] = read_destination(info)
    twins = find_twins(hosts)
    wanted = replace(wanted, sources=_all_names(wanted.sources, twins), avoid=_all_names(wanted.avoid, twins))
    return _Reader(rows, checked, hosts, find_arrivals(found), (wanted, policy)).fleet()


def find_twins(hosts: Mapping[str, DestinationFacts]) -> dict[str, str]:
    """Names of hosts that have an earlier name too, which is the value. Hosts that were copied have one UUID, and host
    names of their own."""
    first: dict[tuple[Optional[str], str], str] = {}
    known = ((name, (facts.uuid, facts.name)) for name, facts in sorted(hosts.items()) if facts.uuid)
    return {name: first[key] for name, key in known if first.setdefault(key, name) != name}


def _all_names(names: tuple[str, ...], twins: Mapping[str, str]) -> tuple[str, ...]:
    """With the other names of the same hosts."""
    meant = {twins.get(name, name) for name in names}
    return (*names, *(name for pair in twins.items() if meant & set(pair) for name in pair if name not in names))


class _Reader:
    def __init__(
        self,
        rows: list[Row],
        checked: Mapping[str, Any],
        hosts: Mapping[str, DestinationFacts],
        arrivals: Mapping[str, GuestOnItsWay],
        asked: tuple[PlanningOptions, Policy],
    ) -> None:
        self.rows, self.hosts, self.arrivals = rows, hosts, arrivals
        self.wanted, self.policy = asked
        self.twins = find_twins(hosts)
        self.guests = {uuid: one for uuid, one in checked.items() if isinstance(one, CheckedGuest)}
        self.homes = {row["uuid"]: row["host"] for row in rows}
        counted = Counter(key for uuid in self.homes for key in self._identities(uuid))
        self.shared = {key for key, number in counted.items() if number > 1}
        # By network, one NIC of those with equal needs.
        self.nics: dict[str, dict[str, NicFacts]] = {}
        for guest in self.guests.values():
            for place, name in guest.networks:
                self.nics.setdefault(name, {})[guest.needs[place]] = guest.facts.nics[place]

    def fleet(self) -> Fleet:
        guests = tuple(self._guest(row) for row in self.rows)
        memory = {host: facts.memory for host, facts in self.hosts.items() if facts.memory is not None}
        return Fleet(
            guests,
            self._room(guests),
            memory={host: one.total for host, one in memory.items() if one.total},
            used={host: one.total - one.available for host, one in memory.items()},
            together=tuple(self._together()),
            twins=self.twins,
        )

    def _guest(self, row: Row) -> PlannedGuest:
        uuid, home = row["uuid"], row["host"]
        destinations: list[Destination] = []
        obstacles: dict[str, Obstacle] = {}
        for host, cell in row["cells"].items():
            findings = [one for one in cell["findings"] if not self._is_counted(uuid, one)]
            # What is not known of a host is in no finding.
            counts = len(findings) < len(cell["findings"])
            verdict = worst_of(one["severity"] for one in findings) if counts else cell["verdict"]
            obstacle = self._obstacle(row, host, verdict, findings)
            if obstacle is None:
                destinations.append(Destination(host, verdict, self._takes(uuid, host)))
            else:
                obstacles[host] = obstacle
        gives = self._takes(uuid, home) if home in self.hosts else {}
        leaves = home in self.wanted.sources
        if uuid in self.arrivals:
            return self._on_its_way(PlannedGuest(uuid, row["guest"], home, leaves, (), gives, obstacles))
        return PlannedGuest(uuid, row["guest"], home, leaves, tuple(destinations), gives, obstacles)

    def _on_its_way(self, guest: PlannedGuest) -> PlannedGuest:
        """It goes where it is going, and takes nothing there that it does not have already."""
        host = self.arrivals[guest.uuid].destination
        if host in self.wanted.sources:
            # Nothing moves it on before it is there.
            return replace(guest, home=host, leaves=True, gives={})
        if host in self.wanted.avoid or not guest.leaves:
            return guest
        rest = {other: one for other, one in guest.obstacles.items() if other != host}
        return replace(guest, destinations=(Destination(host, OK, {}),), obstacles=rest)

    def _obstacle(self, row: Row, host: str, verdict: str, findings: Sequence[ShownFinding]) -> Optional[Obstacle]:
        if host in self.wanted.sources or host in self.wanted.avoid:
            return Obstacle("MAINTENANCE")
        if host in self.twins:
            return Obstacle("HOST_TWICE", f"It is the same host as {self.twins[host]}.")
        if not self.wanted.allows(row["guest"], host):
            return Obstacle("PINNED")
        if verdict in self.wanted.accepted and row["uuid"] in self.guests and host in self.hosts:
            return None
        if not findings:
            return Obstacle("", verdict=verdict)
        worst = findings[0]
        return Obstacle(worst["code"], worst["sentence"], worst["remediation"], verdict)

    def _is_counted(self, uuid: str, finding: ShownFinding) -> bool:
        """Whether it says that a host has too little now of what is counted here over all guests: another guest may
        leave that host, and what is missing is said in numbers. Not where libvirt's own count has to be repaired first,
        or a guest needs more memory than the host has."""
        if finding["code"] == POOL_EXHAUSTED.code:
            return finding["remediation"] is None
        if finding["code"] == MEMORY_SHORT.code:
            guest = self.guests.get(uuid)
            return finding["severity"] == WARNING or (guest is not None and bool(guest.facts.hugepages))
        return False

    def _takes(self, uuid: str, host: str) -> Amounts:
        guest = self.guests.get(uuid)
        if guest is None:
            return {}
        facts, found = guest.facts, Counter[Resource]()
        if facts.running or self.homes[uuid] != host:
            found.update(_hardware(facts, host))
            for _place, network in guest.networks:
                found.update(self._of_pool(host, network))
        found.update({Resource(host, UNIQUE, key): 1 for key in self._identities(uuid) & self.shared})
        for number, patterns in enumerate(self.wanted.apart):
            if matches(guest.name, patterns):
                found[Resource(host, APART, str(number))] = 1
        return dict(found)

    def _of_pool(self, host: str, network: str) -> dict[Resource, int]:
        net = self.hosts[host].networks.get(network)
        if net is None or not net.active or not draws_from_pool(net):
            return {}
        if net.mode in EXCLUSIVE:
            names = self._sharing(host, net)
            groups = [network] if len(names) < 2 else [network, "+".join(names)]
            return {Resource(host, MEMBERS, name): 1 for name in groups}
        return {Resource(host, PLACES, network): 1} if has_guest_limit(net) else {}

    def _sharing(self, host: str, net: NetworkFacts) -> list[str]:
        """The networks of the host that hand out some of the same devices, each for itself."""
        mine = set(net.members)
        return sorted(
            other.name
            for other in self.hosts[host].networks.values()
            if other.active and other.mode in EXCLUSIVE and mine & set(other.members)
        )

    def _identities(self, uuid: str) -> set[str]:
        guest = self.guests.get(uuid)
        if guest is None:
            return set()
        facts = guest.facts
        return {
            f"name {facts.name}",
            *(f"MAC address {nic.mac}" for nic in facts.nics),
            *(f"TCP port {port}" for port in facts.ports),
            *(f"device {nic.source}" for nic in facts.nics if nic.type == "direct" and nic.mode == "passthrough"),
        }

    def _room(self, guests: Iterable[PlannedGuest]) -> dict[Resource, int]:
        there: Counter[Resource] = Counter()
        taken: set[Resource] = set()
        for guest in guests:
            there.update(guest.gives)
            taken.update(resource for one in guest.destinations for resource in one.takes)
        return {
            resource: room for resource in sorted(taken) if (room := self._free(resource, there[resource])) is not None
        }

    def _free(self, resource: Resource, there: int) -> Optional[int]:
        """there: what the guests of the host take of it by now."""
        facts, kind = self.hosts[resource.host], resource.kind
        if kind in (UNIQUE, APART):
            return 1 - there
        if kind == CPUS:
            ratio = self.wanted.cpu_ratio
            return None if facts.cpus is None or ratio is None else int(facts.cpus * ratio) - there
        if kind in (MEMORY, HUGEPAGES):
            return self._free_memory(facts, resource)
        names = resource.name.split("+")
        nets = [facts.networks[name] for name in names if name in facts.networks]
        if kind == PLACES:
            return None if nets[0].pool is None else nets[0].pool.capacity.left
        if len(nets) > 1:
            return len(set().union(*(self._good_members(resource.host, net) for net in nets)))
        return len(self._good_members(resource.host, nets[0]))

    def _free_memory(self, facts: DestinationFacts, resource: Resource) -> Optional[int]:
        if facts.memory is None:
            return None
        if resource.kind == HUGEPAGES:
            return facts.memory.pages.get(resource.name, 0) * int(resource.name)
        return facts.memory.available - self.wanted.memory_reserve * _MIB

    def _good_members(self, host: str, net: NetworkFacts) -> list[str]:
        """Those that libvirt hands out one after the other, up to the first with which a guest would be worse off than
        is accepted; of all NICs that may come, the one with which it is fewest."""
        chosen = choose_unused_members(net, len(net.members))
        cases = [NicCase(nic, self.hosts[host]) for nic in self.nics.get(net.name, {}).values()]
        good = [list(self._until_bad(case, net, chosen)) for case in cases]
        return min(good, key=len) if good else chosen

    def _until_bad(self, case: NicCase, net: NetworkFacts, chosen: list[str]) -> Iterator[str]:
        worst = max(map(rank_of, self.wanted.accepted))
        for name in chosen:
            found = list(check_member(case, net, name))
            if any(rank_of(self.policy.get(one.code, one.severity)) > worst for one in found):
                return
            yield name

    def _together(self) -> Iterator[tuple[str, ...]]:
        """Guests that are on one host now; guests that are apart already are not brought together."""
        for patterns in self.wanted.together:
            by_host: dict[str, list[str]] = {}
            for row in self.rows:
                if matches(row["guest"], patterns):
                    by_host.setdefault(row["host"], []).append(row["uuid"])
            yield from (tuple(uuids) for uuids in by_host.values() if len(uuids) > 1)


def _hardware(facts: GuestFacts, host: str) -> dict[Resource, int]:
    found = {Resource(host, CPUS): facts.vcpus} if facts.vcpus else {}
    if facts.memory:
        kind, name = (HUGEPAGES, str(facts.hugepages)) if facts.hugepages else (MEMORY, "")
        found[Resource(host, kind, name)] = facts.memory
    return found
