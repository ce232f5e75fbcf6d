# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden verdicts: each file of tests/unit/cases/migrate says what the guest's own host (source) and the destination
are, as paper.py reads them, which guests would come (domain XML; stopped: of guests that are shut off), what is changed
in their descriptions (overrides), and with which policy, max_age and age they are judged. expect: the verdict over all,
and every finding.

UPDATE=1 writes the verdicts that the check gives now; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import CheckedGuest, load_guests
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import finding_codes
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests, judge_unreachable

from .paper import NOW, described, destination

CASES = sorted((Path(__file__).parents[1] / "cases" / "migrate").glob("*.yaml"))
# No description and no host can make a rule fail.
WITHOUT_CASE = {"UNEXPECTED"}


def outcome(case):
    facts = [described(case["source"], xml) for xml in case.get("guests", ())]
    facts += [described(case["source"], xml, running=False) for xml in case.get("stopped", ())]
    for guest in facts:
        guest.update(case.get("overrides", {}))
    guests = load_guests(facts)
    host = case["destination"]
    if host.get("silent"):
        result = judge_unreachable(guests, host["name"], host["silent"])
    else:
        now = NOW + case.get("age", 0)
        there = destination(host, [guest.facts for guest in guests if isinstance(guest, CheckedGuest)])
        result = judge_guests(guests, there, case.get("policy"), now, case.get("max_age"))
    # Whatever follows from the sentence, and how a finding is shown, has tests of its own.
    left_out = ("path", "parameters", "template")
    return {
        "verdict": result["verdict"],
        "findings": [
            {
                "guest": item["guest"],
                **{
                    name: value
                    for name, value in finding.items()
                    if value not in (None, False) and name not in left_out
                },
            }
            for item in result["verdicts"]
            for finding in item["findings"]
        ],
    }


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file):
    case = yaml.safe_load(file.read_text())
    found = outcome(case)
    if os.environ.get("UPDATE"):
        file.write_text("---\n" + yaml.safe_dump({**case, "expect": found}, sort_keys=False, width=100000))
    assert found == case["expect"]


def test_every_code_has_a_case():
    expected = {finding["code"] for file in CASES for finding in yaml.safe_load(file.read_text())["expect"]["findings"]}
    assert expected == set(finding_codes()) - WITHOUT_CASE
