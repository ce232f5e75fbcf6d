# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden verdicts: each folder of tests/unit/cases/migrate says what the guest's own host and the destination are,
which guests would come, and what is said of that.

source.yaml, destination.yaml: hosts as paper.py reads them. guests.yaml: guests (domain XML; of those in stopped, of
guests that do not run), policy, max_age and age. verdict.yaml: the verdict over all and every finding.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.codes import CODES
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.descriptor import read_described
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.judge import judge, unreachable

from .paper import NOW, described, view

CASES = Path(__file__).parents[1] / "cases" / "migrate"
FOLDERS = sorted(CASES.iterdir())


def outcome(folder):
    source, destination, asked = (
        yaml.safe_load((folder / f"{name}.yaml").read_text()) for name in ("source", "destination", "guests")
    )
    facts = [described(source, xml) for xml in asked.get("guests", ())]
    facts += [described(source, xml, running=False) for xml in asked.get("stopped", ())]
    for guest in facts:
        guest.update(asked.get("told_otherwise", {}))
    guests = read_described(facts)
    if destination.get("silent"):
        result = unreachable(guests, destination["name"], destination["silent"])
    else:
        now = NOW + asked.get("age", 0)
        result = judge(guests, view(destination), asked.get("policy"), now, asked.get("max_age"))
    return {
        "verdict": result["verdict"],
        "findings": [
            {"guest": item["guest"], **{key: value for key, value in finding.items() if value not in (None, False)}}
            for item in result["verdicts"]
            for finding in item["findings"]
        ],
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case(folder):
    assert outcome(folder) == yaml.safe_load((folder / "verdict.yaml").read_text())


def test_every_code_has_a_case():
    told = {
        finding["code"]
        for folder in FOLDERS
        for finding in yaml.safe_load((folder / "verdict.yaml").read_text())["findings"]
    }
    assert told == set(CODES)
