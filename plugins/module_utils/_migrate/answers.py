# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules returned on each host of a fleet. An answer of another form than documented is no answer: the host is
unknown, and the others are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .decode import DataError, read_record
from .destination_facts import DestinationFacts, read_destination
from .finding import BLOCKED, OK, UNKNOWN, WARNING, Finding
from .verdict_kinds import NO_ANSWER, SILENT_CODES, UNREACHABLE

_VERDICTS = (OK, WARNING, UNKNOWN, BLOCKED)
_NO_ANSWER = "It did not answer."


@dataclass(frozen=True)
class _Guest:
    """What is read of a guest before it is known whether all of it can be read."""

    name: str
    uuid: str
    running: bool
    host: Optional[dict[str, Any]] = None


@dataclass(frozen=True)
class _Guests:
    guests: tuple[_Guest, ...]


@dataclass(frozen=True)
class _Finding:
    code: str
    severity: str
    sentence: str
    template: str
    path: dict[str, Any]
    parameters: dict[str, Any]
    remediation: Optional[dict[str, Any]]
    batch: bool


@dataclass(frozen=True)
class _Verdict:
    uuid: str
    verdict: str
    alone: str
    findings: tuple[_Finding, ...]


@dataclass(frozen=True)
class _Verdicts:
    verdicts: tuple[_Verdict, ...]


def guest_answers(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """found: host -> what virt_guest_info returned there, or why it did not (msg)."""
    return {host: _answer(answer, "guests", _read_guests) for host, answer in found.items()}


def verdict_answers(checked: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """checked: host -> what virt_migrate_check returned there, or why it did not (msg)."""
    return {host: _answer(answer, "verdicts", _read_verdicts) for host, answer in checked.items()}


def fact_answers(facts: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """facts: host -> what virt_network_info returned there, or why it did not (msg). Their networks are not read."""
    return {host: _answer(answer, "networks", lambda _given: None) for host, answer in facts.items()}


def read_host(info: Any) -> DestinationFacts:
    """info: what virt_network_info returned there, or why it did not (msg).

    Raises VirtfleetError HOST_UNANSWERED, with the reason as its sentence, or DESTINATION_INVALID.
    """
    if not _has_answered(info, "networks"):
        said = info.get("msg") if isinstance(info, Mapping) else None
        raise VirtfleetError("HOST_UNANSWERED", str(said or _NO_ANSWER).strip())
    return read_destination(info)


def report_silence(answer: Any) -> Finding:
    """Of a host of which nothing is known, which may be as bad as any. answer: why (msg), or nothing."""
    given = answer or {}
    reason = str(given.get("msg") or "no result.").strip()
    silent = given.get("unreachable") or given.get("code") in SILENT_CODES
    return (UNREACHABLE if silent else NO_ANSWER).found(reason=reason)


def _has_answered(answer: Any, key: str) -> bool:
    """key: what every answer has. A check whose verdict a task calls a failure has answered."""
    if not isinstance(answer, Mapping) or key not in answer:
        return False
    return key == "verdicts" or not (answer.get("failed") or answer.get("unreachable"))


def _answer(answer: Any, key: str, read: Callable[[Any], object]) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        return {}
    if not _has_answered(answer, key):
        said = {name: value for name, value in answer.items() if name != key}
        return {**said, "msg": str(answer.get("msg") or "")}
    try:
        read(answer)
    except DataError as error:
        return {"msg": f"The result of the module {error.problem[:200]}. Gather it again."}
    return answer


def _read_guests(answer: Any) -> None:
    read_record(_Guests, answer)


def _read_verdicts(answer: Any) -> None:
    for place, verdict in enumerate(read_record(_Verdicts, answer).verdicts):
        words = (verdict.verdict, verdict.alone, *(finding.severity for finding in verdict.findings))
        strange = [word for word in words if word not in _VERDICTS]
        if strange:
            raise DataError("verdicts", f"has verdicts[{place}] with {strange[0]!a}, which is not a verdict")
