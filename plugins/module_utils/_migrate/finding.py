# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One reason why a guest should or should not come: its code, how bad it is, and what would repair it."""

from __future__ import annotations

from typing import Any, Optional

OK = "ok"
WARNING = "warning"
UNKNOWN = "unknown"
BLOCKED = "blocked"
# From best to worst: what was not looked at may be as bad as anything, but is not known to be.
SEVERITIES = (OK, WARNING, UNKNOWN, BLOCKED)

# The two questions, kept apart: will libvirt take the guest, and will the guest keep its network?
TAKEN = "taken"
NETWORK = "network"

Remedy = Optional[dict[str, Any]]


class Finding:
    """severity: as the rules see it, before a policy; question: TAKEN or NETWORK; nic: the place of the NIC that it is
    about among the guest's, None for the guest as a whole; batch: it comes from the other guests of the same call
    alone; remedy: {module, arguments} that repairs it on the destination, None when there is nothing to apply.
    """

    __slots__ = ("batch", "code", "nic", "question", "remedy", "sentence", "severity")

    def __init__(
        self,
        code: str,
        severity: str,
        sentence: str,
        *,
        question: str = NETWORK,
        remedy: Remedy = None,
        nic: Optional[int] = None,
        batch: bool = False,
    ) -> None:
        self.code = code
        self.severity = severity
        self.sentence = sentence
        self.question = question
        self.remedy = remedy
        self.nic = nic
        self.batch = batch

    def at(self, nic: int, severity: str) -> Finding:
        """The same of a guest's NIC."""
        return Finding(
            self.code, severity, self.sentence, question=self.question, remedy=self.remedy, nic=nic, batch=self.batch
        )

    def as_dict(self, host: str, severity: str, nics: list[dict[str, Any]]) -> dict[str, Any]:
        """severity: after the policy; nics: the guest's."""
        nic = None if self.nic is None else nics[self.nic]
        return {
            "code": self.code,
            "severity": severity,
            "question": self.question,
            "nic": None if nic is None else {"mac": nic["mac"], "network": nic["network"]},
            "batch": self.batch,
            "sentence": self.sentence,
            "remediation": None if self.remedy is None else {"host": host, **self.remedy},
        }

    @property
    def place(self) -> tuple[Any, ...]:
        """By which findings are sorted: worst first, then by NIC, so that their order depends on nothing else."""
        nic = -1 if self.nic is None else self.nic
        return -SEVERITIES.index(self.severity), nic, self.code, self.sentence


def worst(severities: Any) -> str:
    """The worst of them, OK of none."""
    return max(severities, key=SEVERITIES.index, default=OK)


def refused(code: str, sentence: str, remedy: Remedy = None) -> Finding:
    """libvirt or QEMU will not take the guest."""
    return Finding(code, BLOCKED, sentence, question=TAKEN, remedy=remedy)


def deaf(code: str, sentence: str, remedy: Remedy = None) -> Finding:
    """The guest comes, and traffic that passed before stops."""
    return Finding(code, BLOCKED, sentence, remedy=remedy)


def weaker(code: str, sentence: str, remedy: Remedy = None) -> Finding:
    """The guest runs on and is reachable, and a promise got weaker."""
    return Finding(code, WARNING, sentence, remedy=remedy)


def told(code: str, sentence: str, remedy: Remedy = None) -> Finding:
    """Worth knowing, and no worse for the guest."""
    return Finding(code, OK, sentence, remedy=remedy)


def unseen(sentence: str, question: str = NETWORK) -> Finding:
    """Something that matters could not be looked at."""
    return Finding("UNKNOWN", UNKNOWN, sentence, question=question)
