# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests and a destination -> a verdict for each guest, and one over all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional, TypedDict, Union

from .._model.errors import VirtfleetError
from .answers import read_host, report_silence
from .destination_facts import DestinationFacts
from .finding import (
    BLOCKED,
    KEEPS_NETWORK,
    LIBVIRT_ACCEPTS,
    WARNING,
    Finding,
    FindingKind,
    ShownFinding,
    rank_of,
    worst_of,
)
from .guest_facts import CheckedGuest, GuestFacts, UnreadableGuest
from .rule import Check, NicCase, Rule
from .rules.catalog import GROUP_RULES, GUEST_RULES, NIC_RULES
from .verdict_kinds import AGE_UNKNOWN, FACTS_STALE, INCOMPLETE, NOT_A_GUEST, OTHER_FORMAT, UNEXPECTED, UNREACHABLE

Policy = Mapping[str, str]
AnyGuest = Union[CheckedGuest, UnreadableGuest]


class Verdict(TypedDict):
    """As results have it. alone: as if no other guest came."""

    guest: str
    uuid: Optional[str]
    verdict: str
    alone: str
    libvirt_accepts: str
    keeps_network: str
    findings: list[ShownFinding]


class Verdicts(TypedDict):
    """verdict: the worst of all."""

    verdict: str
    destination: str
    verdicts: list[Verdict]


_READ_PROBLEMS: dict[str, FindingKind] = {
    "not_a_guest": NOT_A_GUEST,
    "format": OTHER_FORMAT,
    "incomplete": INCOMPLETE,
}


def judge_guests(
    guests: list[AnyGuest],
    host: DestinationFacts,
    policy: Optional[Policy] = None,
    now: float = 0,
    max_age: Optional[float] = None,
) -> Verdicts:
    """As virt_migrate_check returns them.

    policy: code to the severity that it has instead; now, max_age: seconds, and how old the facts of the destination
    may be, None for any age.
    """
    judgement = Judgement(host)
    stale = _check_age(host, now, max_age)
    found = [[*stale, *judgement.judge(guest)] for guest in guests]
    if len(guests) > 1:
        for place, added in judgement.judge_together(guests):
            found[place] += _find_new(added, found[place])
    verdicts = [_verdict(guest, findings, host.name, policy or {}) for guest, findings in zip(guests, found)]
    return {
        "verdict": worst_of(item["verdict"] for item in verdicts),
        "destination": host.name,
        "verdicts": verdicts,
    }


def judge_answer(guests: list[AnyGuest], name: str, answer: Any, policy: Optional[Policy] = None) -> Verdicts:
    """answer: what virt_network_info returned on the destination, or why it did not (msg). Never raises: the verdict
    on a destination that cannot be read is unknown."""
    try:
        return judge_guests(guests, read_host(answer), policy)
    except VirtfleetError as error:
        unread = {"msg": error.sentence} if error.code == "DESTINATION_INVALID" else answer
        return judge_unread(guests, name, report_silence(unread), policy)


def judge_unreachable(guests: list[AnyGuest], name: str, reason: str, policy: Optional[Policy] = None) -> Verdicts:
    """The result when the destination itself cannot be reached."""
    return judge_unread(guests, name, UNREACHABLE.found(reason=reason), policy)


def judge_unread(guests: list[AnyGuest], name: str, why: Finding, policy: Optional[Policy] = None) -> Verdicts:
    """The result when nothing is known of the destination."""
    verdicts = [_verdict(guest, [why], name, policy or {}) for guest in guests]
    return {
        "verdict": worst_of(item["verdict"] for item in verdicts),
        "destination": name,
        "verdicts": verdicts,
    }


