# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migration scenarios against reality: run.py [--lanes N] [--name LAB] [--releases A,B] [--reality | --gate]
[--drawn N [--seed S] | PATH ...]

Each scenario is set up on real hosts, the check says its verdict, the guest migrates for real, and the one is held
against the other. The last line counts; the exit status is 0 when all agree, 1 on any disagreement or when no scenario
ran, 2 when the lab does not come up. --reality asks no check and shows what happens. --gate has the destination judge,
which refuses guests by itself (docs/gate.md), and holds it against the check. Of scenarios that are drawn, the exit
status is 0 when no verdict is a wrong ok, and few are wrong otherwise (table.BOUNDS).
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import drawn  # noqa: E402
import guest  # noqa: E402
import needs  # noqa: E402
import play  # noqa: E402
import table  # noqa: E402
from hosts import HERE, ROOT, Fleet, HostError  # noqa: E402
from lane import Lane, Result, keys_of  # noqa: E402
from scenario import RELEASES, Scenario, ScenarioError, load  # noqa: E402

NAME = "truth"
DRAWN = ROOT / ".cache" / "truth"
LANES = 2  # more than one, since a scenario waits more than it computes


def found(paths: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for path in [Path(one) for one in paths] or [HERE / "scenarios"]:
        files += sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
    return files


def work(lane: Lane, reality: bool, directory: Path) -> None:
    if reality:
        for number, result in enumerate(lane.results):
            began = time.monotonic()
            lane.step("begin", number)
            lane.step("end", number)
            print(f"{time.monotonic() - began:6.1f} s  {result.scenario.key}", file=sys.stderr, flush=True)
        return
    door = directory / "door"
    todo = []
    for number, result in enumerate(lane.results):
        source, destination = lane.hosts(result.scenario)
        *before, end = play.tasks(number, result.scenario, source, destination, door)
        todo += [*before, *([play.gate(result.scenario, destination)] if lane.gate else []), end]

    def step(**asked: Any) -> dict[str, Any]:
        answer = lane.step(**asked)
        if asked["step"] == "end":
            table.show(lane.results[asked["number"]])
        return answer

    words = play.run(todo, lane.fleet.inventory, directory, door, step)
    for result in lane.results:
        if words and not result.outcomes and not result.broken:
            result.broken = f"the play broke off: {words}"


def run(scenarios: list[Scenario], args: argparse.Namespace) -> list[Result]:
    older, newer = args.releases.split(",")
    fleets = [Fleet(f"{args.name}{number or ''}", older, newer) for number in range(min(args.lanes, len(scenarios)))]
    results: list[Result] = []
    try:
        with tempfile.TemporaryDirectory() as directory:
            threads, made = [], []
            for number, fleet in enumerate(fleets):
                fleet.down()  # what a killed run may have left
                fleet.up()
                files = guest.lab_guests.pinging_initrd(fleet.lab.dir)
                guest.write_initrd(fleet.lab.shared, files[1])
                mine = scenarios[number :: len(fleets)]
                lane = Lane(fleet, mine, files[0], keys_of(mine, files[0]), args.gate)
                made.append(lane)
                own = Path(directory) / str(number)
                own.mkdir()
                threads.append(threading.Thread(target=work, args=(lane, args.reality, own), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            results = [result for lane in made for result in lane.results]
    finally:
        for fleet in fleets:
            fleet.down()
    return results


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanes", type=int, default=LANES, help=f"labs side by side (default: {LANES})")
    parser.add_argument("--name", default=NAME, help=f"which labs, of two runs side by side (default: {NAME})")
    parser.add_argument("--reality", action="store_true", help="show what happens, without the check")
    parser.add_argument("--gate", action="store_true", help="what the gate of the destination refuses")
    parser.add_argument("--drawn", type=int, default=0, metavar="N", help="N scenarios that are drawn at random")
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="what they are drawn by")
    parser.add_argument(
        "--releases", default=",".join(RELEASES), help="what bookworm and trixie of scenarios stand for"
    )
    parser.add_argument("paths", nargs="*")
    args = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    began = time.monotonic()
    scenarios: list[Scenario] = []
    unusable: list[tuple[Path, str]] = []
    left_out: list[tuple[Scenario, list[str]]] = []
    for path in drawn.write(args.seed, args.drawn, DRAWN) if args.drawn else found(args.paths):
        try:
            scenario = load(path)
        except ScenarioError as error:
            unusable.append((path, str(error)))
            continue
        missing = needs.missing(scenario.needs)
        if missing:
            left_out.append((scenario, missing))
        else:
            scenarios.append(scenario)
    if not args.reality:
        table.heading()
    try:
        results = run(scenarios, args) if scenarios else []
    except HostError as error:
        print(f"truth: {error}", file=sys.stderr)
        return 2
    if args.reality:
        table.reality(results)
        return 0
    if args.gate:
        return table.gate(results, unusable)
    if args.drawn:
        print(f"seed {args.seed}; each scenario is a file in {DRAWN}, and can be run again alone")
        print(f"{len(left_out)} not run: this machine lacks what they need")
        return table.drawn(results, time.monotonic() - began)
    return table.report(results, unusable, left_out, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
