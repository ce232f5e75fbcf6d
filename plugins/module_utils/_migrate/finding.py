# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what each kind of finding means, one finding with its place and parameters, and its sentence.

A rule declares its kinds with refused(), blocked(), degraded(), informational() and unknown(). From these declarations
follow the list of codes, the table in docs/migration.md, and every sentence: sentence_about() is the only place that
makes one. Nothing compares, cuts or parses sentences; code, place and parameters tell findings apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any, Optional, TypedDict

OK = "ok"
WARNING = "warning"
UNKNOWN = "unknown"
BLOCKED = "blocked"
# From best to worst: what was not looked at may be as bad as anything, but is not known to be.
SEVERITIES = (OK, WARNING, UNKNOWN, BLOCKED)
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}

# The two questions, kept apart: does libvirt accept the guest, and does the guest keep its network?
LIBVIRT_ACCEPTS = "libvirt_accepts"
KEEPS_NETWORK = "keeps_network"
QUESTIONS = (LIBVIRT_ACCEPTS, KEEPS_NETWORK)


class Repair(TypedDict):
    module: str
    arguments: dict[str, Any]


Remedy = Optional[Repair]


class RepairOfHost(Repair):
    host: str


class ShownFinding(TypedDict):
    """As results have it. nic: mac and network; path: nic (its MAC address), network and link, as far as they apply;
    see the documentation of virt_migrate_check."""

    code: str
    severity: str
    question: str
    nic: Optional[Mapping[str, Any]]
    path: dict[str, Any]
    parameters: dict[str, Any]
    batch: bool
    template: str
    sentence: str
    remediation: Optional[RepairOfHost]


@dataclass(frozen=True)
class FindingKind:
    """One way in which a code is found.

    template: the sentence. {host}, {network}, {link}, {where} (network 'x' on host) and {subject} (network 'x', or the
    NIC) come from the finding's place, the rest are its parameters; {Where} starts a sentence.
    means, repair: cells of the table in docs/migration.md. Kinds of one code and severity share a row there.
    """

    code: str
    severity: str
    question: str
    template: str
    # For the documentation only.
    means: str = field(default="", repr=False)
    repair: str = field(default="", repr=False)

    def found(
        self, *, network: Optional[str] = None, link: Optional[str] = None, remedy: Remedy = None, **parameters: Any
    ) -> Finding:
        return Finding(self, self.severity, network=network, link=link, remedy=remedy, parameters=parameters)

    def rated(self, severity: str, means: str = "") -> FindingKind:
        """The same, where it is better or worse for the guest."""
        return _declare(replace(self, severity=severity, means=means))


@dataclass(frozen=True)
class Finding:
    """severity: as the rule sees it, before a policy; nic: the index of the NIC among the guest's, None for the guest
    as a whole; network, link: where on the destination; batch: it only exists because of the other guests of the same
    call; remedy: {module, arguments} that repairs it on the destination.
    """

    kind: FindingKind
    severity: str
    nic: Optional[int] = None
    network: Optional[str] = None
    link: Optional[str] = None
    batch: bool = False
    remedy: Remedy = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def identity(self) -> str:
        """Equal for findings that say the same of the same place."""
        return repr((self.kind, self.nic, self.network, self.link, sorted(self.parameters.items())))

    def at(self, nic: Optional[int], severity: str, batch: bool = False) -> Finding:
        """The same of a guest's NIC."""
        return replace(self, nic=nic, severity=severity, batch=batch)

    def sentence(self, host: str) -> str:
        """host: the name of the destination."""
        return sentence_about(self.kind.template, host, self.network, self.link, self.parameters)

    def as_dict(self, host: str, severity: str, nic: Optional[Mapping[str, Any]]) -> ShownFinding:
        """severity: after the policy; nic: mac and network of the NIC."""
        places = (("nic", nic and nic["mac"]), ("network", self.network), ("link", self.link))
        remedy = self.remedy
        return {
            "code": self.code,
            "severity": severity,
            "question": self.kind.question,
            "nic": nic,
            "path": {name: place for name, place in places if place},
            "parameters": dict(self.parameters),
            "batch": self.batch,
            "template": self.kind.template,
            "sentence": self.sentence(host),
            "remediation": None
            if remedy is None
            else {"host": host, "module": remedy["module"], "arguments": remedy["arguments"]},
        }


