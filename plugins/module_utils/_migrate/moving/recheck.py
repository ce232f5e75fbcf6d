# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just before a round: whether each of its steps can still run, by what its hosts say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ..._model.errors import VirtfleetError
from ..._model.move import LIVE, OFFLINE
from ..choice import ACCEPTABLE, read_choice
from ..destination_facts import DestinationFacts, read_destination
from ..finding import WARNING, ShownFinding, rank_of
from ..guest_facts import load_guests
from ..verdicts import AnyGuest, judge_guests
from .steps import PlanStep, waits_for

# What becomes of a step.
MOVE, THERE, LEFT, REFUSED, SKIPPED, UNKNOWN = "move", "there", "left", "refused", "skipped", "unknown"
MOVED, FAILED, BROKEN = "moved", "failed", "broken"
# Their guests are where the steps after them need them.
GOOD = (MOVED, THERE)
LEAVE, KEEP, FORGET = "leave", "keep", "forget"


@dataclass(frozen=True)
class RecheckOptions:
    """policy: severities of codes; accept: the worst verdict with which a guest still moves; stopped: OFFLINE moves the
    definition of guests that do not run, LEAVE leaves them; origin: whether guests KEEP the host that they leave as
    their origin, FORGET their origin, or LEAVE it alone. Raises VirtfleetError PLAN_INVALID."""

    policy: Mapping[str, str] = field(default_factory=dict)
    accept: str = WARNING
    stopped: str = LEAVE
    origin: str = LEAVE

    def __post_init__(self) -> None:
        read_choice("accept", self.accept, ACCEPTABLE)
        read_choice("stopped", self.stopped, (LEAVE, OFFLINE))
        read_choice("origin", self.origin, (LEAVE, KEEP, FORGET))


@dataclass(frozen=True)
class RecheckedHosts:
    """found, facts: by host what virt_guest_info and virt_network_info returned there, or why they did not (msg); ends:
    by host the uri of its libvirt as others reach it, and traffic_uri where QEMU sends the memory, or None."""

    found: Mapping[str, Any]
    facts: Mapping[str, Any]
    ends: Mapping[str, Any]


def recheck(
    steps: Sequence[PlanStep],
    chosen: Sequence[int],
    hosts: RecheckedHosts,
    done: Mapping[int, str],
    rules: RecheckOptions,
) -> list[dict[str, Any]]:
    """An order for each chosen step: step (its index), guest, uuid, source, destination, do (MOVE, or what became of
    it), move (for virt_migrate), code and sentence where it does not move. done: what became of earlier steps.
    """
    needs = waits_for(steps)
    orders: list[dict[str, Any]] = []
    coming: dict[str, list[AnyGuest]] = {}
    for place in chosen:
        step = steps[place]
        missing = sorted(other for other in needs[place] if done.get(other) not in GOOD)
        if missing:
            names = ", ".join(dict.fromkeys(steps[other].guest for other in missing))
            decided = _order(SKIPPED, "STEP_SKIPPED", f"It waits for {names}, whose step did not succeed.")
        else:
            decided = _decide(step, hosts, rules, coming.setdefault(step.destination, []))
        ends = {"guest": step.guest, "source": step.source, "destination": step.destination}
        orders.append({"step": place, "uuid": step.uuid, **ends, **decided})
    return orders


def _order(do: str, code: Optional[str] = None, sentence: Optional[str] = None, **more: Any) -> dict[str, Any]:
    return {"do": do, "code": code, "sentence": sentence, **more}


def _decide(step: PlanStep, hosts: RecheckedHosts, rules: RecheckOptions, coming: list[AnyGuest]) -> dict[str, Any]:
    """coming: guests of this round that go to the same destination, to which this one is added if it may go."""
    here, there = (find_described(hosts.found.get(host), step) for host in (step.source, step.destination))
    if there is not None and (here is None or (there["running"] and not here["running"])):
        return _order(THERE, uuid=there["uuid"])
    if here is None:
        return _absent(step, hosts)
    uuid = here["uuid"]
    if here["running"] and there is not None and there["running"]:
        # An earlier run's migration is under way, which the module waits for; or it says that the guest runs twice.
        return _order(MOVE, uuid=uuid, move=_move(step, uuid, LIVE, (hosts, rules)))
    if not here["running"] and rules.stopped != OFFLINE:
        return _order(LEFT, "GUEST_OFF", f"{step.guest} does not run on {step.source} and was left there.", uuid=uuid)
    answer = hosts.facts.get(step.destination)
    try:
        if not isinstance(answer, Mapping) or "networks" not in answer:
            return _order(UNKNOWN, "HOST_SILENT", _silent(step.destination, answer), uuid=uuid)
        found = _judge(here, read_destination(answer), rules, coming)
    except VirtfleetError as error:
        return _order(UNKNOWN, error.code, error.sentence, uuid=uuid)
    if found is not None:
        return _order(REFUSED, found["code"], found["sentence"], uuid=uuid)
    return _order(MOVE, uuid=uuid, move=_move(step, uuid, LIVE if here["running"] else OFFLINE, (hosts, rules)))


def _move(step: PlanStep, uuid: str, mode: str, given: tuple[RecheckedHosts, RecheckOptions]) -> dict[str, Any]:
    """An entry of virt_migrate's guests."""
    hosts, rules = given
    end = hosts.ends[step.destination]
    found = {"name": uuid, "destination": end["uri"], "mode": mode}
    if end.get("traffic_uri"):
        found["traffic_uri"] = end["traffic_uri"]
    if rules.origin != LEAVE:
        found["origin"] = step.source if rules.origin == KEEP else ""
    return found


def _absent(step: PlanStep, hosts: RecheckedHosts) -> dict[str, Any]:
    silent = [host for host in (step.source, step.destination) if "guests" not in (hosts.found.get(host) or {})]
    if silent:
        return _order(UNKNOWN, "HOST_SILENT", _silent(silent[0], hosts.found.get(silent[0])))
    elsewhere = [host for host in sorted(hosts.found) if find_described(hosts.found[host], step) is not None]
    if elsewhere:
        return _order(REFUSED, "GUEST_ELSEWHERE", f"{step.guest} is on {elsewhere[0]} already; make a new plan.")
    return _order(REFUSED, "GUEST_MISSING", f"{step.guest} is neither on {step.source} nor on {step.destination}.")


def _judge(
    guest: Mapping[str, Any], host: DestinationFacts, rules: RecheckOptions, coming: list[AnyGuest]
) -> Optional[ShownFinding]:
    """The first finding that keeps the guest, or would keep one that comes with it, from going; None if it may go."""
    together = [*coming, *load_guests([guest])]
    for verdict in reversed(judge_guests(together, host, dict(rules.policy))["verdicts"]):
        if rank_of(verdict["verdict"]) > rank_of(rules.accept):
            return verdict["findings"][0]
    coming[:] = together
    return None


def find_described(result: Any, step: PlanStep) -> Optional[Mapping[str, Any]]:
    """The step's guest in a result of virt_guest_info."""
    for guest in (result or {}).get("guests") or ():
        if guest["uuid"] == step.uuid or (step.uuid is None and step.guest in (guest["name"], guest["uuid"])):
            found: Mapping[str, Any] = guest
            return found
    return None


def _silent(host: str, answer: Any) -> str:
    reason = " ".join(str((answer or {}).get("msg") or "no result").split())
    return f"{host} does not answer: {reason}"
