# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contract, bindings and what virt_network_info returned on each host -> findings.

The faults come from join_fleet, what differs from compare, and what a host cannot have from check: the functions by
which the rollout judges. The links and the firewall are followed by the functions of the migration check.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

from .._fleet.complete import complete_network
from .._fleet.contract_check import HostNetworks, join_fleet
from .._fleet.pool import networks_there, with_members
from .._migrate.destination_facts import DestinationFacts, NetworkFacts, read_destination
from .._migrate.rules.known_faults import crashes_over_hostdev
from .._model import bridge_link, dnsmasq
from .._model.desired import ACTIVE, INACTIVE, Desired, declaration
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.forward import has_pool, is_virtual
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.comparison import Comparison, compare
from .._plan.rules.check import check
from . import kinds
from .addresses import Users, addresses_used_twice, note_addresses
from .finding import AuditFinding
from .guests import macs_used_twice, on_old_settings
from .reach import find_obstacles

_FORWARDING = ("nat", "route")
# By all that they depend on, what was found.
Judged = dict[str, tuple[AuditFinding, ...]]


def audit(contract: Any, hosts: Mapping[str, Mapping[str, Any]]) -> list[AuditFinding]:
    """hosts: {name: {bindings, contract, info}}; info: the result of virt_network_info, or of a task that failed.

    By host, in the order of hosts.
    """
    seen = {host: _info(facts) for host, facts in hosts.items()}
    found: list[AuditFinding] = []
    desired, faults = join_fleet(
        contract, {host: {**hosts[host], "links": (seen[host] or {}).get("links")} for host in hosts}
    )
    for fault in faults:
        found.append(
            AuditFinding(
                kinds.FAULT,
                fault.host,
                fault.network,
                parameters={**fault.parameters, "fault": fault.code},
                template=fault.template,
            )
        )
    users: Users = {}
    judged: Judged = {}
    for host, facts in hosts.items():
        info = seen[host]
        if info is None:
            why = str((facts.get("info") or {}).get("msg") or "it did not answer.")
            found.append(AuditFinding(kinds.HOST_UNKNOWN, host, parameters={"why": why}))
            continue
        try:
            seen_host = read_destination(info)
        except VirtfleetError as error:
            found.append(AuditFinding(kinds.HOST_UNKNOWN, host, parameters={"why": error.sentence}))
            continue
        physical = {network["name"] for network in desired[host].networks if not is_virtual(network)}
        # Of each host, only what is compared with others is kept.
        note_addresses(users, host, seen_host, physical)
        found.extend(_host(host, desired[host], info, seen_host, judged))
    found.extend(macs_used_twice({host: info.get("guests") for host, info in seen.items() if info is not None}))
    found.extend(addresses_used_twice(users))
    order = {host: number for number, host in enumerate(hosts)}
    return sorted(found, key=lambda one: order.get(one.host, -1))


def _info(facts: Mapping[str, Any]) -> Any:
    info = facts.get("info")
    usable = isinstance(info, Mapping) and "networks" in info and not info.get("failed") and not info.get("unreachable")
    return info if usable else None


def _host(
    host: str, desired: HostNetworks, info: Mapping[str, Any], seen: DestinationFacts, judged: Judged
) -> Iterator[AuditFinding]:
    """seen: the same as info, as typed records."""
    there = {network["name"]: network for network in (*info["networks"], *info["transient"])}
    # Only their members are found on the host.
    pools = [network["name"] for network in desired.networks if "pool" in network]
    members: dict[str, Document] = {}
    for name in pools:
        # A forward mode of a later libvirt has none that count.
        with suppress(ValueError):
            members.update(networks_there([there[name]] if name in there else []))
    major, minor, patch = seen.version
    libvirt = Host((major, minor, patch))
    for network in desired.networks:
        name = network["name"]
        if name not in desired.broken:
            wanted, details = with_members(network, members), info["details"].get(name)
            for one in _against_contract(wanted, seen.networks.get(name), details, libvirt, judged):
                yield replace(one, host=host)
            if name in there:
                yield from _forwarding(host, network, info)
        if name in there:
            yield from _health(host, name, there[name], info)
            yield from find_obstacles(host, seen, seen.networks[name], desired.mtus.get(name))
            yield from on_old_settings(host, name, info["details"][name].get("guests_on_old_settings"))
            if crashes_over_hostdev(seen, seen.networks[name]):
                yield AuditFinding(kinds.LIBVIRT_FAULT, host, name, parameters={"version": seen.libvirt_version})
        else:
            yield AuditFinding(kinds.NETWORK_MISSING, host, name)
    for name in sorted(set(there) - {network["name"] for network in desired.networks} - desired.broken):
        managed = info["details"][name]["managed"]
        yield AuditFinding(kinds.NETWORK_LEFT if managed else kinds.NETWORK_FOREIGN, host, name)
    if info.get("links") is None:
        yield AuditFinding(kinds.LINKS_UNKNOWN, host)


