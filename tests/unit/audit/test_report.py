# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an audit finds, other programs read the same in its reports."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.virtfleet.network.plugins.module_utils._audit.finding import (
    EVERY_HOST,
    SEVERITIES,
    audit_rank,
    audit_sentence,
)
from ansible_collections.virtfleet.network.plugins.module_utils._audit.report import NEVER, write_report
from ansible_collections.virtfleet.network.plugins.module_utils._audit.table import group_findings

HOSTS = ["kvm1", "kvm2", "kvm10"]
TEXTS = st.text(max_size=12) | st.sampled_from(["a|b", "=1+1", "]]>", "<b>", "\0", "\ud800", 'x"y', "a\nb", "\ufffe"])
TEMPLATES = TEXTS.map(lambda text: text.replace("{", "{{").replace("}", "}}"))
VALUES = st.none() | st.dictionaries(TEXTS, st.none() | TEXTS | st.integers(), max_size=2)
FINDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "host": st.sampled_from(["", *HOSTS, "other"]),
            "network": TEXTS,
            "severity": st.sampled_from(SEVERITIES),
            "code": st.sampled_from(["LIVE_DIFFERS", "NETWORK_MISSING"]),
            "parameters": st.just({}),
            "template": st.tuples(TEMPLATES, st.sampled_from(["", "{network}"]), TEMPLATES).map("".join),
            "expected": VALUES,
            "found": VALUES,
            "repair": TEXTS,
        }
    ).map(lambda one: {**one, "sentence": audit_sentence(one["template"], one["network"], {})}),
    max_size=6,
)


def readable(text):
    """Without what XML, CSV or UTF-8 cannot hold."""
    return "".join(
        one if one in "\t\n\r" or (one >= " " and one.encode("utf-8", "ignore") and one not in "\ufffe\uffff") else "?"
        for one in text
    )


def written(value):
    return json.dumps(value, sort_keys=True)


@given(FINDINGS, st.sampled_from([*SEVERITIES, NEVER]))
def test_junit(findings, fail_on):
    """Any XML parser reads it; each finding is a test, which fails from fail_on on; a host without findings passes."""
    suites = etree.fromstring(write_report("xml", findings, HOSTS, fail_on).encode())
    cases = suites.findall("testsuite/testcase")
    failing = [one for one in findings if fail_on != NEVER and audit_rank(one["severity"]) >= audit_rank(fail_on)]
    assert len(suites.findall("testsuite/testcase/failure")) == len(failing)
    touched = {one["host"] for one in findings}
    clean = set() if "" in touched else set(HOSTS) - touched
    assert len(cases) == len(findings) + len(clean)
    assert {suite.get("name") for suite in suites} == {host or EVERY_HOST for host in touched} | clean
    for suite in suites:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))


@given(FINDINGS)
def test_csv(findings):
    """A reader gets back every value."""
    rows = list(csv.DictReader(io.StringIO(write_report("csv", findings, HOSTS, "error"), newline="")))
    assert len(rows) == len(findings)
    for name in ("host", "network", "severity", "code", "sentence", "repair"):
        assert sorted(unquoted(row[name]) for row in rows) == sorted(readable(one[name]) for one in findings)
    for name in ("expected", "found"):
        there = [one[name] for one in findings if one[name] is not None]
        shown = [unquoted(row[name]) for row in rows if row[name]]
        assert sorted(shown, key=repr) == sorted(map(written, there), key=repr)


def unquoted(cell):
    """A cell without the apostrophe that keeps a spreadsheet from calculating it."""
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return cell.removeprefix("'")


@given(FINDINGS)
def test_json(findings):
    told = json.loads(write_report("json", findings, HOSTS, "error"))["findings"]
    assert sorted(map(written, told)) == sorted(map(written, findings))


@given(FINDINGS)
def test_markdown(findings):
    """A row has six cells whatever is in them; rows are one for each group of findings, the worst first."""
    lines = [line for line in write_report("md", findings, HOSTS, "error").splitlines() if line.startswith("| ")][2:]
    assert len(lines) == len(group_findings(findings))
    assert all(line.replace("\\|", "").count("|") == 7 for line in lines)
    ranks = [audit_rank(line.split(" ")[1]) for line in lines]
    assert ranks == sorted(ranks, reverse=True)


@given(FINDINGS)
def test_folding_keeps_each_finding(findings):
    """Each finding is in one group, with its own sentence where it is alone; each place of a group is a finding."""
    places = [
        (one.severity, one.code, network, host, one.repair)
        for one in group_findings(findings)
        for network in one.networks
        for host in one.hosts
    ]
    keys = ("severity", "code", "network", "host", "repair")
    told = {(*(one[key] for key in keys[:3]), one["host"] or EVERY_HOST, one["repair"]) for one in findings}
    assert set(places) == told
    for group in group_findings(findings):
        if len(group.networks) == 1:
            assert group.sentence in {one["sentence"] for one in findings}
        assert len(group.networks) == 1 or "" not in group.networks


def test_markdown_of_a_small_fleet():
    one = {
        "host": "kvm1", "network": "lan", "severity": "error", "code": "LIVE_DIFFERS", "parameters": {},
        "template": "The live definition of network {network} differs from its contract: dns.",
        "sentence": "The live definition of network lan differs from its contract: dns.", "expected": None,
        "found": None, "repair": "Run the rollout.",
    }  # fmt: skip
    assert write_report("md", [one, {**one, "host": "kvm2"}], HOSTS, "error") == (
        "| severity | code | hosts | network | finding | repair |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| error | `LIVE_DIFFERS` | kvm1, kvm2 | lan | The live definition of network lan differs from its contract: "
        "dns. | Run the rollout. |\n"
        "\n"
        "Without findings: kvm10.\n"
    )


@pytest.mark.parametrize("name", ["xml", "md"])
def test_a_fleet_without_findings(name):
    text = write_report(name, [], HOSTS, "error")
    assert all(host in text for host in (HOSTS if name == "xml" else ["kvm1, kvm2, kvm10"]))
