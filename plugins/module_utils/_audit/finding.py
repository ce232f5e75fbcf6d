# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit finds, as plain data. audit_sentence() is the only place that makes a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

INFO = "info"
WARNING = "warning"
UNKNOWN = "unknown"
ERROR = "error"
# From best to worst: what was not looked at may be as bad as an error, but is not known to be.
SEVERITIES = (INFO, WARNING, UNKNOWN, ERROR)

# For people, where a finding is about the contract and so has no host.
EVERY_HOST = "every host"

ROLLOUT = "Run the rollout."


@dataclass(frozen=True)
class Kind:
    """template: the sentence; {network} comes from the place, the rest are parameters."""

    code: str
    severity: str
    template: str
    repair: str = ROLLOUT


@dataclass(frozen=True)
class AuditFinding:
    """network: "" for the host as a whole; expected, found: what differs, None where nothing is compared; template: of
    a kind that takes its sentences from elsewhere."""

    kind: Kind
    host: str
    network: str = ""
    expected: Any = None
    found: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""

    @property
    def code(self) -> str:
        return str(self.parameters.get("fault", self.kind.code))

    def sentence(self) -> str:
        return audit_sentence(self.template or self.kind.template, self.network, self.parameters)

    def as_dict(self) -> dict[str, Any]:
        """{code, severity, host, network, parameters, template, sentence, expected, found, repair}."""
        return {
            "code": self.code,
            "severity": self.kind.severity,
            "host": self.host,
            "network": self.network,
            "parameters": dict(self.parameters),
            "template": self.template or self.kind.template,
            "sentence": self.sentence(),
            "expected": self.expected,
            "found": self.found,
            "repair": self.kind.repair,
        }


def audit_sentence(template: str, networks: str, parameters: Mapping[str, Any]) -> str:
    """networks: the name of one, or of several that have this in common."""
    words = {name: _words(value) for name, value in parameters.items()}
    return template.format(**{**words, "network": networks})


def audit_rank(severity: str) -> int:
    return SEVERITIES.index(severity)


def _words(value: Any) -> Optional[str]:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
