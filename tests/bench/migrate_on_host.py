# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a host of the lab: seconds and memory of virt_network_info and of virt_migrate_check with many guests, in turn.

Arguments: the directory with the collections and ansible-core's module_utils, the file with the guests, the number of
turns.
Prints JSON: module -> {seconds, cpu (both medians; cpu is the processor's, which others on the machine do not make
longer), megabytes (largest)}.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

MODULES = "ansible_collections/virtfleet/network/plugins/modules"


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    packages, guests, turns = sys.argv[1:]
    arguments = {
        "virt_network_info": {},
        "virt_migrate_check": {"guests": json.loads(Path(guests).read_text()), "fail_on": "never"},
    }
    env = {**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    seconds: dict[str, list[float]] = {name: [] for name in arguments}
    cpu: dict[str, list[float]] = {name: [] for name in arguments}
    largest: dict[str, float] = {}
    for name, options in arguments.items():
        Path(f"/run/{name}.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    for turn in range(int(turns) + 1):
        for name in arguments:
            start, spent = time.monotonic(), cpu_seconds()
            done = subprocess.run(
                ["/usr/bin/python3", f"{packages}/{MODULES}/{name}.py", f"/run/{name}.json"],
                env=env, capture_output=True, text=True, check=False,
            )  # fmt: skip
            taken = time.monotonic() - start
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
            if turn:  # the first warms caches up
                seconds[name].append(taken)
                cpu[name].append(cpu_seconds() - spent)
            # Of all children so far; the check comes second and is the larger one.
            largest[name] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        json.dumps(
            {
                name: {
                    "seconds": statistics.median(seconds[name]),
                    "cpu": statistics.median(cpu[name]),
                    "megabytes": largest[name],
                }
                for name in arguments
            }
        )
    )


main()
