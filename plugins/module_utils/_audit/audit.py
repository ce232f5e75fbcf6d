# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contract, bindings and what virt_network_info returned on each host -> findings.

The faults come from FleetContract, what differs from compare, and what a host cannot have from check: the functions by
which the rollout judges. The links and the firewall are followed by the functions of the migration check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._fleet.complete import complete_network
from .._fleet.contract_check import FleetContract, HostNetworks, tidy_faults
from .._fleet.fault import Fault
from .._fleet.pool import networks_on_hosts, with_members
from .._migrate.destination_facts import DestinationFacts, NetworkFacts
from .._migrate.rules.known_faults import crashes_over_hostdev
from .._model import bridge_link, dnsmasq
from .._model.desired import ACTIVE, INACTIVE, Desired, declaration
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.forward import has_pool, is_virtual
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.pool import FOREIGN, FREE, HELD, MISSING, STALE
from .._plan.comparison import Comparison, compare
from .._plan.rules.check import check_definition
from . import kinds
from .addresses import Users, find_duplicate_addresses, note_addresses
from .facts import read_facts
from .finding import AuditFinding
from .guests import Stations, find_duplicate_macs, find_old_settings, note_guests
from .reach import find_obstacles

_FORWARDING = ("nat", "route")
_MEMBER_STATES = {
    FREE: None, HELD: None, MISSING: kinds.MEMBER_MISSING, STALE: kinds.MEMBER_STALE, FOREIGN: kinds.MEMBER_FOREIGN,
}  # fmt: skip
# As libvirt generates them.
_UUID_OR_MAC = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{2}(:[0-9a-f]{2}){5}")
# By all that they depend on, what was found.
Judged = dict[str, tuple[AuditFinding, ...]]


@dataclass(frozen=True)
class Compared:
    """What is compared between hosts."""

    uuids: dict[str, list[str]] = field(default_factory=dict)
    users: Users = field(default_factory=dict)
    stations: Stations = field(default_factory=dict)


def audit(contract: Any, hosts: Mapping[str, Any]) -> list[AuditFinding]:
    """hosts: {name: {bindings, contract, info}}; info: the result of virt_network_info, or of a task that failed.

    By host, in the order of hosts. Never raises: what cannot be read of a host is a finding of that host.
    """
    fleet, compared = FleetContract(contract), Compared()
    judged: Judged = {}
    faults: list[Fault] = []
    found: list[AuditFinding] = []
    # One host after the other: of each, only what is compared with others is kept.
    for host, given in hosts.items():
        facts = given if isinstance(given, Mapping) else {}
        seen = why = None
        try:
            seen = read_facts(facts.get("info"))
        except VirtfleetError as error:
            why = error.sentence
        except Exception as error:
            found.append(_report_failure(host, error))
        links = None if seen is None or seen.links is None else facts["info"]["links"]
        desired, its_faults = fleet.join(host, facts, links)
        # Without any facts, its bindings are unknown, not missing.
        faults.extend(its_faults if facts else ())
        if why is not None:
            found.append(AuditFinding(kinds.HOST_UNKNOWN, host, parameters={"why": why}))
        if seen is not None:
            found.extend(_collect_findings(host, _audit_host(host, desired, seen, judged)))
            found.extend(_collect_findings(host, _note(compared, host, desired, seen)))
    found.extend(find_duplicate_uuids(compared.uuids))
    found.extend(find_duplicate_macs(compared.stations))
    found.extend(find_duplicate_addresses(compared.users))
    order = {host: number for number, host in enumerate(hosts)}
    return sorted([*map(_report_fault, tidy_faults(faults)), *found], key=lambda one: order.get(one.host, -1))


def find_duplicate_uuids(hosts: Mapping[str, list[str]]) -> Iterator[AuditFinding]:
    """hosts: by libvirt's UUID of the host. Machines that were copied have the same."""
    for names in hosts.values():
        for host in names:
            others = [other for other in names if other != host]
            if others:
                yield AuditFinding(kinds.HOST_TWICE, host, parameters={"others": others})


def _report_fault(fault: Fault) -> AuditFinding:
    said = {**fault.parameters, "fault": fault.code}
    return AuditFinding(kinds.FAULT, fault.host, fault.network, parameters=said, template=fault.template)


def _collect_findings(host: str, findings: Iterator[AuditFinding]) -> list[AuditFinding]:
    """What was found before the audit failed stands; that it failed is a fault of ours."""
    found: list[AuditFinding] = []
    try:
        found.extend(findings)
    except Exception as error:
        found.append(_report_failure(host, error))
    return found


