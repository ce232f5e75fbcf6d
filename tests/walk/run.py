# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks at random on hosts of the lab: `make walk [SEED=] [STEPS=] [MINUTES=] [RELEASES=] [REPLAY=file]`.

Each host walks in episodes of some steps from a clean host. A fault ends its episode; it is printed with the seed of
its episode, the call and what differed, and a short list of actions that leads there, which REPLAY does again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "integration")]
sys.dont_write_bytecode = True

from harness.agent import Agent  # noqa: E402
from shrink import shrink  # noqa: E402
from walk import Finding, Walk  # noqa: E402

LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py")]
EPISODE = 25
PROGRESS = 10  # episodes
RULES = (
    "After each call, by virsh and ip: check mode told what the run did, a second run changes nothing, a refusal leaves"
    " networks, dnsmasq, ports and taps as they were, guests keep their places, and only the named networks moved."
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default=os.environ.get("SEED") or str(random.randrange(10**6)))
    parser.add_argument("--steps", type=int, default=int(os.environ.get("STEPS") or 200), help="of each host")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES") or 600))
    parser.add_argument("--releases", default=os.environ.get("RELEASES") or "bookworm,trixie")
    parser.add_argument("--replay", default=os.environ.get("REPLAY"), help="a file with a list of actions")
    parser.add_argument("--keep", action="store_true", default=bool(os.environ.get("IT_KEEP")), help="leave the lab")
    parser.add_argument("--lab", default=os.environ.get("IT_LABS", "") + "walk")
    parser.add_argument("--episode", help="one episode's seed, as a finding prints it")
    parser.add_argument("--findings", help="a directory for findings, one file each")
    parser.add_argument("--shrink", type=float, default=120, help="seconds for making one finding's list short")
    return parser.parse_args()


def prepare(name: str) -> None:
    """What the hosts run from the lab's shared directory: the collection, Ansible's module_utils, the agent."""
    import ansible

    shared = ROOT / f".lab-{name}" / "shared"
    python = shared / "python"
    shutil.rmtree(python, ignore_errors=True)
    shutil.copytree(ROOT / "plugins", python / "ansible_collections/virtfleet/network/plugins")
    core = Path(ansible.__file__).parent
    shutil.copytree(core / "module_utils", python / "ansible/module_utils")
    shutil.copy(core / "release.py", python / "ansible")
    # As the file that Ansible sends to a host: its own would import what is the controller's.
    (python / "ansible/__init__.py").write_text("from ansible.release import __version__, __author__\n")
    for file in (HERE / "on_host").glob("*.py"):
        shutil.copy(file, shared)
    shutil.copytree(ROOT / "tests" / "lab", shared / "lab", dirs_exist_ok=True)


class Lane(threading.Thread):
    """One host and its walks."""

    known: ClassVar[set[str]] = set()
    lock = threading.Lock()

    def __init__(self, lab: list[str], host: str, release: str, args: argparse.Namespace) -> None:
        super().__init__(daemon=True)
        self.walk = Walk(Agent(lab, host))
        self.host, self.release, self.args = host, release, args
        self.findings: list[Finding] = []
        self.seen: Counter[str] = Counter()
        self.broken: BaseException | None = None

    def run(self) -> None:
        try:
            self._walk()
        except BaseException as error:
            self.broken = error
            print(
                f"{self.release}: the walk itself broke: {''.join(traceback.format_exception(error))[-1500:]}",
                flush=True,
            )

    def _walk(self) -> None:
        until, done, episode = time.monotonic() + self.args.minutes * 60, 0, 0
        while done < self.args.steps and time.monotonic() < until:
            seed = self.args.episode or f"{self.args.seed}.{self.release}.{episode}"
            steps = min(EPISODE, self.args.steps - done)
            done += self.walk.random(seed, steps, until, self._found)
            episode += 1
            if episode % PROGRESS == 0:
                print(f"{self.release}: {done} steps, {self.walk.calls} calls", flush=True)
            if self.args.episode:
                return

    def _found(self, found: Finding) -> bool:
        with self.lock:
            new = found.signatures - Lane.known
            Lane.known |= found.signatures
        self.seen.update(found.signatures)
        if not new:
            return False
        with self.lock:
            print(f"{self.release}: a finding in {found.seed}, step {found.step}: {'; '.join(sorted(new))}", flush=True)
        short = shrink(self.walk, found, self.args.shrink) if self.args.shrink else found
        self.findings.append(short)
        with self.lock:
            print(told(short, self.release), flush=True)
            if self.args.findings:
                directory = Path(self.args.findings)
                directory.mkdir(parents=True, exist_ok=True)
                file = directory / f"{self.release}-{found.seed.rpartition('.')[2]}-{found.step}.json"
                file.write_text(json.dumps(short.actions, indent=1))
                file.with_suffix(".txt").write_text(told(short, self.release))
        return bool(self.args.shrink)


def told(found: Finding, release: str) -> str:
    lines = [f"FINDING on {release}: seed {found.seed}, step {found.step}"]
    for fault in found.faults:
        lines.append(f"  {fault.rule} [{fault.signature}]")
        lines += [f"    {line}" for line in fault.text.splitlines()]
    lines += ["  actions:", *(f"    {json.dumps(action)}" for action in found.actions)]
    lines.append("  results of the last call:")
    lines += [f"    {brief(result)}" for result in found.results]
    return "\n".join(lines)


def brief(result: dict[str, Any]) -> str:
    kept = {
        k: v
        for k, v in result.items()
        if k in ("changed", "failed", "code", "msg", "died", "said", "pending", "warnings", "steps")
    }
    return json.dumps(kept)[:700]


def main() -> int:
    args = arguments()
    lab = [*LAB, "--name", args.lab]
    releases = args.releases.split(",")
    subprocess.run([*lab, "up", "--hosts", str(len(releases)), "--releases", args.releases], check=True)
    start = time.monotonic()
    try:
        prepare(args.lab)
        print(f"seed {args.seed}: {args.steps} steps on each of {args.releases}. {RULES}", flush=True)
        lanes = [Lane(lab, f"kvm{n + 1}", release, args) for n, release in enumerate(releases)]
        if args.replay:
            return replay(lanes, json.loads(Path(args.replay).read_text()))
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        return summary(lanes, time.monotonic() - start, args.seed)
    finally:
        if not args.keep:
            subprocess.run([*lab, "down"], check=True)


def replay(lanes: list[Lane], actions: list[Any]) -> int:
    bad = 0
    for lane in lanes:
        found = lane.walk.again(actions, "replay")
        print(told(found, lane.release) if found else f"{lane.release}: nothing was found")
        bad |= bool(found)
    return bad


def summary(lanes: list[Lane], seconds: float, seed: str) -> int:
    counts: Counter[str] = Counter()
    for lane in lanes:
        counts.update(lane.walk.counts)
    print("; ".join(f"{name} {number}" for name, number in sorted(counts.items())))
    seen: Counter[str] = Counter()
    for lane in lanes:
        seen.update(lane.seen)
    for signature, number in seen.most_common():
        print(f"{number:5} {signature}")
    calls = sum(lane.walk.calls for lane in lanes)
    print(f"seed {seed}: {calls} calls in {seconds:.0f} seconds, {len(seen)} kinds of findings")
    return 1 if seen or any(lane.broken for lane in lanes) else 0


if __name__ == "__main__":
    sys.exit(main())
