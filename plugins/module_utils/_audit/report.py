# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings for other programs: JSON, JUnit for CI, CSV for spreadsheets, Markdown for issues and wikis."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable
from xml.etree import ElementTree

from .._fleet.lines import fold_names, natural_order
from .finding import EVERY_HOST, audit_rank
from .table import group_findings, without_findings

FindingData = Mapping[str, Any]

NEVER = "never"
_COLUMNS = ("host", "network", "severity", "code", "sentence", "expected", "found", "repair")
# What XML 1.0 cannot hold, readers of CSV stumble over, and UTF-8 does not have.
_UNREADABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A spreadsheet takes text with one of these first for a formula, and drops an apostrophe.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def write_report(file_type: str, findings: Sequence[FindingData], hosts: Iterable[str], fail_on: str) -> str:
    """file_type: of FORMATS. findings: as Finding.as_dict makes them. hosts: all that were audited. fail_on: the
    severity from which on JUnit counts a finding as a failure, or NEVER.

    Raises KeyError, TypeError or ValueError for findings of another form.
    """
    ordered = sorted(findings, key=lambda one: (natural_order(one["host"]), -audit_rank(one["severity"]), one["code"]))
    return FORMATS[file_type](ordered, list(hosts), fail_on)


def _write_json(findings: Sequence[FindingData], _hosts: Sequence[str], _fail_on: str) -> str:
    return json.dumps({"findings": findings}, indent=4, sort_keys=True) + "\n"


def _write_csv(findings: Sequence[FindingData], _hosts: Sequence[str], _fail_on: str) -> str:
    """expected and found are JSON, and empty where nothing is compared. Text that a spreadsheet would calculate gets
    an apostrophe in front."""
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows([_keep_text(_show_cell(one, column)) for column in _COLUMNS] for one in findings)
    return text.getvalue()


def _keep_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _show_cell(finding: FindingData, column: str) -> str:
    value = finding[column]
    if column in ("expected", "found"):
        return "" if value is None else json.dumps(value, sort_keys=True)
    return _make_readable(str(value))


def _write_markdown(findings: Sequence[FindingData], hosts: Sequence[str], _fail_on: str) -> str:
    """One table, the worst first, hosts and networks that are alike in one row."""
    rows = [
        ("severity", "code", "hosts", "network", "finding", "repair"),
        ("---",) * 6,
        *(
            (
                one.severity,
                f"`{one.code}`",
                *map(_escape, (fold_names(one.hosts), fold_names(one.networks), one.sentence, one.repair)),
            )
            for one in group_findings(findings)
        ),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows] if findings else []
    clean = without_findings((one["host"] for one in findings), hosts)
    if clean:
        lines += [*([""] if lines else []), f"Without findings: {_escape(fold_names(clean))}."]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", " ".join(_make_readable(text).split()))


def _write_junit(findings: Sequence[FindingData], hosts: Sequence[str], fail_on: str) -> str:
    """A suite for each host. A host without findings has one case, which passes."""
    clean = without_findings((one["host"] for one in findings), hosts)
    by_host: dict[str, list[FindingData]] = {host: [] for host in clean}
    for one in findings:
        by_host.setdefault(one["host"] or EVERY_HOST, []).append(one)
    suites = ElementTree.Element("testsuites", name="virtfleet.network audit")
    for host, found in by_host.items():
        failures = sum(_fails(one, fail_on) for one in found)
        suite = ElementTree.SubElement(
            suites, "testsuite", name=_make_readable(host), tests=str(len(found) or 1), failures=str(failures)
        )
        for one in found:
            name = _make_readable(f"{one['code']} {one['network']}".strip())
            case = ElementTree.SubElement(suite, "testcase", classname=_make_readable(host), name=name)
            details = "".join(
                f"{column}: {_show_cell(one, column)}\n"
                for column in ("expected", "found", "repair")
                if _show_cell(one, column)
            )
            if _fails(one, fail_on):
                said = ElementTree.SubElement(
                    case, "failure", type=one["severity"], message=_make_readable(one["sentence"])
                )
                said.text = details
            else:
                ElementTree.SubElement(case, "system-out").text = _make_readable(
                    f"{one['severity']}: {one['sentence']}\n{details}"
                )
        if not found:
            ElementTree.SubElement(suite, "testcase", classname=_make_readable(host), name="audit")
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _fails(finding: FindingData, fail_on: str) -> bool:
    return fail_on != NEVER and audit_rank(finding["severity"]) >= audit_rank(fail_on)


def _make_readable(text: str) -> str:
    return _UNREADABLE.sub("?", text)


Format = Callable[[Sequence[FindingData], Sequence[str], str], str]
# By the ending of a file's name.
FORMATS: dict[str, Format] = {"json": _write_json, "xml": _write_junit, "csv": _write_csv, "md": _write_markdown}
