# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated definitions, with odd values: what check mode says of each, held against real libvirt daemons.

usage: python tests/verdict/run.py [--cases N] [--seed S] [--releases bookworm,trixie] [--keep]

Case number i is drawn from seed S + i, and goes to a host of every release. It agrees when check mode refuses what
libvirt refuses and takes what libvirt takes, what was taken is there as it was asked for, and a second run finds
nothing to do. The last line of each release counts; the exit status is 0 when all agree. --keep takes the lab that is
there and leaves it. --show seed prints that one case.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
sys.dont_write_bytecode = True

from harness.agent import Agent  # noqa: E402

RELEASES = "bookworm,trixie"


class Verdicts:
    """A lab with one host of each release."""

    def __init__(self, name: str, releases: str) -> None:
        self.lab = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", name]
        self.releases = releases.split(",")
        self.shared = ROOT / f".lab-{name}" / "shared"

    def up(self) -> None:
        number = str(len(self.releases))
        subprocess.run([*self.lab, "up", "--hosts", number, "--releases", ",".join(self.releases)], check=True)

    def down(self) -> None:
        subprocess.run([*self.lab, "down"], check=True)

    def ship(self) -> None:
        """A host of another release does not see this machine's files."""
        collection = self.shared / ".cache/collections/ansible_collections/virtfleet/network"
        shutil.rmtree(collection, ignore_errors=True)
        shutil.copytree(ROOT / "plugins", collection / "plugins")
        shutil.rmtree(self.shared / "verdict", ignore_errors=True)
        shutil.copytree(ROOT / "tests" / "verdict", self.shared / "verdict")
        shutil.copy(ROOT / "tests" / "verdict" / "agent.py", self.shared)

    def judge(self, seeds: list[int]) -> dict[str, list[dict[str, Any]]]:
        """What came of every case, by release."""
        self.ship()
        with ThreadPoolExecutor() as pool:
            told = pool.map(lambda number: self._on(f"kvm{number + 1}", seeds), range(len(self.releases)))
            return dict(zip(self.releases, told))

    def _on(self, host: str, seeds: list[int]) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        agent = Agent(self.lab, host)
        try:
            for seed in seeds:
                try:
                    told.append(agent.ask("judge", seed=seed))
                except (json.JSONDecodeError, BrokenPipeError):
                    told.append({"fault": "the agent died", "case": {"seed": seed}})
                    agent.process.wait()
                    agent = Agent(self.lab, host)
        finally:
            agent.end()
        return told


def faults(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [answer for answer in told if "fault" in answer]


def report(release: str, told: list[dict[str, Any]]) -> int:
    wrong = faults(told)
    for answer in wrong:
        print(f"{release}: {json.dumps(answer)}")
    count = Counter(answer.get("verdict", "fault") for answer in told)
    print(
        f"{release}: {len(told)} cases, {count['ok']} ok, {count['refused']} refused by both, "
        f"{count['outstanding']} outstanding and then refused, {len(wrong)} disagree"
    )
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--releases", default=RELEASES)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    verdicts = Verdicts(os.environ.get("LAB_NAME", "verdict"), args.releases)
    if not args.keep:
        verdicts.down()
        verdicts.up()
    try:
        told = verdicts.judge(list(range(args.seed, args.seed + args.cases)))
    finally:
        if not args.keep:
            verdicts.down()
    return 1 if sum(report(release, answers) for release, answers in told.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
