# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of a directory's own, and many tasks in one playbook: for tests that look at refusals and at broken hosts."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from harness.playbook import ROOT, environment

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import procs
from host import down, enter
from state import Lab

LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py")]
# All that a module could change on a host. Sorted, since libvirt lists in no order; without operational states, which
# come and go by themselves.
SNAPSHOT = r"""
ip -br link | awk '{print $1, $3}' | sort
ip -br link show up | awk '{print "up", $1}' | sort
virsh -q net-list --all | sort
virsh -q net-list --all --name | sort | while IFS= read -r name; do
  [ -n "$name" ] || continue
  virsh -q net-dumpxml -- "$name"
  virsh -q net-dumpxml --inactive -- "$name" 2>&1
done
find /etc/libvirt/qemu/networks /var/lib/libvirt/dnsmasq -type f -o -type l | grep -v '\.status' | sort
"""

CLEAN = r"""
virsh -q net-list --all --name | while IFS= read -r name; do
  [ -n "$name" ] || continue
  virsh -q net-destroy -- "$name"
  virsh -q net-undefine -- "$name"
done 2>/dev/null
exit 0
"""


class Hosts:
    """A lab's hosts. IT_KEEP=1 leaves them."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory
        self.inventory = ROOT / f".lab-{name}" / "inventory.yml"
        self.runs = 0
        self.collections = ""  # a directory of further ones
        self._inits: dict[str, int] = {}

    def argv(self, *args: str) -> list[str]:
        return [*LAB, "--name", self.name, *args]

    def lab(self, *args: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.argv(*args), capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
        return done

    def on(self, host: str, *argv: str, check: bool = True) -> str:
        """What a command on a host prints. As lab.py exec, but tests run thousands, so not with a Python for each."""
        pid = self._init(host)
        if pid is None:
            assert not check, f"{host} is down"
            return ""
        done = subprocess.run(enter(pid, list(argv)), capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{host}: {argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def _init(self, host: str) -> Optional[int]:
        """The host's first process: another one than before if the host lost power."""
        state = Lab(self.name).dir
        pid = self._inits.get(host)
        if pid is None or not procs.is_init(pid, state, host):
            self._inits = procs.inits(state)
        return self._inits.get(host)

    def boot(self) -> None:
        """Start again what has lost power, and daemons that are down."""
        if not all(map(self._is_up, json.loads(self.inventory.read_text())["kvm"]["hosts"])):
            self.lab("up", timeout=600)

    def _is_up(self, host: str) -> bool:
        pid = self._init(host)
        try:
            return pid is not None and not down(pid)
        except OSError:
            return False

    def address(self, host: str) -> str:
        return str(json.loads(self.inventory.read_text())["kvm"]["hosts"][host]["ansible_host"])

    def virsh(self, host: str, *argv: str, check: bool = True) -> str:
        return self.on(host, "virsh", "-q", *argv, check=check)

    def define(self, host: str, *networks: str) -> None:
        for xml in networks:
            path = f"/run/network-{abs(hash(xml))}.xml"
            self.on(host, "sh", "-c", 'printf %s "$1" >"$2"', "sh", xml, path)
            self.virsh(host, "net-define", path)

    def clean(self, host: str) -> None:
        """Remove every network."""
        self.on(host, "sh", "-c", CLEAN)

    def share_collection(self) -> str:
        """Put the collection where the hosts' own Python finds it; the directory that has to be in its path."""
        shared = ROOT / f".lab-{self.name}" / "shared" / "collections"
        shutil.rmtree(shared, ignore_errors=True)
        shutil.copytree(ROOT / "plugins", shared / "ansible_collections/virtfleet/network/plugins")
        return "/srv/shared/collections"

    def snapshot(self, host: str) -> str:
        return self.on(host, "sh", "-c", SNAPSHOT)

    def pid(self, host: str, program: str) -> str:
        # The oldest: the daemon forks before it runs something else, and such a child has its name for a moment.
        return self.on(host, "pgrep", "-o", "-x", program).strip()

    @contextmanager
    def stopped(self, host: str, program: str) -> Iterator[None]:
        """The process is there and does nothing at all."""
        pid = self.pid(host, program)
        self.on(host, "kill", "-STOP", pid)
        try:
            yield
        finally:
            self.on(host, "kill", "-CONT", pid)

    def start(
        self, host: str, tasks: Sequence[dict[str, Any]], variables: Optional[dict[str, Any]] = None
    ) -> tuple[subprocess.Popen[str], Path]:
        """ansible-playbook with these tasks, of which none stops the others; and the file its results go to."""
        self.runs += 1
        base = self.directory / f"{self.runs}"
        play = {
            "hosts": host,
            "gather_facts": False,
            "vars": variables or {},
            "tasks": [{"name": str(number), "ignore_errors": True, **task} for number, task in enumerate(tasks)],
        }
        playbook = base.with_suffix(".yml")
        playbook.write_text(json.dumps([play]))
        lines = base.with_suffix(".jsonl")
        with base.with_suffix(".log").open("w") as log:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.inventory), str(playbook)],
                env=environment(lines, self.collections),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        return process, lines

    def results(self, process: subprocess.Popen[str], lines: Path, timeout: float = 900) -> list[dict[str, Any]]:
        """The results of the tasks, in order, each with failed."""
        try:
            process.wait(timeout)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        entries = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
        unreachable = [entry for entry in entries if entry["status"] == "unreachable"]
        assert entries, lines.with_suffix(".log").read_text()[-3000:]
        assert not unreachable, unreachable
        return [{**entry["result"], "failed": entry["status"] == "failed"} for entry in entries]

    def run(
        self, host: str, tasks: Sequence[dict[str, Any]], variables: Optional[dict[str, Any]] = None
    ) -> list[dict[str, Any]]:
        results = self.results(*self.start(host, tasks, variables))
        assert len(results) == len(tasks)
        return results


