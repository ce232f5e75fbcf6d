# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `pool`: two hosts with 64 links each for pools, and an agent on each that does what a test tells it.

IT_KEEP=1 leaves the lab; POOL_RELEASES=trixie makes it one of another release.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness.agent import Agent

ROOT = Path(__file__).resolve().parents[3]
NAME = os.environ.get("IT_LABS", "") + "pool"
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
SHARED = ROOT / f".lab-{NAME}" / "shared"


class Host(Agent):
    def books(self, name: str = "net") -> dict[str, Any]:
        return dict(self.tell("look", name=name))


@pytest.fixture(scope="session")
def inventory():
    subprocess.run([*LAB, "down"], check=True)
    releases = ["--releases", os.environ["POOL_RELEASES"]] if os.environ.get("POOL_RELEASES") else []
    subprocess.run([*LAB, "up", "--hosts", "2", "--nics", "64", *releases], check=True)
    # A host of another release does not see this machine's files.
    collection = SHARED / ".cache/collections/ansible_collections/virtfleet/network"
    shutil.copytree(ROOT / "plugins", collection / "plugins", dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests" / "lab", SHARED / "tests" / "lab", dirs_exist_ok=True)
    shutil.copy(Path(__file__).with_name("agent.py"), SHARED)
    yield ROOT / f".lab-{NAME}" / "inventory.yml"
    if not os.environ.get("IT_KEEP"):
        subprocess.run([*LAB, "down"], check=True)


@pytest.fixture(scope="session")
def agents(inventory: Path):
    both = {host: Host(LAB, host) for host in ("kvm1", "kvm2")}
    yield both
    for agent in both.values():
        agent.end()


@pytest.fixture
def kvm1(agents: dict[str, Host]):
    for agent in agents.values():
        agent.tell("clean")
    yield agents["kvm1"]
    for agent in agents.values():
        agent.tell("clean")


@pytest.fixture
def kvm2(agents: dict[str, Host], kvm1: Host) -> Host:
    return agents["kvm2"]


def network(mode: str, members: list[str], name: str = "net") -> str:
    devices = "".join(f"<interface dev='{dev}'/>" for dev in members)
    return f"<network><name>{name}</name><forward mode='{mode}'>{devices}</forward></network>"


def assert_books(books: dict[str, Any], exclusive: bool = True, drained: int = 0, macs: bool = True) -> None:
    """Counters, ports and links say the same. drained: how many guests hold what is no member any more.

    macs: whether each macvtap still has its guest's address.
    """
    where = json.dumps(books, indent=1)
    assert books["connections"] == len(books["ports"]), where
    for member, number in books["members"].items():
        assert number == sum(dev == member for _name, _mac, dev in books["ports"]), where
        assert not exclusive or number <= 1, where
    for _name, mac, dev in books["ports"]:
        assert dev in books["members"], f"a port of {dev}, which is no member: {where}"
        assert not macs or books["taps"].get(mac, {}).get("on") == dev, where
    assert len(books["taps"]) == len(books["ports"]) + drained, where
