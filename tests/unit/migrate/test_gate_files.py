# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate with files of every kind: it never waits, and only what the settings say lets a guest in without a check."""

from __future__ import annotations

import copy
import io
import json
import os
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import gate_files
from ansible_collections.virtfleet.network.plugins.module_utils._migrate import verdicts
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.gate import decide
from ansible_collections.virtfleet.network.plugins.module_utils._run import gate_hook

from .paper import NOW, plain
from .test_broken_host import places
from .test_gate import GUEST, PASS, RED, REFUSE, STATES, facts

WITHOUT = "GATE_WITHOUT_FACTS: "
GOOD = facts(RED)
# What no fact is, or only few are; numbers as texts and texts as numbers among them.
WRONG = (None, "", "x", "1500", "1e9", 7, 0, -1, 10**400, 1.5, float("nan"), float("inf"), True, [], {}, ["x"], [[]],
         {"x": 1}, "ä", "\udc80", "\0")  # fmt: skip


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """Puts the files there, and says what the hook's code returns and writes to standard error. None, if it fails, in
    which case the hook itself decides by what is set."""
    monkeypatch.setattr(gate_files, "FACTS", str(tmp_path / "facts.json"))
    monkeypatch.setattr(gate_files, "SETTINGS", str(tmp_path / "settings.json"))
    monkeypatch.setattr(gate_hook, "link_states", lambda: STATES)
    monkeypatch.setattr(gate_hook.time, "time", lambda: NOW)

    def judge(xml=GUEST, **settings_):
        told = {"max_age": 60, "pass_without_facts": False, "policy": {}, "assume_connected": False, **settings_}
        (tmp_path / "settings.json").write_text(json.dumps(told))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(xml.encode("utf-8", "replace"))))
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        started = time.monotonic()
        try:
            status = gate_hook.judge_incoming()
        except Exception:
            status = None
        assert time.monotonic() - started < 5
        return status, sys.stderr.getvalue()

    judge.facts = tmp_path / "facts.json"
    return judge


def test_whole_facts(gate):
    gate.facts.write_text(GOOD)
    assert gate() == (0, "")
    gate.facts.write_text(facts())
    status, said = gate()
    assert (status, "NET_MISSING: " in said) == (gate_hook.REFUSED, True)


def directory(path):
    path.mkdir()


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def dangling(path):
    path.symlink_to("nowhere")


def circle(path):
    path.symlink_to(path)


def huge(path):
    with path.open("wb") as file:
        file.truncate(1 << 33)


def not_utf_8(path):
    path.write_bytes(GOOD.replace("red", "r\xe9d").encode("latin-1"))


def utf_16(path):
    path.write_text(GOOD, encoding="utf-16")


def numbers(path):
    path.write_text(GOOD.replace(str(NOW), "1" * 10_000))


@pytest.mark.parametrize(
    "make", [directory, pipe, endless, dangling, circle, huge, not_utf_8, utf_16, numbers], ids=lambda one: one.__name__
)
def test_a_file_that_holds_no_facts(gate, make):
    make(gate.facts)
    status, said = gate()
    assert (status, WITHOUT in said) == (gate_hook.REFUSED, True)
    assert gate(pass_without_facts=True) == (0, "")


def test_a_link_to_the_facts_is_as_good_as_they_are(gate):
    elsewhere = gate.facts.with_name("elsewhere")
    elsewhere.write_text(GOOD)
    gate.facts.symlink_to(elsewhere)
    assert gate() == (0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"pass_without_facts": "false"},
        {"pass_without_facts": 1},
        {"assume_connected": "no"},
        {"max_age": "60"},
        {"max_age": None},
        {"policy": []},
        {"policy": {"NET_MISSING": 0}},
    ],
)
def test_settings_of_another_type_decide_nothing(gate, wrong):
    """In a file edited by hand, "false" does not count as true; the hook keeps the installed settings."""
    assert gate(**wrong) == (None, "")


def mutated(data, text):
    """Values of other types at any depth, absent ones, and the like."""
    found = json.loads(text)
    for _number in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list(places(found)) or [()]))
        if not place:
            return found
        holder = found
        for key in place[:-1]:
            holder = holder[key]
        if isinstance(holder, dict) and data.draw(st.booleans()):
            del holder[place[-1]]
        else:
            holder[place[-1]] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))
    return found


def spelled(data, found):
    """As a file may have it: whole, cut, or with a key twice."""
    text = json.dumps(found)
    kind = data.draw(st.sampled_from(("whole", "cut", "twice")))
    if kind == "cut":
        return text[: data.draw(st.integers(0, len(text)))]
    if kind == "twice" and isinstance(found, dict) and found:
        key = data.draw(st.sampled_from(sorted(found)))
        return f"{text[:-1]}, {json.dumps(key)}: {json.dumps(data.draw(st.sampled_from(WRONG)))}}}"
    return text


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_fault_of_the_facts_lets_a_guest_in_or_keeps_it_out_against_the_setting(gate, data):
    """What keeps it out for want of facts lets it in where that is set; nothing else differs."""
    gate.facts.write_text(spelled(data, mutated(data, GOOD)))
    refusing, passing = gate(), gate(pass_without_facts=True)
    assert None not in (refusing[0], passing[0])
    if WITHOUT in refusing[1]:
        assert passing == (0, "")
    else:
        assert refusing == passing


@pytest.mark.parametrize("links", ["", {}, 0, False])
def test_links_that_are_no_list_are_damaged_and_not_absent(links):
    text = json.dumps({**plain(json.loads(GOOD)), "links": links})
    assert decide(GUEST, text, STATES, NOW, PASS) is None
    assert WITHOUT in decide(GUEST, text, STATES, NOW, REFUSE)


def test_a_rule_that_fails_lets_no_guest_in_by_accident(monkeypatch):
    """The check says of it that its result is unknown, which the gate lets pass of everything else."""

    def fails(_guest, _host):
        yield from {}[1]

    first, *others = verdicts.GUEST_RULES
    monkeypatch.setattr(verdicts, "GUEST_RULES", [replace(first, check=fails), *others])
    assert "The check failed: Rule " in decide(GUEST, GOOD, STATES, NOW, REFUSE)
    assert decide(GUEST, GOOD, STATES, NOW, PASS) is None
    # What is blocked for another reason is blocked.
    assert "NET_MISSING: " in decide(GUEST, facts(), STATES, NOW, PASS)