@contextmanager
def hosts_of(
    name: str, directory: Path, releases: Sequence[str] = (), number: int = 2, daemons: Sequence[str] = ()
) -> Iterator[Hosts]:
    """The lab's hosts, without networks. releases, daemons: what they run, in turn; number: how many there are.

    Of two runs at the same time the second waits, or has another IT_LABS.
    """
    name = os.environ.get("IT_LABS", "") + name
    hosts = Hosts(name, directory)
    with (ROOT / ".cache" / f"lab-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        chosen = ["--releases", ",".join(releases)] if releases else []
        chosen += ["--daemons", ",".join(daemons)] if daemons else []
        hosts.lab("up", "--hosts", str(number), *chosen, timeout=1200)
        try:
            for host in [f"kvm{place}" for place in range(1, number + 1)]:
                hosts.clean(host)
            yield hosts
        finally:
            if not os.environ.get("IT_KEEP"):
                hosts.lab("down")


def task(module: str, options: dict[str, Any], check: bool = False, **keywords: Any) -> dict[str, Any]:
    return {f"virtfleet.network.{module}": options, "check_mode": check, **keywords}


def assert_refused(result: dict[str, Any], code: str, *words: str, changed: bool = False) -> None:
    """A refusal that a person can read in one line, and a play can tell by its code."""
    message = result.get("msg", "")
    assert result["failed"], result
    assert result.get("code") == code, (result.get("code"), message)
    assert bool(result.get("changed")) == changed, result
    assert "\n" not in message
    assert message.endswith("."), message
    assert not message.endswith(".."), message
    assert 20 < len(message) < 400, message
    for fault in ("Traceback", "MODULE FAILURE", "Exception", "libvirtError", "None"):
        assert fault not in message, message
    for word in words:
        assert word in message, message
    assert not result.get("module_stderr")
    assert "exception" not in result or not result["exception"] or "Traceback (most" not in result["exception"], result