def sentence_about(
    template: str, hosts: str, network: Optional[str], link: Optional[str], parameters: Mapping[str, Any]
) -> str:
    """hosts: the name of one destination, or of several that have this in common."""
    subject = f"network '{network}'" if network else "the NIC"
    where = f"network '{network}' on {hosts}" if network else hosts
    start = f"Network '{network}' on {hosts}" if network else f"{hosts[:1].upper()}{hosts[1:]}"
    words = {"host": hosts, "network": network, "link": link, "subject": subject, "where": where, "Where": start}
    return _Words().vformat(template, (), {**words, **parameters})


def sentence_of_dict(finding: ShownFinding, hosts: str) -> str:
    """finding: of Finding.as_dict, also of another process."""
    path = finding["path"]
    return sentence_about(finding["template"], hosts, path.get("network"), path.get("link"), finding["parameters"])


class _Words(Formatter):
    """Lists as words, nothing as "none"; {tags:vlan} as VLAN 40+50, or no VLAN."""

    def format_field(self, value: Any, format_spec: str) -> str:
        items = list(map(str, value)) if isinstance(value, (list, tuple)) else [] if value is None else [str(value)]
        if format_spec == "vlan":
            return f"VLAN {'+'.join(items)}" if items else "no VLAN"
        if value is None or isinstance(value, (list, tuple)):
            return " and ".join([*filter(None, [", ".join(items[:-1])]), *items[-1:]]) or "none"
        return str(super().format_field(value, format_spec))


def worst_of(severities: Iterable[str]) -> str:
    """OK of none."""
    return max(severities, key=_RANK.__getitem__, default=OK)


def rank_of(severity: str) -> int:
    return _RANK[severity]


_kinds: list[FindingKind] = []


def _declare(kind: FindingKind) -> FindingKind:
    _kinds.append(kind)
    return kind


def declared_kinds() -> tuple[FindingKind, ...]:
    """In the order of declaration."""
    return tuple(_kinds)


def refused(code: str, template: str, means: str = "", repair: str = "") -> FindingKind:
    """libvirt or QEMU refuses the guest."""
    return _declare(FindingKind(code, BLOCKED, LIBVIRT_ACCEPTS, template, means, repair))


def risky(code: str, template: str, means: str = "", repair: str = "") -> FindingKind:
    """libvirt accepts the guest, and the host may not be able to run it well."""
    return _declare(FindingKind(code, WARNING, LIBVIRT_ACCEPTS, template, means, repair))


def blocked(code: str, template: str, means: str = "", repair: str = "") -> FindingKind:
    """libvirt accepts the guest, and traffic that passed before stops."""
    return _declare(FindingKind(code, BLOCKED, KEEPS_NETWORK, template, means, repair))


def degraded(code: str, template: str, means: str = "", repair: str = "") -> FindingKind:
    """The guest keeps running and stays reachable, but loses something that it had."""
    return _declare(FindingKind(code, WARNING, KEEPS_NETWORK, template, means, repair))


def informational(code: str, template: str, means: str = "", repair: str = "") -> FindingKind:
    """Worth knowing, and no worse for the guest."""
    return _declare(FindingKind(code, OK, KEEPS_NETWORK, template, means, repair))


def unknown(
    template: str, question: str = KEEPS_NETWORK, code: str = "UNKNOWN", means: str = "", repair: str = ""
) -> FindingKind:
    """Something that matters could not be looked at."""
    return _declare(FindingKind(code, UNKNOWN, question, template, means, repair))
