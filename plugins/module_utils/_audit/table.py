# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings for people: the worst first, hosts and networks that are alike folded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .._fleet.lines import alike, entry, fold_names, natural_order
from .finding import EVERY_HOST, AuditFinding, audit_rank, audit_sentence

# What a template has where the name of the network goes.
_NAMED = "{network}"


class FindingGroup(NamedTuple):
    """Findings of which all is the same, except host and network: each of the hosts has it for each of the networks.

    sentence: with the names of all networks.
    """

    severity: str
    code: str
    networks: tuple[str, ...]
    hosts: tuple[str, ...]
    sentence: str
    repair: str


def group_findings(findings: Sequence[Mapping[str, Any]]) -> list[FindingGroup]:
    """findings: as AuditFinding.as_dict makes them. The worst first."""
    by_network = alike(((_key_of(one), str(one["network"])), one["host"] or EVERY_HOST) for one in findings)
    # Only sentences that name the network can be about several.
    groups = alike(
        ((key, tuple(hosts), None if network and _NAMED in key.template else network), network)
        for (key, network), hosts in by_network
    )
    made = [_group(key, networks, hosts) for (key, hosts, _network), networks in groups]
    return sorted(
        made,
        key=lambda one: (
            -audit_rank(one.severity),
            one.code,
            [*map(natural_order, one.networks)],
            one.sentence,
            one.hosts,
        ),
    )


class _Key(NamedTuple):
    """parameters: in JSON."""

    severity: str
    code: str
    template: str
    parameters: str
    repair: str


def _key_of(finding: Mapping[str, Any]) -> _Key:
    severity, code, template, repair = (str(finding[name]) for name in ("severity", "code", "template", "repair"))
    return _Key(severity, code, template, json.dumps(finding["parameters"], sort_keys=True, default=str), repair)


def _group(key: _Key, networks: Sequence[str], hosts: tuple[str, ...]) -> FindingGroup:
    sentence = audit_sentence(key.template, fold_names(networks), json.loads(key.parameters))
    return FindingGroup(key.severity, key.code, tuple(networks), hosts, sentence, key.repair)


def finding_lines(findings: Sequence[Mapping[str, Any]], well: Sequence[str]) -> list[str]:
    """well: the hosts without any finding."""
    lines: list[str] = []
    for one in group_findings(findings):
        lines += entry(one.severity, f"{one.code}: {fold_names(one.hosts)}", one.sentence)
    return lines + (entry("clean", fold_names(well)) if well else [])


def new_or_worse(findings: Iterable[AuditFinding], baseline: Iterable[Mapping[str, Any]]) -> list[AuditFinding]:
    """baseline: findings of an earlier audit, as dicts. Raises KeyError or ValueError for anything else."""
    old = {_place(one): audit_rank(one["severity"]) for one in baseline}
    return [one for one in findings if audit_rank(one.kind.severity) > old.get(_place(one.as_dict()), -1)]


def _place(finding: Mapping[str, Any]) -> tuple[str, str, str, str]:
    # Two findings of one code and network differ in what they are about. A saved finding has it as JSON holds it.
    saved = json.loads(json.dumps(finding["parameters"]))
    return finding["host"], finding["network"], finding["code"], json.dumps(saved, sort_keys=True)


def without_findings(touched: Iterable[str], hosts: Iterable[str]) -> list[str]:
    """touched: the hosts of the findings. A finding without a host, of the contract, counts for all of them."""
    found = set(touched)
    return [] if "" in found else [host for host in hosts if host not in found]