def _report_failure(host: str, error: Exception) -> AuditFinding:
    said = f"{type(error).__name__}: {error}"[:120]
    return AuditFinding(kinds.UNEXPECTED, host, parameters={"error": said})


def _note(compared: Compared, host: str, desired: HostNetworks, seen: DestinationFacts) -> Iterator[AuditFinding]:
    if seen.guests is None:
        yield AuditFinding(kinds.GUESTS_UNKNOWN, host)
    note_guests(compared.stations, host, seen.guests or ())
    if seen.uuid:
        compared.uuids.setdefault(seen.uuid, []).append(host)
    physical = {network["name"] for network in desired.networks if not is_virtual(network)}
    note_addresses(compared.users, host, seen, physical)


def _audit_host(host: str, desired: HostNetworks, seen: DestinationFacts, judged: Judged) -> Iterator[AuditFinding]:
    there = seen.networks
    # Only their members are found on the host.
    pools = [network["name"] for network in desired.networks if "pool" in network]
    members: dict[str, Document] = {}
    for name in pools:
        # A forward mode of a later libvirt has none that count.
        with suppress(ValueError):
            members.update(networks_on_hosts([there[name].defined] if name in there else []))
    major, minor, patch = seen.version
    libvirt = Host((major, minor, patch))
    for network in desired.networks:
        name = network["name"]
        if name not in desired.broken:
            wanted = with_members(network, members)
            for one in _compare_with_contract(wanted, there.get(name), libvirt, judged):
                yield replace(one, host=host)
            if name in there:
                yield from _check_forwarding(host, network, seen)
        if name in there:
            yield from _check_health(host, there[name])
            yield from find_obstacles(host, seen, there[name], desired.mtus.get(name))
            yield from find_old_settings(host, name, there[name].details.guests_on_old_settings)
            if crashes_over_hostdev(seen, there[name]):
                yield AuditFinding(kinds.LIBVIRT_FAULT, host, name, parameters={"version": seen.libvirt_version})
        else:
            yield AuditFinding(kinds.NETWORK_MISSING, host, name)
    for name in sorted(set(there) - {network["name"] for network in desired.networks} - desired.broken):
        managed = there[name].details.managed
        yield AuditFinding(kinds.NETWORK_LEFT if managed else kinds.NETWORK_FOREIGN, host, name)
    if seen.links is None:
        yield AuditFinding(kinds.LINKS_UNKNOWN, host)
    if seen.migration is not None and seen.migration.hooks:
        yield AuditFinding(kinds.HOOK_SCRIPT, host, parameters={"scripts": list(seen.migration.hooks)})


def _compare_with_contract(
    network: Document, has: Optional[NetworkFacts], libvirt: Host, judged: Judged
) -> tuple[AuditFinding, ...]:
    """network: as contract and binding give it; has: the network of the host, None without one; judged: what
    was found before, which most hosts of a fleet share. The findings are of no host.
    """
    options = state = None
    if has is not None:
        options = has.defined
        state = {"persistent": has.persistent, "active": has.active, "autostart": has.details.autostart,
                 "drift": has.details.drift, "live": has.details.live}  # fmt: skip
    # What libvirt makes up for each host, which decides nothing unless it is declared.
    made = [str(options.get(name)) for name in ("uuid", "mac") if name not in network] if options else []
    own = [value for value in made if _UUID_OR_MAC.fullmatch(value)]
    key = json.dumps([network, options, state, libvirt.version])
    for number, value in enumerate(own):
        key = key.replace(value, f"<{number}>")
    if key not in judged:
        found = tuple(_judge(network, options, state, libvirt))
        if any(value in repr(found) for value in own):
            return found
        judged[key] = found
    return judged[key]


def _judge(network: Document, options: Optional[Document], details: Any, libvirt: Host) -> Iterator[AuditFinding]:
    wanted = complete_network(network)
    try:
        both = _compare_definitions(wanted, options, details, libvirt)
    except VirtfleetError as error:
        yield AuditFinding(kinds.REFUSED, "", wanted["name"], parameters={"fault": error.code, "text": error.sentence})
        return
    yield from _check_refused("", both, libvirt)
    if options is not None:
        yield from _check_state("", wanted, details)
        yield from _check_definition("", network["name"], both)


def _check_state(host: str, wanted: Document, details: Mapping[str, Any]) -> Iterator[AuditFinding]:
    name, state = wanted["name"], wanted["state"]
    if not details["persistent"]:
        yield AuditFinding(kinds.NETWORK_TRANSIENT, host, name)
    elif bool(wanted["autostart"]) != details["autostart"]:
        yield AuditFinding(kinds.AUTOSTART_DIFFERS, host, name, bool(wanted["autostart"]), details["autostart"])
    if state == ACTIVE and not details["active"]:
        yield AuditFinding(kinds.NETWORK_INACTIVE, host, name)
    if state == INACTIVE and details["active"]:
        yield AuditFinding(kinds.NETWORK_ACTIVE, host, name)


