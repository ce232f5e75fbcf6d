# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `evacuate`: six hosts with a NAT network, a bridge and two pools. IT_KEEP=1 takes the lab that is there.

SEED chooses the fleets of test_fleets.py, FLEETS how many there are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from fleet import Fleet
from harness.agent import Agent
from harness.playbook import ROOT
from invented import HOSTS, NICS

NAME = os.environ.get("IT_LABS", "") + "evacuate"
NICS_OF_HOST = 2 + sum(map(len, NICS.values()))
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]


@pytest.fixture(scope="session")
def agents():
    keep = os.environ.get("IT_KEEP")
    if not keep:
        subprocess.run([*LAB, "down"], check=True)
    subprocess.run([*LAB, "up", "--hosts", str(len(HOSTS)), "--nics", str(NICS_OF_HOST)], check=True)
    shutil.copy(ROOT / "tests/integration/migrate/agent.py", ROOT / f".lab-{NAME}" / "shared")
    all_of_them = {host: Agent(LAB, host) for host in HOSTS}
    yield all_of_them
    for agent in all_of_them.values():
        agent.end()
    if not keep:
        subprocess.run([*LAB, "down"], check=True)


@pytest.fixture
def bare(agents: dict[str, Agent], tmp_path: Path):
    """The hosts as they are."""
    return Fleet(agents, LAB, ROOT / f".lab-{NAME}", tmp_path)


@pytest.fixture
def fleet(bare: Fleet):
    """Hosts without guests and networks; each has the bridge br7 on p1."""
    for agent in bare.agents.values():
        agent.tell("clean")
    yield bare
    for agent in bare.agents.values():
        agent.tell("clean")
