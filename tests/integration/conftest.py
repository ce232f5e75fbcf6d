# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `it`, and the stories that are told on its hosts.

A test says with the mark `story` which steps it wants done on which release's host. Before the first of them runs, the
steps of all selected tests are made into one playbook for each host; a test looks at its own results.

A test that takes a release as a parameter runs on one of them. IT_EVERYWHERE=1 runs it on all, tries every case of the
quartet on every release, not only on the oldest, every fault at every step, and every row of what harness.every_nth
shortens. IT_KEEP=1 takes the lab that is there and leaves it where it is. The playbooks and their
output are in tests/output/integration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# What all tests here import, and how the lab makes guests.
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).parent))

from harness import EVERYWHERE
from harness.playbook import ROOT, Results, Running
from harness.releases import on_one_release
from harness.told import Snapshot, Told

NAME = "it"
# Release -> the hosts that share its stories. The lab gives the releases to its hosts in turn.
HOSTS = {"bookworm": ("kvm1", "kvm3"), "trixie": ("kvm2",)}
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
OUTPUT = ROOT / "tests" / "output" / "integration"
# community.libvirt, for comparison
PACKAGE = "ansible==12.3.0"
INCUMBENT = "ansible_collections/community/libvirt/"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "story(steps, release): what is to be done on a host before the test looks")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if EVERYWHERE:
        return
    here = Path(__file__).parent
    kept = on_one_release(item.nodeid for item in items if here in item.path.parents)
    left_out = [item for item in items if here in item.path.parents and item.nodeid not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    if op == "==" and isinstance(left, Snapshot) and isinstance(right, Snapshot):
        return ["the host is not as it was", *left.difference(right)]
    return None


@pytest.fixture(scope="session")
def lab():
    """The inventory of a fleet with one host of each release."""
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*LAB, "down"], check=True)
    up = [*LAB, "up", "--hosts", "3", "--releases", ",".join(HOSTS)]
    subprocess.run(up, check=True)
    yield ROOT / f".lab-{NAME}" / "inventory.yml"
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*LAB, "down"], check=True)


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, lab: Path):
    """Every selected story's results, by test."""
    stories: dict[str, dict[str, tuple]] = {host: {} for hosts in HOSTS.values() for host in hosts}
    for item in request.session.items:
        mark = item.get_closest_marker("story")
        if mark:
            idlest = min(HOSTS[mark.kwargs["release"]], key=lambda host: len(stories[host]))
            stories[idlest][item.nodeid] = mark.kwargs["steps"]
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    running = [Running(told, host, lab, OUTPUT) for host, told in stories.items() if told]
    found: dict[str, tuple[Results, str]] = {}
    try:
        for one in running:
            tail = ""
            results = one.results()
            if one.process.returncode:
                tail = one.tail()
            found.update({story: (steps, tail) for story, steps in results.items()})
        yield found
    finally:
        for one in running:
            one.stop()


@pytest.fixture
def told(request: pytest.FixtureRequest, outcomes: dict[str, tuple[Results, str]]) -> Told:
    mark = request.node.get_closest_marker("story")
    results, tail = outcomes.get(request.node.nodeid, ({}, "none of this test's steps ran"))
    return Told(mark.kwargs["steps"], results, tail)


@pytest.fixture(scope="session")
def incumbent(tmp_path_factory) -> str:
    """A directory of collections with community.libvirt, out of the ansible package, which a package registry has."""
    directory = tmp_path_factory.mktemp("incumbent")
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(directory), PACKAGE]
    done = subprocess.run(download, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be installed here: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(next(directory.glob("*.whl"))) as wheel:
        wheel.extractall(directory, [name for name in wheel.namelist() if name.startswith(INCUMBENT)])
    return str(directory)
