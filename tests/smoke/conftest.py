# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, tried shortly on every libvirt, set of daemons, firewall backend and ansible-core that is claimed.

A test is told as a story: its mark has the steps, which run on each host of SMOKE_HOSTS, all stories of a host in one
playbook, the hosts side by side. IT_ANSIBLE runs them from another ansible-core; SMOKE_REPORT is a file to which the
outcome is added, for tests/smoke/matrix.py. The playbooks and their output are in tests/output.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "xml"))

import fleet
from harness.playbook import PROGRAM, Results, Running
from harness.told import Told


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "smoke(steps, host): what is to be done on a host before the test looks")


@pytest.fixture(scope="session")
def lab():
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*fleet.LAB, "down"], check=True)
    fleet.up()
    shutil.rmtree(fleet.OUTPUT, ignore_errors=True)
    fleet.OUTPUT.mkdir(parents=True)
    yield fleet.INVENTORY
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*fleet.LAB, "down"], check=True)


@pytest.fixture(scope="session")
def versions(lab: Path) -> dict[str, dict[str, str]]:
    """By the host's name."""
    return {host.name: fleet.facts(host) for host in fleet.HOSTS}


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, lab: Path):
    """Every selected story's results, by test."""
    stories: dict[str, dict[str, tuple]] = {host.name: {} for host in fleet.HOSTS}
    for item in request.session.items:
        mark = item.get_closest_marker("smoke")
        if mark:
            stories[mark.kwargs["host"].name][item.nodeid] = mark.kwargs["steps"]
    running = [Running(told, name, lab, fleet.OUTPUT) for name, told in stories.items() if told]
    found: dict[str, tuple[Results, str]] = {}
    try:
        for one in running:
            results = one.results()
            tail = one.tail() if one.process.returncode else ""
            found.update({story: (steps, tail) for story, steps in results.items()})
        yield found
    finally:
        for one in running:
            one.stop()


@pytest.fixture
def told(request: pytest.FixtureRequest, outcomes: dict[str, tuple[Results, str]]) -> Told:
    mark = request.node.get_closest_marker("smoke")
    results, tail = outcomes.get(request.node.nodeid, ({}, "none of this test's steps ran"))
    return Told(mark.kwargs["steps"], results, tail)


@pytest.fixture
def version(host: fleet.Host, versions: dict[str, dict[str, str]]) -> tuple[int, ...]:
    """The libvirt of the host that the test is about."""
    return tuple(int(part) for part in versions[host.name]["libvirt"].split("."))


_tried: dict[str, Counter[str]] = {}
_versions: dict[str, Any] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    about = getattr(item, "callspec", None) and item.callspec.params.get("host")
    if about and (report.when == "call" or not report.passed):
        _tried.setdefault(about.name, Counter())[report.outcome] += 1
        _versions.update(item.funcargs.get("versions") or {})
    return report


def pytest_sessionfinish() -> None:
    file = os.environ.get("SMOKE_REPORT")
    if not file or not _tried:
        return
    said = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True).stdout
    lines = [
        {
            **{name: getattr(host, name) for name in ("said", "release", "daemons", "firewall")},
            **_versions.get(host.name, {}),
            **_tried[host.name],
            "ansible": said.partition("[core ")[2].partition("]")[0],
            "controller": said.partition("python version = ")[2].partition(" ")[0],
        }
        for host in fleet.HOSTS
        if host.name in _tried
    ]
    with open(file, "a", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
