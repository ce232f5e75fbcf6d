# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `migrate`: five hosts, and an agent on each that does what a test tells it. IT_KEEP=1 leaves the lab."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness.agent import Agent

ROOT = Path(__file__).resolve().parents[3]
NAME = os.environ.get("IT_LABS", "") + "migrate"
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
SHARED = ROOT / f".lab-{NAME}" / "shared"
HOSTS = ("kvm1", "kvm2", "kvm3", "kvm4", "kvm5")


@pytest.fixture(scope="session")
def inventory():
    subprocess.run([*LAB, "down"], check=True)
    subprocess.run([*LAB, "up", "--hosts", str(len(HOSTS))], check=True)
    shutil.copy(Path(__file__).with_name("agent.py"), SHARED)
    yield ROOT / f".lab-{NAME}" / "inventory.yml"
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*LAB, "down"], check=True)


@pytest.fixture(scope="session")
def agents(inventory: Path):
    all_of_them = {host: Agent(LAB, host) for host in HOSTS}
    yield all_of_them
    for agent in all_of_them.values():
        agent.end()


@pytest.fixture
def hosts(agents: dict[str, Agent]):
    """Without networks and guests; each with the bridge br7 on p1."""
    for agent in agents.values():
        agent.tell("clean")
    yield agents
    for agent in agents.values():
        agent.tell("clean")
