# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules returned on each host of a fleet. An answer of another form than documented is no answer: the host is
unknown, and the others are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .decode import DataError, read_record
from .finding import BLOCKED, OK, UNKNOWN, WARNING

_VERDICTS = (OK, WARNING, UNKNOWN, BLOCKED)


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


def _answer(answer: Any, key: str, read: Callable[[Any], object]) -> Mapping[str, Any]:
    """key: what every answer has."""
    if not isinstance(answer, Mapping):
        return {}
    if key not in answer:
        return {**answer, "msg": str(answer.get("msg") or "")}
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
            raise DataError("verdicts", f"has verdicts[{place}] with {strange[0]!a}, which is no verdict")
