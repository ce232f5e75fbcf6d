# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the gate delays a guest: the hook on a host with a hundred networks, called as libvirt calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TURNS = 20
SECONDS = 0.1
# On the host. Prints the medians of the seconds, and of the processor's, for the hook and for Python alone.
MEASURE = """
import json, resource, statistics, subprocess, sys, time
hook, turns = sys.argv[1:]
xml = open("/srv/shared/guest.xml", "rb").read()

def taken(command):
    wall, cpu = [], []
    for _turn in range(int(turns)):
        used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, input=xml, capture_output=True)
        wall.append(time.monotonic() - began)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        if done.returncode:
            sys.exit(f"{command}: {done.stderr.decode()}")
    return {"seconds": statistics.median(wall), "cpu": statistics.median(cpu)}

gate, python = [hook, "web", "migrate", "begin", "-"], [sys.executable, "-I", "-c", ""]
print(json.dumps({"gate": taken(gate), "python": taken(python)}))
"""
HOOK = "/etc/libvirt/hooks/qemu.d/50-virtfleet-gate"


def measure(lab: list[str], inventory: Path, work: Path) -> bool:
    """lab: the lab's command. The guest's XML is in its shared directory."""
    playbook = work / "gate.yml"
    tasks = [{"virtfleet.network.virt_migrate_gate": {"without_facts": "refuse", "max_age": 3600}}]
    playbook.write_text(yaml.safe_dump([{"hosts": "kvm", "gather_facts": False, "tasks": tasks}]))
    play = ["ansible-playbook", "-i", str(inventory), str(playbook)]
    measured = [*lab, "exec", "kvm1", "--", "/usr/bin/python3", "-c", MEASURE, HOOK, str(TURNS)]
    for command in (play, measured):
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    gate, python = told["gate"], told["python"]
    print(f"the gate, a guest on a host with a hundred networks, medians of {TURNS}:")
    print(
        f"  the processor's seconds: {gate['cpu']:.3f} (at most {SECONDS}), of which Python alone {python['cpu']:.3f}"
    )
    print(f"  seconds: {gate['seconds']:.3f}")
    return bool(gate["cpu"] <= SECONDS)