def _compare_definitions(wanted: Document, options: Optional[Document], details: Any, libvirt: Host) -> Comparison:
    """options, details: of the network that the host has, None without one."""
    name = wanted["name"]
    live = defined = None
    if options is not None:
        has = {option: value for option, value in options.items() if option in NETWORK.fields}
        defined = has if details["persistent"] else None
        if details["active"]:
            live = {option: value for option, value in has.items() if option not in details["drift"]}
            live.update(details["live"])
    said = {option: value for option, value in wanted.items() if option in NETWORK.fields and option != "name"}
    desired = Desired(name, declared=declaration(said), pending=tuple(wanted.get("pending") or ()))
    return compare(desired, Observed(name, live=live, persistent=defined), libvirt)


def _check_refused(host: str, both: Comparison, libvirt: Host) -> Iterator[AuditFinding]:
    """What the rollout would refuse on this host, such as an option that its libvirt does not have."""
    for problem in check_definition(both.wanted, libvirt):
        said = {"fault": problem.code, "path": str(problem.path), "text": problem.sentence}
        yield AuditFinding(kinds.REFUSED, host, both.wanted["name"], parameters=said)


def _check_definition(host: str, name: str, both: Comparison) -> Iterator[AuditFinding]:
    if both.define and both.persistent is not None:
        yield from _find_difference(kinds.DEFINITION_DIFFERS, host, name, both.goal, both.persistent)
    if both.live is not None and both.live_goal is not None:
        yield from _find_difference(kinds.LIVE_DIFFERS, host, name, both.live_goal, both.live)


def _find_difference(kind: Any, host: str, name: str, goal: Document, has: Document) -> Iterator[AuditFinding]:
    options = [option for option in NETWORK.fields if option != "metadata" and goal.get(option) != has.get(option)]
    if options:
        expected, found = ({option: side.get(option) for option in options} for side in (goal, has))
        yield AuditFinding(kind, host, name, expected, found, {"options": options})


def _check_health(host: str, net: NetworkFacts) -> Iterator[AuditFinding]:
    name, serves, bridge = net.name, net.details.dnsmasq, net.details.bridge_link
    if serves in dnsmasq.FAULTY:
        yield AuditFinding(kinds.DNSMASQ_FAULTY, host, name, parameters={"state": serves})
    elif net.active and serves not in (dnsmasq.RUNNING, dnsmasq.UNUSED):
        yield AuditFinding(kinds.DNSMASQ_UNKNOWN, host, name)
    if bridge in bridge_link.FAULTY:
        yield AuditFinding(kinds.BRIDGE_FAULTY, host, name, parameters={"state": bridge})
    elif net.active and bridge not in (bridge_link.COMPLETE, bridge_link.UNUSED):
        yield AuditFinding(kinds.BRIDGE_UNKNOWN, host, name)
    if has_pool(net.defined):
        yield from _check_pool(host, net)


def _check_pool(host: str, net: NetworkFacts) -> Iterator[AuditFinding]:
    pool = net.pool
    if pool is None or pool.miscounted is None or any(one.state not in _MEMBER_STATES for one in pool.members):
        yield AuditFinding(kinds.POOL_UNKNOWN, host, net.name)
    for member in net.pool_members:
        kind = _MEMBER_STATES.get(member.state)
        if kind is not None:
            yield AuditFinding(kind, host, net.name, parameters={"member": member.name})
    if pool is not None and pool.miscounted:
        yield AuditFinding(kinds.POOL_MISCOUNTED, host, net.name)


def _check_forwarding(host: str, network: Document, seen: DestinationFacts) -> Iterator[AuditFinding]:
    if (network.get("forward") or {}).get("mode") not in _FORWARDING or network.get("state", ACTIVE) != ACTIVE:
        return
    families = {"ipv6" if ":" in str(ip.get("address")) else "ipv4" for ip in network.get("ips") or ()}
    passes, routing = seen.forwarding, (seen.routers or {}).get(str(seen.networks[network["name"]].bridge))
    for family in sorted(families):
        if passes is None:
            yield AuditFinding(kinds.FORWARDING_UNKNOWN, host, network["name"], parameters={"family": family})
        elif not passes.passes(family) or (routing is not None and family in routing.stopped):
            yield AuditFinding(kinds.FORWARDING_OFF, host, network["name"], parameters={"family": family})
