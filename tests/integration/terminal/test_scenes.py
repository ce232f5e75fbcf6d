# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outputs of docs/output.md on a smaller fleet: what they say of each host is so, and each is short."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from batch import hosts_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "terminal"))
from scenes import Fleet, scenes

pytestmark = pytest.mark.lab

NUMBER = 6


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    with hosts_of("output", tmp_path_factory.mktemp("scenes"), ["bookworm"], NUMBER) as hosts:
        yield {scene.title: scene for scene in scenes(Fleet(hosts, NUMBER))}


def words(text: str) -> str:
    return " ".join(text.split())


def test_each_is_short_and_narrow(shown):
    for scene in shown.values():
        lines = scene.output.splitlines()
        assert len(lines) < 60, scene
        assert max(map(len, lines)) < 100, scene


def test_the_rollout_says_what_changed_where(shown):
    scene = shown["A rollout"]
    assert scene.code == 0, scene.output
    table = words(scene.output.partition("Show the state of all hosts")[2])
    assert "new 6, old 0, unknown 0. new kvm1-kvm4 +20 networks: lab, net01-net19 new kvm5 +2 networks" in table
    assert "new kvm6 +2 networks: net18, net19 ~1 network: lab; restarted with 2 guests (web1, web2), gap " in table
    assert "kvm1-kvm6 (6 hosts) : changed=2 unreachable=0 failed=0" in table


def test_the_second_run_says_that_nothing_changed(shown):
    scene = shown["A second run"]
    assert scene.code == 0, scene.output
    assert "new kvm1-kvm6 nothing to change" in words(scene.output)
    assert "kvm1-kvm6 (6 hosts) : changed=0" in scene.output


def test_the_audit_folds_hosts_and_networks(shown):
    scene = shown["An audit"]
    assert scene.code == 2, scene.output
    found = words(scene.output)
    for entry in (
        "error DNSMASQ_FAULTY: kvm5 ", "error NETWORK_INACTIVE: kvm6 ", "warning AUTOSTART_DIFFERS: kvm1 ",
        "error NETWORK_MISSING: kvm2-kvm4 Network net01-net03 does not exist.", "info NETWORK_FOREIGN: kvm6 ",
    ):  # fmt: skip
        assert entry in found, entry


def test_the_migration_check_shows_the_matrix(shown):
    scene = shown["The migration check"]
    assert scene.code == 0, scene.output
    assert "! kvm5: DNSMASQ_DEAD: " in scene.output


def test_the_plan_folds_equal_diffs(shown):
    scene = shown["A plan"]
    assert scene.code == 0, scene.output
    assert scene.output.count("diff of network lab on kvm1-kvm6 (6 hosts):") == 1
    assert scene.output.count("10.66.0.9") == 1
    assert "new kvm1-kvm6 ~1 network: lab -1 network: net01" in words(scene.output)
