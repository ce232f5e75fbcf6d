# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings for people: the worst first, hosts that are alike folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from .._fleet.host_lines import WIDTH, fold_host_names
from .finding import EVERY_HOST, SEVERITIES, AuditFinding, rank_of


def table(findings: Iterable[AuditFinding], well: Sequence[str]) -> list[str]:
    """well: the hosts without any finding. Lines of at most WIDTH columns, unless a single word is longer."""
    alike: dict[tuple[int, str, str, str], set[str]] = {}
    for one in findings:
        key = (-rank_of(one.kind.severity), one.code, one.network, one.sentence())
        alike.setdefault(key, set()).add(one.host or EVERY_HOST)
    lines = []
    for (rank, code, _network, sentence), where in sorted(alike.items(), key=lambda item: item[0]):
        lines += wrap(f"{SEVERITIES[-rank]:<8}{code}: {fold_host_names(where)}", WIDTH, subsequent_indent=" " * 10)
        lines += wrap(sentence, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    if well:
        lines += wrap(f"{'clean':<8}{fold_host_names(well)}", WIDTH, subsequent_indent=" " * 10)
    return lines


def new_or_worse(findings: Iterable[AuditFinding], baseline: Iterable[Mapping[str, Any]]) -> list[AuditFinding]:
    """baseline: findings of an earlier audit, as dicts. Raises KeyError or ValueError for anything else."""
    old = {_place(one): rank_of(one["severity"]) for one in baseline}
    return [one for one in findings if rank_of(one.kind.severity) > old.get(_place(one.as_dict()), -1)]


def _place(finding: Mapping[str, Any]) -> tuple[str, str, str, str]:
    # Lists in parameters: two findings of one code and network differ in what they are about.
    return finding["host"], finding["network"], finding["code"], repr(sorted(finding["parameters"].items()))


def without_findings(touched: Iterable[str], hosts: Iterable[str]) -> list[str]:
    """touched: the hosts of the findings. A finding without a host, of the contract, counts for all of them."""
    found = set(touched)
    return [] if "" in found else [host for host in hosts if host not in found]
