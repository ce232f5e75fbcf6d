# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Six hosts that are rolled out to one of two contracts, and what virsh and ip say each of them has."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

from batch import Hosts
from harness.playbook import PROGRAM, environment

HOSTS = tuple(f"kvm{number}" for number in range(1, 7))
RELEASES = ("bookworm", "trixie")
# Seconds after which a host rolls back a change that nobody confirms; a batch of six takes less, on a busy machine too.
TIMEOUT = int(os.environ.get("TIMEOUT", "40"))
# From the time-out to the end of the rollback, on a busy machine.
SLACK = 60
_LAN = {"address": "10.69.0.1", "prefix": 24}


def _lan(first: str, record: str) -> dict[str, Any]:
    """Another first address needs a restart, another record an update of the running network."""
    return {
        "bridge": {"name": "virbr69"},
        "ips": [{**_LAN, "dhcp": {"ranges": [{"start": first, "end": "10.69.0.99"}]}}],
        "dns": {"hosts": [{"ip": "10.69.0.9", "hostnames": [record]}]},
    }


# Between the two, networks are added, withdrawn, restarted and updated, and a pool gets another member.
CONTRACTS: dict[str, dict[str, Any]] = {
    "a": {
        "networks_contract": [
            {"name": "red", "reach": "l2", "portgroups": [{"name": "eng", "default": True}]},
            {"name": "lan", "reach": "nat", "subnets": ["10.69.0.0/24"]},
            {"name": "wire", "reach": "l2"},
            {"name": "gone", "reach": "isolated"},
        ],
        "networks_bindings": {
            "red": {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
            "lan": _lan("10.69.0.50", "before"),
            "wire": {"forward": {"mode": "passthrough"}, "pool": {"members": ["p2"]}},
            "gone": {"bridge": {"name": "virbr70"}},
        },
    },
    "b": {
        "networks_contract": [
            {"name": "red", "reach": "l2", "portgroups": [{"name": "eng", "default": True}, {"name": "acc"}]},
            {"name": "lan", "reach": "nat", "mtu": 1400, "subnets": ["10.69.0.0/24"]},
            {"name": "wire", "reach": "l2"},
            {"name": "come", "reach": "isolated"},
            {"name": "late", "reach": "isolated"},
        ],
        "networks_bindings": {
            "red": {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
            "lan": _lan("10.69.0.60", "after"),
            "wire": {"forward": {"mode": "passthrough"}, "pool": {"members": ["p2", "p3"]}},
            "come": {"bridge": {"name": "virbr71"}},
            "late": {"bridge": {"name": "virbr72"}},
        },
    },
}
MAKE_BRIDGE = (
    "ip link add br0 type bridge; ip link set br0 mtu 1400; ip link set br0 mtu 1500; ip link set br0 up; "
    "ip link set p0 up master br0"
)
# What libvirt generates when a network is defined again.
_GENERATED = re.compile(r"<uuid>[^<]*</uuid>|<mac address='[^']*'/>| uuid=[\"'][^\"']*[\"']")
# What people and guests would see of it.
_LOOK = r"""
virsh -q net-list --all | sort
virsh -q net-list --all --name | sort | while IFS= read -r name; do
  [ -n "$name" ] || continue
  virsh -q net-dumpxml -- "$name"
  virsh -q net-dumpxml --inactive -- "$name"
done
ip -br link | awk '/virbr/ {print $1, $2}' | sort
ip -br addr | awk '/virbr/ {$2 = ""; print}' | sed 's/fe80[^ ]*//' | sort
pgrep -a dnsmasq | sed 's/^[0-9]* //' | sort
"""
# A module that still runs, though its controller is gone, or a change that waits.
_BUSY = r"pgrep -f '[A]nsiballZ' >/dev/null || ls /var/lib/virtfleet-network | grep -q journal && echo busy; true"
Findings = set[tuple[str, str]]


class Fleet:
    def __init__(self, hosts: Hosts, seed: int, kills: int, told: list[str]) -> None:
        """told: where a line for each kill goes."""
        self.hosts, self.told = hosts, told
        self.dice = random.Random(seed)
        self.runs = 0
        self.goal = "b"
        # Each part of the rollout has its kill, in a random order.
        self.moments = [(place + self.dice.random()) / kills for place in range(kills)]
        self.dice.shuffle(self.moments)
        for host in HOSTS:
            hosts.on(host, "sh", "-c", MAKE_BRIDGE)
        # How each host is with each contract, how long that takes, and what an audit finds with the other one.
        self.wholly: dict[str, dict[str, str]] = {}
        self.duration: dict[str, float] = {}
        self.missed: dict[str, dict[str, Findings]] = {}
        self.must_roll_out("a")
        for name in ("b", "a"):
            self.missed[name] = self.audit(name)
            began = time.monotonic()
            self.must_roll_out(name)
            self.duration[name] = time.monotonic() - began
            self.wholly[name] = {host: self.look(host) for host in HOSTS}

    @property
    def before(self) -> str:
        return "a" if self.goal == "b" else "b"

    def look(self, host: str) -> str:
        return _GENERATED.sub("", self.hosts.on(host, "sh", "-c", _LOOK))

    def argv(self, playbook: str, name: str, *args: str) -> list[str]:
        variables = {**CONTRACTS[name], "networks_purge": True, "networks_confirm_timeout": TIMEOUT}
        return [
            str(PROGRAM), "-i", str(self.hosts.inventory), f"virtfleet.network.{playbook}",
            "-e", json.dumps(variables), *args,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Each run has connections of its own, which can be ended with it."""
        self.runs += 1
        sockets = Path(f"/tmp/kills-{os.getpid()}-{self.runs}")
        sockets.mkdir(mode=0o700)
        lines = self.hosts.directory / f"{self.runs}.jsonl"
        own = {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets), "ANSIBLE_FORKS": str(len(HOSTS))}
        return {**environment(lines), **own}

    def play(self, playbook: str, name: str, *args: str) -> tuple[int, str]:
        done = subprocess.run(
            self.argv(playbook, name, *args), env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=400,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def must_roll_out(self, name: str, *args: str) -> str:
        code, output = self.play("rollout", name, *args)
        assert code == 0, output
        return output

    def audit(self, name: str) -> dict[str, Findings]:
        """Host -> code and network of each finding, with that contract."""
        saved = self.hosts.directory / f"{self.runs}.json"
        _code, output = self.play("audit", name, "-e", f"audit_output={saved}", "-e", "audit_fail_on=never")
        assert saved.exists(), output
        found: dict[str, Findings] = {host: set() for host in HOSTS}
        for one in json.loads(saved.read_text())["findings"]:
            # Whether a tool makes the bridge at boot does not depend on the rollout; the lab has none.
            if one["code"] != "BOOT_UNKNOWN":
                found[one["host"]].add((one["code"], one["network"]))
        return found

    def kill_a_rollout(self, after: float, connections: bool, *args: str) -> Optional[str]:
        """Kill the controller after a part of the time that the rollout takes, with its connections or without.

        Returns the task that ran then, None if the rollout had ended.
        """
        env = self.environment()
        running = subprocess.Popen(
            self.argv("rollout", self.goal, *args), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        began = time.monotonic()
        with suppress(subprocess.TimeoutExpired):
            running.wait(after * self.duration[self.goal])
            assert running.returncode == 0, "the rollout failed before it was killed"
            # A machine that has less to do by now is faster.
            self.duration = dict.fromkeys(self.duration, time.monotonic() - began)
            return None
        masters = self._masters(Path(env["ANSIBLE_SSH_CONTROL_PATH_DIR"])) if connections else []
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        for pid in masters:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        lines = Path(env["RESULT_LINES"])
        done = [json.loads(line)["task"] for line in lines.read_text().splitlines()] if lines.exists() else []
        return f"after '{done[-1].rpartition(' : ')[2]}'" if done else "before the first task"

    @staticmethod
    def _masters(sockets: Path) -> list[int]:
        """The processes of ssh that hold the connections of a run open."""
        found = []
        for socket in sockets.iterdir():
            argv = ["ssh", "-O", "check", "-o", f"ControlPath={socket}", "host"]
            said = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20).stderr
            found += [int(pid) for pid in re.findall(r"pid=(\d+)", said)]
        return found

    def settle(self) -> tuple[float, list[str]]:
        """Wait until no host has work or a waiting change. Returns how long that took, and the hosts that still do."""
        began = time.monotonic()
        quiet = 0
        busy = list(HOSTS)
        while quiet < 2 and time.monotonic() - began < TIMEOUT + SLACK:
            busy = [host for host in HOSTS if "busy" in self.hosts.on(host, "sh", "-c", _BUSY)]
            quiet = 0 if busy else quiet + 1
            time.sleep(1)
        return time.monotonic() - began, busy
