# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP leases follow their subnet to the network and bridge that have it after a change.

libvirt stores them under the name of the bridge. After a change of the bridge name, or in a network that takes over the
subnet, they would be missing, and addresses that guests hold could be given to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import is_virtual
from .._model.ip import Subnet
from .._model.leases import Leases
from .._model.network import NETWORK
from .._model.observed import Observed
from .replug import goal_of
from .step import DEFINE, DESTROY, LEASES, START, UNDEFINE, Plan, Step, Work

# Of a lease that never ends.
_FOR_EVER = 0


def with_leases(work: Sequence[Work]) -> list[Work]:
    """The plans, with the steps that take leases along."""
    return [(_with_leases(plan, observed, work), observed) for plan, observed in work]


def left_behind(work: Sequence[Work]) -> list[Work]:
    """The plans for a host whose files are out of reach."""
    result = []
    for (plan, observed), (planned, _observed) in zip(work, with_leases(work)):
        if planned is not plan:
            warning = (
                f"The DHCP leases for network '{plan.network}' cannot be moved over a remote URI; its guests may get "
                "other addresses. Run the task on the host itself to keep the leases."
            )
            plan = replace(plan, warnings=(*plan.warnings, warning))
        result.append((plan, observed))
    return result


def _with_leases(plan: Plan, observed: Observed, work: Sequence[Work]) -> Plan:
    places = [place for place, step in enumerate(plan.steps) if step.action in (START, DEFINE)]
    if not places or UNDEFINE in (step.action for step in plan.steps):
        return plan
    starts = [place for place in places if plan.steps[place].action == START]
    if not starts and observed.exists:
        return plan  # it runs on, or begins with what there will be by then
    goal = goal_of(plan, observed)
    sources = sorted({own_bridge(was) for other, was in work if _moves(plan, goal, other, was)} - {""})
    if not sources:
        return plan
    doing = f"move the DHCP leases of bridge {', '.join(sources)} to network '{plan.network}'"
    step = Step(LEASES, plan.network, doing, command=" ".join(sources))
    place = starts[0] if starts else places[-1] + 1
    return replace(plan, steps=(*plan.steps[:place], step, *plan.steps[place:]))


def _moves(plan: Plan, goal: Document, other: Plan, was: Observed) -> bool:
    """Whether leases of another network, or of this one under another name of its bridge, belong to goal."""
    actions = {step.action for step in other.steps}
    if not actions & {DESTROY, UNDEFINE}:
        return False
    if other.network == plan.network and own_bridge(was) == _bridge(goal):
        return False
    new, before = dhcp_subnets(goal), dhcp_subnets(was.definition)
    return any(one.overlaps(two) for one in new for two in before if one.version == two.version)


def leases_again(was: Observed, now: Observed) -> tuple[Step, ...]:
    """For a rollback that starts the network: libvirt may have removed its leases, or have newer ones elsewhere."""
    if not dhcp_subnets(was.live or {}):
        return ()
    sources = sorted({own_bridge(was), own_bridge(now)} - {""})
    doing = f"restore the DHCP leases of network '{was.name}'"
    # A transient network is not there yet when it gets them.
    xml = was.live_xml if was.persistent is None else ""
    return (Step(LEASES, was.name, doing, command=" ".join(sources), xml=xml),)


def own_bridge(observed: Observed) -> str:
    """The bridge that libvirt makes for the network, after which it names its leases; empty where it makes none, or has
    yet to name it."""
    return _bridge(observed.definition)


def _bridge(document: Document) -> str:
    return str((document.get("bridge") or {}).get("name") or "") if is_virtual(document) else ""


def dhcp_subnets(document: Document) -> list[Subnet]:
    """Those that the network serves by DHCP."""
    if not is_virtual(document):
        return []
    found: list[Subnet] = []
    for ip in canonical(NETWORK, {"ips": document.get("ips") or []}).get("ips", ()):
        if ip.get("dhcp"):
            found.append(ip_network(f"{ip['address']}/{ip.get('prefix', _prefix(ip['address']))}", strict=False))
    return found


def _prefix(text: str) -> int:
    return 24 if ip_address(text).version == 4 else 64


def is_linked(step: Step, others: Iterable[Observed]) -> bool:
    """Whether a step takes leases of one of these networks."""
    sources = step.command.split() if step.action == LEASES else ()
    return any(own_bridge(other) in sources for other in others)


def merge_leases(leases: Sequence[Leases], bridge: str) -> Leases:
    """All of them, under one bridge's name: of two leases of one address the one that ends later."""
    found: dict[str, Any] = {}
    for lease in (lease for one in leases for lease in _entries(one.status, "ip-address")):
        address = str(lease["ip-address"])
        if address not in found or _end(lease) >= _end(found[address]):
            found[address] = lease
    owners: dict[str, list[Any]] = {}
    for entry in (entry for one in leases for entry in _entries(one.macs, "domain")):
        known = owners.setdefault(str(entry["domain"]), [])
        known += [mac for mac in entry.get("macs") or () if mac not in known]
    macs = [{"domain": domain, "macs": macs} for domain, macs in sorted(owners.items())]
    return Leases(bridge, _text(list(found.values())), _text(macs))


def within(leases: Leases, served: Sequence[Subnet]) -> Leases:
    """Those of these subnets."""
    entries = [lease for lease in _entries(leases.status, "ip-address") if _is_in(lease["ip-address"], served)]
    return replace(leases, status=_text(entries))


def _is_in(text: Any, served: Sequence[Subnet]) -> bool:
    try:
        address = ip_address(str(text))
    except ValueError:
        return False
    return any(address in subnet for subnet in served if subnet.version == address.version)


def _end(lease: Any) -> float:
    try:
        end = int(lease.get("expiry-time") or _FOR_EVER)
    except (TypeError, ValueError):
        return -1
    return float("inf") if end == _FOR_EVER else end


def _entries(text: str, key: str) -> list[Any]:
    """Like libvirt, ignores a file that cannot be read."""
    try:
        entries = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [entry for entry in entries if isinstance(entry, dict) and key in entry] if isinstance(entries, list) else []


def _text(entries: list[Any]) -> str:
    return json.dumps(entries, indent=2) if entries else ""