class Judgement:
    """Judges guests on one destination. NICs with equal needs are judged once."""

    def __init__(self, host: DestinationFacts) -> None:
        self._host = host
        self._by_needs: dict[str, list[Finding]] = {}

    def judge(self, guest: AnyGuest) -> list[Finding]:
        """As if no other guest came."""
        if isinstance(guest, UnreadableGuest):
            return [_READ_PROBLEMS[guest.problem].found(**guest.parameters)]
        facts, found = guest.facts, []
        for rule in GUEST_RULES:
            found += _run_rule(rule, rule.check(facts, self._host))
        for place in range(len(facts.nics)):
            found += [finding.at(place, finding.severity) for finding in self._judge_nic(guest, place)]
        if len(facts.nics) > 1:
            for rule_of_group in GROUP_RULES:
                pairs = rule_of_group.check([guest], self._host)
                found += [item for _place, item in _run_group_rule(rule_of_group, pairs, 1)]
        return _rate_downed_nics(found, facts)

    def judge_together(self, guests: list[AnyGuest]) -> Iterator[tuple[int, list[Finding]]]:
        """Index of a guest, and what the other guests may add to what is found about it alone."""
        readable = [(place, guest) for place, guest in enumerate(guests) if isinstance(guest, CheckedGuest)]
        if len(readable) < 2:
            return
        found: dict[int, list[Finding]] = {}
        for rule in GROUP_RULES:
            pairs = rule.check([guest for _place, guest in readable], self._host)
            for number, finding in _run_group_rule(rule, pairs, len(readable)):
                found.setdefault(number, []).append(finding.at(finding.nic, finding.severity, batch=True))
        for number, findings in found.items():
            place, guest = readable[number]
            yield place, _rate_downed_nics(findings, guest.facts)

    def _judge_nic(self, guest: CheckedGuest, place: int) -> list[Finding]:
        needs = guest.needs[place]
        if needs not in self._by_needs:
            case = NicCase(guest.facts.nics[place], self._host)
            self._by_needs[needs] = [item for rule in NIC_RULES for item in _run_rule(rule, rule.check(case))]
        return self._by_needs[needs]


def _run_rule(rule: Rule[Check], findings: Iterable[Finding]) -> list[Finding]:
    """What a rule found before it failed stands; that it failed is a fault of ours."""
    found: list[Finding] = []
    try:
        found.extend(findings)
    except Exception as error:
        found.append(_report_failure(rule, error))
    return found


def _run_group_rule(rule: Rule[Check], pairs: Iterable[tuple[int, Finding]], number: int) -> list[tuple[int, Finding]]:
    """number: of guests, none of which is known to be all right when the rule fails."""
    found: list[tuple[int, Finding]] = []
    try:
        found.extend(pairs)
    except Exception as error:
        found += [(place, _report_failure(rule, error)) for place in range(number)]
    return found


def _report_failure(rule: Rule[Check], error: Exception) -> Finding:
    return UNEXPECTED.found(rule=rule.name, error=f"{type(error).__name__}: {error}"[:120])


def _rate_downed_nics(findings: list[Finding], guest: GuestFacts) -> list[Finding]:
    """A NIC whose link is down has no traffic that could stop."""
    down = {place for place, nic in enumerate(guest.nics) if nic.link == "down"}
    if not down:
        return findings
    return [
        finding.at(finding.nic, WARNING, finding.batch)
        if finding.nic in down and finding.kind.question == KEEPS_NETWORK and finding.severity == BLOCKED
        else finding
        for finding in findings
    ]


def _check_age(host: DestinationFacts, now: float, max_age: Optional[float]) -> list[Finding]:
    if max_age is None:
        return []
    if host.gathered is None:
        return [AGE_UNKNOWN.found()]
    age = now - host.gathered
    return [] if age <= max_age else [FACTS_STALE.found(age=math.ceil(age), max_age=max_age)]


def _find_new(added: list[Finding], alone: list[Finding]) -> list[Finding]:
    known = {finding.identity for finding in alone}
    return [finding for finding in added if finding.identity not in known]


def _verdict(guest: AnyGuest, found: list[Finding], host: str, policy: Policy) -> Verdict:
    shown: list[dict[str, Any]] = []
    if isinstance(guest, CheckedGuest):
        shown = guest.shown
    else:
        policy = {}  # which makes no guest good about which nothing is known
    rated = sort_findings(found, policy)
    return {
        "guest": guest.name,
        "uuid": guest.uuid,
        "verdict": worst_of(severity for _finding, severity in rated),
        "alone": worst_of(severity for finding, severity in rated if not finding.batch),
        "libvirt_accepts": _worst_about(LIBVIRT_ACCEPTS, rated),
        "keeps_network": _worst_about(KEEPS_NETWORK, rated),
        "findings": [
            finding.as_dict(host, severity, None if finding.nic is None else shown[finding.nic])
            for finding, severity in rated
        ],
    }


def _worst_about(question: str, rated: list[tuple[Finding, str]]) -> str:
    return worst_of(severity for finding, severity in rated if finding.kind.question == question)


def sort_findings(found: Iterable[Finding], policy: Policy) -> list[tuple[Finding, str]]:
    """Each with its severity after the policy, the worst first, in an order that depends on nothing else."""
    rated = [(finding, policy.get(finding.code, finding.severity)) for finding in found]
    rated.sort(
        key=lambda pair: (
            -rank_of(pair[1]),
            -rank_of(pair[0].severity),
            -1 if pair[0].nic is None else pair[0].nic,
            pair[0].code,
            pair[0].identity,
        )
    )
    return rated
