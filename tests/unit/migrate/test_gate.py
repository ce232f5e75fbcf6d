# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate of a destination says to a guest that comes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import read_destination
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.gate import (
    Settings,
    decide,
    describe_incoming,
    lasting_facts,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import CheckedGuest
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests

from .paper import NOW, domain, info, interface, plain

ROOT = Path(__file__).resolve().parents[3]
RED = (
    "<network><name>red</name><forward mode='nat'/>"
    "<bridge name='virbr1'/><ip address='192.0.2.1' prefix='24'/></network>"
)
LINKS = [{"name": "virbr1", "kind": "bridge", "addresses": ["192.0.2.1"]}]
PASS, REFUSE = Settings(60, True, {}), Settings(60, False, {})
GUEST = domain(interface("red"))


def facts(*networks, **more):
    return json.dumps(plain(info({"name": "kvm2", "networks": list(networks), "links": LINKS, **more})))


def test_a_guest_whose_network_is_missing_is_refused():
    said = decide(GUEST, facts(), NOW, PASS)
    assert "NET_MISSING: kvm2 has no network 'red'." in said
    assert "\n" not in said


def test_a_guest_of_which_only_something_is_unknown_may_come():
    seen = facts(RED)
    verdict = judge_guests([CheckedGuest(describe_incoming(GUEST))], read_destination(json.loads(seen)))
    assert verdict["verdict"] == "unknown"
    assert decide(GUEST, seen, NOW, REFUSE) is None


def test_a_policy_lets_it_come():
    assert decide(GUEST, facts(), NOW, Settings(60, False, {"NET_MISSING": "warning"})) is None


def test_guests_that_were_there_when_the_facts_were_written_do_not_count():
    assert decide(GUEST, facts(RED, guests=[GUEST]), NOW, REFUSE) is None


@pytest.mark.parametrize(
    ("text", "now"),
    [
        (None, NOW),
        ("", NOW),
        ("[]", NOW),
        ("{}", NOW),
        ("[" * 100_000, NOW),
        ('{"host": {"gathered": null}}', NOW),
        (f'{{"host": {{"gathered": {NOW}}}}}', NOW),
        (facts(RED)[:-20], NOW),
        (facts(RED), NOW + 61),
        (facts(RED), NOW - 1),
    ],
)
def test_without_usable_facts_the_setting_decides(text, now):
    assert decide(GUEST, text, now, PASS) is None
    assert decide(GUEST, text, now, REFUSE).startswith("virtfleet.network refuses the guest: GATE_WITHOUT_FACTS: ")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.just(GUEST)), st.one_of(st.none(), st.text(), st.just(facts(RED))), st.floats())
def test_nothing_makes_it_fail_or_print(capsys, xml, text, now):
    decide(xml, text, now, PASS)
    decide(xml, text, now, REFUSE)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("network", ["red", "blue"])
@pytest.mark.parametrize("active", [True, False])
def test_it_refuses_exactly_what_the_check_blocks(network, active):
    xml, seen = domain(interface(network)), facts({"xml": RED, "active": active})
    lasting = lasting_facts(seen, NOW, 60)
    judged = judge_guests([CheckedGuest(describe_incoming(xml))], read_destination(lasting))
    assert (decide(xml, seen, NOW, PASS) is not None) == (judged["verdict"] == "blocked")


def modules():
    return yaml.safe_load((ROOT / "roles/migrate_gate/vars/main.yml").read_text())["migrate_gate_modules"]


@pytest.mark.parametrize(
    ("text", "expected"), [(facts(), 3), (facts(RED), 0), ("damaged", 0)], ids=["blocked", "ok", "damaged"]
)
def test_the_modules_that_the_role_installs_suffice(tmp_path, text, expected):
    for name in modules():
        file = tmp_path / "virtfleet_gate" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((ROOT / "plugins/module_utils" / name).read_bytes())
    judge = tmp_path / "judge.py"
    judge.write_bytes((ROOT / "roles/migrate_gate/files/judge.py").read_bytes())
    (tmp_path / "facts.json").write_text(text)
    (tmp_path / "settings.json").write_text('{"max_age": 1e12, "pass_without_facts": true, "policy": {}}')
    run = subprocess.run(
        [sys.executable, "-I", "-B", judge],
        input=GUEST,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (expected, ""), run.stderr
    assert bool(run.stderr) == (expected == 3)
