# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run of the truth suite against the gates of destinations fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "truth"))

import drawn
import table
from lane import Result
from reality import Outcome
from scenario import load

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import finding_codes


@pytest.fixture
def scenario(tmp_path):
    return load(drawn.write("7", 1, tmp_path)[0])


@pytest.fixture
def refused(scenario):
    """What a gate is there for. A run in which no guest is refused fails in any case."""
    return result_of(scenario, "blocked", "NET_MISSING", "38/55 virtfleet.network refuses the guest", gated=True)


def result_of(scenario, verdict, code, answer, gated):
    findings = [{"code": code, "severity": "blocked"}] if verdict == "blocked" else []
    checked = {"verdicts": [{"guest": "guest", "verdict": verdict, "findings": findings}]}
    outcome = Outcome(verdict, answer, "-", [])
    return Result(scenario, outcomes=[outcome], checked=checked, gated={"guest"} if gated else set())


@pytest.mark.parametrize(
    ("verdict", "code", "answer", "gated", "said", "status"),
    [
        ("blocked", "BRIDGE_DOWN", "accepted", False, "PASSED ", 1),
        ("blocked", "BRIDGE_DOWN", "refused by the gate", True, "2 blocked: refused", 0),
        # libvirt was first
        ("blocked", "NET_MISSING", "43/19 Network not found", False, "refused by libvirt: NET_MISSING", 0),
        # the gate does not know the guest's own host
        ("blocked", "UPLINK_NO_CARRIER", "accepted", False, "1 blocked and passed", 0),
        ("ok", "", "refused by the gate", True, "REFUSED ", 1),
        ("warning", "", "refused by the gate", True, "REFUSED ", 1),
        ("unknown", "", "refused by the gate", True, "REFUSED ", 1),
        ("ok", "", "accepted", False, "1 ok: passed", 0),
        ("none", "", "accepted", False, "BROKEN ", 1),
    ],
)
def test_a_run_fails_when_a_gate_lets_the_wrong_guests_in_or_keeps_the_wrong_ones_out(
    scenario, refused, capsys, verdict, code, answer, gated, said, status
):
    result = result_of(scenario, verdict, code, answer, gated)
    assert table.gate([refused, result], []) == status
    assert said in capsys.readouterr().out


def test_one_code_that_it_sees_is_enough(scenario, refused, capsys):
    result = result_of(scenario, "blocked", "UPLINK_NO_CARRIER", "accepted", gated=False)
    result.checked["verdicts"][0]["findings"].append({"code": "BRIDGE_DOWN", "severity": "blocked"})
    assert table.gate([refused, result], []) == 1
    assert ": BRIDGE_DOWN" in capsys.readouterr().out


def test_a_run_in_which_a_gate_refuses_nothing_shows_nothing(scenario):
    assert table.gate([], []) == 1
    assert table.gate([result_of(scenario, "ok", "", "accepted", gated=False)], []) == 1


def test_what_could_not_be_run_is_a_fault(scenario, refused):
    broken = result_of(scenario, "ok", "", "accepted", gated=False)
    broken.broken = "there is no gate: GATE_UNWRITABLE"
    assert table.gate([refused], []) == 0
    assert table.gate([refused, broken], []) == 1
    assert table.gate([refused], [(Path("torn.yaml"), "it has no guest")]) == 1


def test_codes_that_a_gate_may_miss_exist():
    assert set(finding_codes()) >= table.UNSEEN
