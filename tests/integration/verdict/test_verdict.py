# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short seed of tests/verdict/run.py: what check mode says of generated definitions, and what libvirt does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "verdict"))

from run import RELEASES, Verdicts, faults

CASES = range(1, 121)


@pytest.fixture(scope="module")
def told():
    verdicts = Verdicts(os.environ.get("IT_LABS", "") + "verdict", RELEASES)
    verdicts.down()
    verdicts.up()
    yield verdicts.judge(list(CASES))
    verdicts.down()


@pytest.mark.parametrize("release", RELEASES.split(","))
def test_check_mode_and_libvirt_agree(told: dict[str, list[dict[str, Any]]], release: str) -> None:
    answers = told[release]
    assert len(answers) == len(CASES)
    assert faults(answers) == [], json.dumps(faults(answers), indent=1)
    verdicts = [answer["verdict"] for answer in answers]
    assert verdicts.count("ok") > 20
    assert verdicts.count("refused") > 20
