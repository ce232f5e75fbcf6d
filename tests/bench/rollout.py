# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of a whole fleet cost, against ansible.builtin.ping over the same hosts with the same forks.

python tests/bench/rollout.py [HOSTS [FORKS]]

Twenty networks on each host, six of them with DHCP. The first rollout makes all of them; everything after it changes
nothing, and is measured in turn with ping. Memory is that of the largest process on the controller.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "terminal"))

from batch import hosts_of
from harness.playbook import PROGRAM, environment
from scenes import Fleet

RUNS = 3
PING = [{"hosts": "kvm", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}]
# What a second run may take, as multiples of ping; None: it is only shown.
PLAYBOOKS: dict[str, float | None] = {"rollout": 2.2, "rollout --check": None, "audit": 2.2, "migrate_check": 2.5}
# Each dnsmasq takes an inotify instance, and all hosts of the lab share what Linux allows root.
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INSTANCES = 8192


def contract() -> dict[str, object]:
    """group_vars of the fleet."""
    networks: list[dict[str, object]] = []
    bindings: dict[str, object] = {}
    for number in range(20):
        name = f"net{number:02d}"
        if number < 6:
            subnet = {"address": f"10.{70 + number}.0.1", "prefix": 24}
            ranges = [{"start": f"10.{70 + number}.0.50", "end": f"10.{70 + number}.0.99"}]
            networks.append({"name": name, "reach": "nat", "subnets": [f"10.{70 + number}.0.0/24"]})
            bindings[name] = {"ips": [{**subnet, "dhcp": {"ranges": ranges}}]}
        elif number < 12:
            groups = [{"name": "engineering", "default": True}, {"name": "accounting"}]
            networks.append({"name": name, "reach": "l2", "portgroups": groups})
            bindings[name] = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
        else:
            networks.append({"name": name, "reach": "isolated"})
            bindings[name] = {}
    return {"networks_contract": networks, "networks_bindings": bindings}


@contextmanager
def many_dnsmasqs() -> Iterator[None]:
    before = INOTIFY.read_text()
    INOTIFY.write_text(str(max(INSTANCES, int(before))))
    try:
        yield
    finally:
        INOTIFY.write_text(before)


def run(directory: Path, playbook: str, *args: str, forks: int) -> tuple[float, int]:
    """Seconds, and the controller's KiB."""
    own = {
        **environment(directory / "lines"), "ANSIBLE_STDOUT_CALLBACK": "virtfleet.network.fleet",
        "ANSIBLE_CALLBACKS_ENABLED": "", "ANSIBLE_FORKS": str(forks),
    }  # fmt: skip
    with (directory / "output").open("w+") as output:
        command = [str(PROGRAM), "-i", "inventory.yml", playbook, *args]
        start = time.monotonic()
        process = subprocess.Popen(command, env=own, stdout=output, stderr=subprocess.STDOUT, cwd=directory)
        status, usage = os.wait4(process.pid, 0)[1:]
        seconds = time.monotonic() - start
        output.seek(0)
        if status:
            sys.exit(f"{playbook} failed:\n{output.read()}")
    return seconds, usage.ru_maxrss


def measure(directory: Path, forks: int) -> bool:
    (directory / "ping.yml").write_text(json.dumps(PING))
    run(directory, "ping.yml", forks=forks)
    seconds, memory = run(directory, "virtfleet.network.rollout", forks=forks)
    print(f"  the first rollout: {seconds:.1f} s, {memory >> 10} MiB", flush=True)
    pings: list[float] = []
    found: dict[str, list[tuple[float, int]]] = {command: [] for command in PLAYBOOKS}
    for _turn in range(RUNS):
        pings.append(run(directory, "ping.yml", forks=forks)[0])
        for command, results in found.items():
            results.append(run(directory, *f"virtfleet.network.{command}".split(), forks=forks))
    ping = statistics.median(pings)
    print(f"  ping: {ping:.1f} s; medians of {RUNS} in turn")
    well = True
    for command, bound in PLAYBOOKS.items():
        times = statistics.median(seconds for seconds, _memory in found[command]) / ping
        memory = max(memory for _seconds, memory in found[command])
        allowed = "" if bound is None else f" (at most {bound})"
        print(f"  {command}: {times:.2f} times ping{allowed}, {memory >> 10} MiB")
        well = well and (bound is None or times <= bound)
    return well


def main(number: int = 50, forks: int = 20) -> int:
    with (
        many_dnsmasqs(),
        tempfile.TemporaryDirectory() as directory,
        hosts_of("fleetbench", Path(directory), ["bookworm"], number) as hosts,
    ):
        fleet = Fleet(hosts, number)
        fleet.each(fleet.names, lambda host: hosts.on(host, "sh", "-ec", BRIDGE))
        fleet.declare(contract())
        print(f"{number} hosts with 20 networks each, {forks} forks:", flush=True)
        return 0 if measure(Path(directory), forks) else 1


BRIDGE = "ip link add br0 type bridge; ip link set p0 master br0; ip link set p0 up; ip link set br0 up"

if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