def _against_contract(
    network: Document, has: Optional[NetworkFacts], details: Any, libvirt: Host, judged: Judged
) -> tuple[AuditFinding, ...]:
    """network: as contract and binding give it; has, details: the network of the host, None without one; judged: what
    was found before, which most hosts of a fleet share. The findings are of no host.
    """
    options = state = None
    if has is not None:
        options = has.defined
        state = {"persistent": bool(details["persistent"]), "active": has.active, "autostart": has.details.autostart,
                 "drift": has.details.drift, "live": has.details.live}  # fmt: skip
    # What libvirt makes up for each host, which decides nothing unless it is declared.
    own = [str(options[name]) for name in ("uuid", "mac") if options and options.get(name) and name not in network]
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
        both = _compared(wanted, options, details, libvirt)
    except VirtfleetError as error:
        yield AuditFinding(kinds.REFUSED, "", wanted["name"], parameters={"fault": error.code, "text": error.sentence})
        return
    yield from _refused("", both, libvirt)
    if options is not None:
        yield from _state("", wanted, details)
        yield from _definition("", network["name"], both)


def _state(host: str, wanted: Document, details: Mapping[str, Any]) -> Iterator[AuditFinding]:
    name, state = wanted["name"], wanted["state"]
    if not details["persistent"]:
        yield AuditFinding(kinds.NETWORK_TRANSIENT, host, name)
    elif bool(wanted["autostart"]) != details["autostart"]:
        yield AuditFinding(kinds.AUTOSTART_DIFFERS, host, name, bool(wanted["autostart"]), details["autostart"])
    if state == ACTIVE and not details["active"]:
        yield AuditFinding(kinds.NETWORK_INACTIVE, host, name)
    if state == INACTIVE and details["active"]:
        yield AuditFinding(kinds.NETWORK_ACTIVE, host, name)


def _compared(wanted: Document, options: Optional[Document], details: Any, libvirt: Host) -> Comparison:
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


def _refused(host: str, both: Comparison, libvirt: Host) -> Iterator[AuditFinding]:
    """What the rollout would refuse on this host, such as an option that its libvirt does not have."""
    for problem in check(both.wanted, libvirt):
        said = {"fault": problem.code, "path": str(problem.path), "text": problem.sentence}
        yield AuditFinding(kinds.REFUSED, host, both.wanted["name"], parameters=said)


def _definition(host: str, name: str, both: Comparison) -> Iterator[AuditFinding]:
    if both.define and both.persistent is not None:
        yield from _differs(kinds.DEFINITION_DIFFERS, host, name, both.goal, both.persistent)
    if both.live is not None and both.live_goal is not None:
        yield from _differs(kinds.LIVE_DIFFERS, host, name, both.live_goal, both.live)


def _differs(kind: Any, host: str, name: str, goal: Document, has: Document) -> Iterator[AuditFinding]:
    options = [option for option in NETWORK.fields if option != "metadata" and goal.get(option) != has.get(option)]
    if options:
        expected, found = ({option: side.get(option) for option in options} for side in (goal, has))
        yield AuditFinding(kind, host, name, expected, found, {"options": options})


def _health(host: str, name: str, network: Document, info: Mapping[str, Any]) -> Iterator[AuditFinding]:
    details = info["details"][name]
    serves, bridge = details["dnsmasq"], details["bridge_link"]
    if serves in dnsmasq.FAULTY:
        yield AuditFinding(kinds.DNSMASQ_FAULTY, host, name, parameters={"state": serves})
    elif serves == dnsmasq.UNKNOWN:
        yield AuditFinding(kinds.DNSMASQ_UNKNOWN, host, name)
    if bridge in bridge_link.FAULTY:
        yield AuditFinding(kinds.BRIDGE_FAULTY, host, name, parameters={"state": bridge})
    elif bridge == bridge_link.UNKNOWN:
        yield AuditFinding(kinds.BRIDGE_UNKNOWN, host, name)
    if not has_pool(network):
        return
    pool = (info.get("pools") or {}).get(name)
    if pool is None:
        yield AuditFinding(kinds.POOL_UNKNOWN, host, name)
        return
    states = {"missing": kinds.MEMBER_MISSING, "stale": kinds.MEMBER_STALE, "foreign": kinds.MEMBER_FOREIGN}
    for member in pool["members"]:
        if member["state"] in states:
            yield AuditFinding(states[member["state"]], host, name, parameters={"member": member["name"]})
    if pool["miscounted"]:
        yield AuditFinding(kinds.POOL_MISCOUNTED, host, name)


def _forwarding(host: str, network: Document, info: Mapping[str, Any]) -> Iterator[AuditFinding]:
    if (network.get("forward") or {}).get("mode") not in _FORWARDING or network.get("state", ACTIVE) != ACTIVE:
        return
    families = {"ipv6" if ":" in str(ip.get("address")) else "ipv4" for ip in network.get("ips") or ()}
    passes, bridge = info["host"].get("forwarding"), info["details"][network["name"]].get("bridge")
    stopped = ((info.get("routers") or {}).get(bridge) or {}).get("stopped") or {}
    for family in sorted(families):
        if passes is None:
            yield AuditFinding(kinds.FORWARDING_UNKNOWN, host, network["name"], parameters={"family": family})
        elif not passes[family] or family in stopped:
            yield AuditFinding(kinds.FORWARDING_OFF, host, network["name"], parameters={"family": family})
