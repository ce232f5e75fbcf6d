# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `migrate`: five hosts, and an agent on each that does what a test tells it. IT_KEEP=1 leaves the lab."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
NAME = os.environ.get("IT_LABS", "") + "migrate"
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
SHARED = ROOT / f".lab-{NAME}" / "shared"
HOSTS = ("kvm1", "kvm2", "kvm3", "kvm4", "kvm5")

sys.path.insert(0, str(Path(__file__).parents[1]))


class Agent:
    """One host."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.process = subprocess.Popen(
            [*LAB, "exec", host, "--", "/usr/bin/python3", "/srv/shared/agent.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, do: str, **options: Any) -> Any:
        """What must succeed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"do": do, **options}), file=self.process.stdin, flush=True)
        answered = json.loads(self.process.stdout.readline())
        assert "did" in answered, f"{self.host}: {do} {options}: {answered}"
        return answered["did"]

    def run(self, *argv: str) -> str:
        return str(self.tell("run", argv=list(argv)))

    def lab(self, command: str, what: str) -> None:
        subprocess.run([*LAB, command, self.host, what], check=True, timeout=60)

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


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
    all_of_them = {host: Agent(host) for host in HOSTS}
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
