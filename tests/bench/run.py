# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements: each a ratio of two things done in turn on the same host over the same connection.

virt_networks with a hundred unchanged networks against ansible.builtin.ping, as whole ansible-playbook commands with
the same variables, and as tasks; how fast guests are judged (migrate.py); how long the gate delays a guest (gate.py);
what the check of a fleet costs the controller (fleet.py), and the audit of a bigger one (audit.py); and how long plans
take (planning.py, which writes docs).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LAB = ["/usr/bin/python3", str(ROOT / "tests/lab/lab.py"), "--name", "bench"]
RUNS = 5
NETWORKS = 100
BOUND = 1.5


def network(number: int) -> dict[str, object]:
    """Every kind in turn; no two NAT networks share a subnet."""
    name = f"net{number:03d}"
    subnet = {"address": f"10.{64 + number}.0.1", "prefix": 24}
    hosts = [{"mac": f"52:54:00:{number:02x}:00:0{n}", "ip": f"10.{64 + number}.0.1{n}"} for n in range(4)]
    groups = [{"name": "engineering", "default": True}, {"name": "accounting"}]
    kinds: list[dict[str, object]] = [
        {"forward": {"mode": "nat"}, "ips": [{**subnet, "dhcp": {"hosts": hosts}}]},
        {"forward": {}, "ips": [subnet], "portgroups": groups},
        {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "portgroups": groups},
        {"forward": {"mode": "bridge", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]}, "portgroups": groups},
        {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p2"}, {"dev": "p3"}]}},
    ]
    return {"name": name, **kinds[number % len(kinds)]}


def play(path: Path, task: dict[str, object]) -> Path:
    """Every play has the networks among its variables, as an inventory has them whichever module is called: reading
    them is no work of the module's."""
    networks = [network(number) for number in range(NETWORKS)]
    plays = [{"hosts": "kvm", "gather_facts": False, "vars": {"networks": networks}, "tasks": [task]}]
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


def run(playbook: Path, seconds: Path) -> float:
    """The whole command's seconds; each task's go to the file."""
    command = ["ansible-playbook", "-i", str(ROOT / ".lab-bench/inventory.yml"), str(playbook)]
    env = {
        **os.environ,
        "TASK_SECONDS": str(seconds),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callback_plugins")),
    }
    start = time.monotonic()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    taken = time.monotonic() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    if playbook.name != "make.yml" and "changed=0" not in done.stdout:
        sys.exit("the networks were to be unchanged:\n" + done.stdout)
    return taken


def taken_by_tasks(seconds: Path, name: str) -> list[float]:
    rows = [line.split("\t") for line in seconds.read_text().splitlines()]
    return [float(row[1]) for row in rows if row[0] == name]


def compare(work: Path) -> float:
    networks = {"networks": "{{ networks }}"}
    seconds = work / "seconds"
    run(play(work / "make.yml", {"name": "make", "virtfleet.network.virt_networks": networks}), seconds)
    same = play(work / "same.yml", {"name": "same", "virtfleet.network.virt_networks": networks})
    ping = play(work / "ping.yml", {"name": "ping", "ansible.builtin.ping": {}})
    run(ping, work / "warm-up")
    commands: dict[str, list[float]] = {"ping": [], "same": []}
    for _turn in range(RUNS):
        commands["ping"].append(run(ping, seconds))
        commands["same"].append(run(same, seconds))
    whole = statistics.median(commands["same"]) / statistics.median(commands["ping"])
    tasks = [statistics.median(taken_by_tasks(seconds, name)) for name in ("same", "ping")]
    print(f"virt_networks, {NETWORKS} unchanged networks, against ansible.builtin.ping, medians of {RUNS} in turn:")
    print(f"  ansible-playbook commands: {whole:.2f} (at most {BOUND})")
    print(f"  the tasks alone: {tasks[0] / tasks[1]:.2f}")
    return whole


def judging(work: Path) -> bool:
    """A guest on the host that has all those networks, described once, and the host itself."""
    sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "lab")]
    import gate
    import migrate
    from guests import domain_xml, network_interface

    shared = ROOT / ".lab-bench" / "shared"
    nics = [network_interface("lan"), network_interface("red", portgroup="eng")]
    for name, text in (("lan", migrate.NETWORKS[0]), ("red", migrate.NETWORKS[1]), ("guest", domain_xml("web", nics))):
        (shared / f"{name}.xml").write_text(text)
    for command in (
        "ip link add br7 type bridge && ip link set p4 master br7 && ip link set br7 up",
        "for n in lan red; do virsh net-define /srv/shared/$n.xml; virsh net-start $n; virsh net-autostart $n; done",
        "virsh create /srv/shared/guest.xml",
    ):
        subprocess.run([*LAB, "exec", "kvm1", "--", "sh", "-ec", command], check=True, stdout=subprocess.DEVNULL)
    tasks = [
        {"virtfleet.network.virt_guest_info": {}, "register": "guests"},
        {"virtfleet.network.virt_network_info": {}, "register": "info"},
        *(
            {
                "ansible.builtin.copy": {"dest": str(work / f"{name}.json"), "content": f"{{{{ {name} | to_json }}}}"},
                "delegate_to": "localhost",
            }
            for name in ("guests", "info")
        ),
    ]
    playbook = work / "describe.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "kvm", "gather_facts": False, "tasks": tasks}], sort_keys=False))
    command = ["ansible-playbook", "-i", str(ROOT / ".lab-bench/inventory.yml"), str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    described, info = (json.loads((work / f"{name}.json").read_text()) for name in ("guests", "info"))
    judged = migrate.measure(LAB, shared, described["guests"][0], info)
    return gate.measure(LAB, ROOT / ".lab-bench/inventory.yml", work) and judged


def main() -> int:
    import audit
    import fleet
    import planning

    subprocess.run([*LAB, "up", "--hosts", "1", "--nics", "5"], check=True)
    try:
        with tempfile.TemporaryDirectory() as work:
            good = [
                compare(Path(work)) <= BOUND, judging(Path(work)), fleet.measure(), audit.measure(),
                planning.main([]) == 0,
            ]  # fmt: skip
            return 0 if all(good) else 1
    finally:
        subprocess.run([*LAB, "down"], check=True)


if __name__ == "__main__":
    sys.exit(main())
