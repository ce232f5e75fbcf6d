# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks plans against the facts of the host: what libvirt could not start there is refused before it is tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from .._host.bridges import is_name_taken
from .._host.dnsmasq_syntax import refused_options
from .._host.host_facts import read_host_facts
from .._model import address
from .._model.desired import ABSENT, Desired
from .._model.errors import Path, Problem, refuse
from .._model.field import Document
from .._model.forward import is_virtual, mode_of
from .._model.host import Host
from .._model.host_facts import HostFacts, HostQuestions
from .._model.observed import Observed
from .._plan.dnsmasq_config import configuration
from .._plan.dnsmasq_restart import STARTING
from .._plan.rules.on_host import StartPlan, check_on_host
from .._plan.step import ATTACH, DEFINE, DESTROY, MOVE, START, UPDATE, Plan, Work
from .._plan.target_definition import target_definition

# The steps that put guests' taps into a bridge.
_PLUGGING = (ATTACH, MOVE)


def leaving_bridges(work: list[Work]) -> frozenset[str]:
    """The bridges that the plans take down, before or while they make others."""
    running = (observed.live or {} for plan, observed in work if any(step.action == DESTROY for step in plan.steps))
    return frozenset(str(live["bridge"]["name"]) for live in running if "name" in live.get("bridge", {}))


def check_against_host(desired: Desired, plan: Plan, observed: Observed, host: Host, leaving: frozenset[str]) -> Plan:
    """The plan, with what was found as warnings and outstanding.

    leaving: of leaving_bridges. Raises VirtfleetError with the codes of on_host if the plan starts the network, and
    DNSMASQ_REFUSES if it updates the running one.
    """
    starts = any(step.action == START for step in plan.steps)
    defines = any(step.action == DEFINE for step in plan.steps)
    if desired.state == ABSENT:
        return plan
    document = target_definition(desired, observed)
    if not (starts or host.remote):
        _refuse_lines(desired, plan, observed, document)
    if not (starts or defines):
        return plan
    own = (observed.live or {}).get("bridge", {}).get("name") or _leftover(document, host)
    gone = leaving if own is None else leaving | {str(own)}
    facts = None if host.remote else _facts(document)
    plugs = any(step.action in _PLUGGING for step in plan.steps)
    found = check_on_host(document, host, facts, StartPlan(gone, plugs))
    problems = [*found.at_once, *(found.problems if starts else ())]
    if problems:
        raise refuse(problems, network=desired.name)
    later = [f"It could not start now: {problem.sentence}" for problem in found.problems]
    warnings = [f"Network '{desired.name}': {sentence}" for sentence in (*found.dead, *later)]
    return replace(
        plan,
        warnings=(*plan.warnings, *warnings),
        outstanding=(*plan.outstanding, *(found.outstanding if starts else ())),
    )


def _leftover(document: Document, host: Host) -> Optional[str]:
    """The network's bridge, if a daemon that died left it: the start removes it first."""
    name = (document.get("bridge") or {}).get("name")
    if host.remote or not name or not is_virtual(document) or is_name_taken(str(name), document.get("mac")):
        return None
    return str(name)


def _refuse_lines(desired: Desired, plan: Plan, observed: Observed, document: Document) -> None:
    """libvirt has dnsmasq read its configuration again for the updates, and stops it if it refuses one of the lines."""
    live = observed.live
    if live is None or not any(step.action == UPDATE and step.section in STARTING for step in plan.steps):
        return
    new = {
        option: document.get(option)
        for option in ("dns", "ips")
        if (option in desired.declared or desired.exact) and option not in plan.pending
    }
    there = configuration(live) or ()
    lines = [line for line in configuration({**live, **new}) or () if line not in there]
    if not lines:
        return
    said = refused_options(lines)
    if said:
        template = "dnsmasq of running network '{network}' would not start with the change: {reason}."
        problem = Problem("DNSMASQ_REFUSES", Path(), template, network=desired.name, reason=said)
        raise refuse([problem], network=desired.name)


def _facts(document: Document) -> HostFacts:
    forward = document.get("forward") or {}
    options = configuration(document)
    return read_host_facts(
        HostQuestions(
            directories=tuple(ip["tftp"] for ip in document.get("ips") or () if ip.get("tftp")),
            pf=(forward.get("pf") or {}).get("dev"),
            hostdev=mode_of(document) == "hostdev",
            functions=tuple(address.pci(str(item["address"])) for item in forward.get("addresses") or ()),
            zone=bool(is_virtual(document) and (document.get("bridge") or {}).get("zone")),
            register=bool((document.get("domain") or {}).get("register")),
            options=None if options is None else tuple(options),
        )
    )


def outstanding_warning(plan: Plan) -> str:
    """What check mode says about a plan that libvirt may still reject."""
    return (
        f"Network '{plan.network}': libvirt may still refuse this change. Check mode cannot determine "
        f"{'; or '.join(plan.outstanding)}."
    )
