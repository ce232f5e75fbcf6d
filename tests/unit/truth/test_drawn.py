# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios that are drawn at random: they can be read, they are the same each time, and nothing is left undrawn."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "truth"))

import drawn
import table
from lane import Result
from reality import Outcome
from scenario import load

COUNT = 1500


@pytest.fixture(scope="module")
def scenarios():
    return [drawn.draw("7", number) for number in range(COUNT)]


def test_the_same_seed_draws_the_same(scenarios):
    assert [drawn.draw("7", number) for number in range(50)] == scenarios[:50]
    assert drawn.draw("8", 0) != scenarios[0]


def test_a_file_says_it_whole(tmp_path):
    for file in drawn.write("7", 60, tmp_path):
        scenario = load(file)
        for network in (*scenario.source.networks, *scenario.destination.networks):
            assert ET.fromstring(network["xml"]).findtext("name")


def test_every_difference_is_drawn(scenarios):
    names = {part for one in scenarios for part in one["name"].partition(": ")[2].split(", ")}
    assert set(drawn.CHANGES) <= {name.replace(" (on both)", "") for name in names}
    assert set(drawn.GENERAL) < set(drawn.CHANGES)
    assert set(drawn.ONE_SIDED) < set(drawn.CHANGES)


def test_a_source_has_its_network(scenarios):
    """Nothing can be learnt from a guest that cannot start."""
    for one in scenarios:
        first = one["source"]["networks"][0]
        assert "<name>red</name>" in (first if isinstance(first, str) else first["xml"])
        assert isinstance(first, str) or first.get("start", True)


def result_of(tmp_path, verdict, reality):
    scenario = load(drawn.write("7", 1, tmp_path)[0])
    outcome = Outcome(reality, "accepted", "-", [])
    checked = {"verdicts": [{"guest": "guest", "verdict": verdict, "findings": []}]}
    return Result(scenario, outcomes=[outcome], checked=checked)


@pytest.mark.parametrize(
    ("verdict", "reality", "said", "status"),
    [
        ("ok", "ok", "1 agree", 0),
        ("ok", "blocked", "1 wrong ok", 1),
        ("warning", "blocked", "1 wrong ok", 1),
        ("ok", "warning", "1 too good", 1),
        ("blocked", "ok", "1 wrong blocked", 1),
        ("warning", "ok", "1 wrong warning", 1),
        ("unknown", "ok", "1 unknown", 1),
    ],
)
def test_what_a_sum_says(tmp_path, capsys, verdict, reality, said, status):
    assert table.drawn([result_of(tmp_path, verdict, reality)], 1.0) == status
    assert said in capsys.readouterr().out


def test_few_may_be_unknown(tmp_path):
    results = [result_of(tmp_path, "ok", "ok")] * 99 + [result_of(tmp_path, "unknown", "ok")]
    assert table.drawn(results, 1.0) == 0


def test_a_void_scenario_is_no_agreement(tmp_path, capsys):
    result = result_of(tmp_path, "ok", "ok")
    result.broken = "void: before the migration, nothing answers"
    assert table.drawn([result], 1.0) == 1
    assert "1 void" in capsys.readouterr().out
