# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of one lane: its hosts, each with an agent that stays, and the network between them."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

import host as lab_host  # noqa: E402
import procs  # noqa: E402
from state import Lab  # noqa: E402

LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py")]
# What answers for guests and networks.
DAEMONS = {"monolithic": ("libvirtd",), "modular": ("virtnetworkd", "virtqemud", "virtproxyd")}
AGENT = "/srv/shared/truth"
PEER = 250  # what answers on the wire: 10.77.N.250 for a guest's NIC number N
OUTSIDE = "203.0.113.1"  # what lies behind the hosts, for guests that reach further than their host
LANES = range(8)


class HostError(Exception):
    pass


class Agent:
    """One host's agent: a call is one line there and one back."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        argv = lab_host.enter(pid, ["python3", "-u", f"{AGENT}/main.py"])
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def __call__(self, call: str, wait: float = 120, **arguments: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(json.dumps({"call": call, "with": arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise HostError(f"{self.name}: the agent is gone") from None
        ready, _w, _x = select.select([self.process.stdout], [], [], wait)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            raise HostError(f"{self.name}: no answer to {call} within {wait:.0f} seconds")
        answer = json.loads(line)
        if "error" in answer:
            raise HostError(f"{self.name}: {answer['error']}")
        return answer["result"]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Fleet:
    """Three hosts, of which a scenario uses two: kvm1 and kvm2 of one release, kvm3 of a newer one. older, newer: a
    release, with its daemons if they are modular: bookworm/modular."""

    def __init__(self, name: str, older: str, newer: str) -> None:
        self.name = name
        kinds = [kind.partition("/") for kind in (older, older, newer)]
        self.releases = [release for release, _slash, _daemons in kinds]
        self.daemons = [daemons or "monolithic" for _release, _slash, daemons in kinds]
        self.lab = Lab(name)
        self.agents: dict[str, Agent] = {}
        self.pids: dict[str, int] = {}
        self.before: dict[str, dict[str, Any]] = {}  # what each host was when it was new

    def up(self) -> None:
        command = [*LAB, "--name", self.name, "up", "--hosts", str(len(self.releases)), "--ovs"]
        command += ["--releases", ",".join(self.releases), "--daemons", ",".join(self.daemons)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HostError(f"the lab does not come up: {done.stderr.strip()}")
        self.lab.load()
        self.pids = procs.inits(self.lab.dir)
        shutil.copytree(HERE / "agent", self.lab.shared / "truth", dirs_exist_ok=True)
        (self.lab.shared / "saved").mkdir(exist_ok=True)
        self._wire()
        for spec in self.lab.hosts:
            agent = self.agents.get(spec.name)
            if agent is None or agent.process.poll() is not None:
                self.agents[spec.name] = Agent(spec.name, self.pids[spec.name])
                if spec.name in self.before:
                    self.agents[spec.name]("recall", before=self.before[spec.name])
                    self.agents[spec.name]("clean", undo=[])
                else:
                    self.before[spec.name] = self.agents[spec.name]("remember")

    def boot_again(self, host: str) -> None:
        """A host that cannot be put back is made anew."""
        self.agents[host].stop()
        procs.kill(procs.inits(self.lab.dir).get(host, 0))
        self.up()

    def down(self) -> None:
        for agent in self.agents.values():
            agent.stop()
        subprocess.run([*LAB, "--name", self.name, "down"], stdout=subprocess.DEVNULL, check=False)

    @property
    def inventory(self) -> Path:
        return self.lab.dir / "inventory.yml"

    def address(self, host: str) -> str:
        return self.lab.address(self.lab.host(host).number)

    def daemon(self, action: str, host: str) -> None:
        for name in DAEMONS[self.lab.host(host).daemons]:
            subprocess.run([*LAB, "--name", self.name, action, host, name], capture_output=True, check=False)

    def _wire(self) -> None:
        """Something that answers: on the wire, and behind the hosts."""
        slot = self.lab.address(0).rsplit(".", 1)[0]
        lines = [f"addr replace 10.77.{number}.{PEER}/24 dev data" for number in LANES]
        lines += [f"addr replace {OUTSIDE}/32 dev mgmt", f"route replace {slot}.0/24 dev mgmt src {OUTSIDE}"]
        self.fabric(lines)
        for spec in self.lab.hosts:
            procs.run(
                self.lab.dir,
                ["nsenter", "--target", str(self.pids[spec.name]), "--net", "--", "ip", "route", "replace",
                 f"{OUTSIDE}/32", "dev", "eth0"],
            )  # fmt: skip

    def fabric(self, lines: list[str], force: bool = False) -> None:
        """ip commands where the hosts' cables end: kvm1-p0 is the far end of kvm1's p0."""
        tool = ["ip", *(["-force"] if force else []), "-batch", "-"]
        argv = ["nsenter", "--target", str(self.pids["fabric"]), "--net", "--", *tool]
        done = subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if done.returncode and not force:
            raise HostError(f"fabric: {done.stderr.strip()}")

    def cables_back(self) -> None:
        """Every cable plugged in again, and nothing remembered of where a guest's MAC was."""
        ends = [f"{spec.name}-p{number}" for spec in self.lab.hosts for number in range(spec.nics)]
        lines = [f"link set {end} up" for end in ends] + ["neigh flush dev data", "neigh flush dev mgmt"]
        lines += [f"link del {name}" for name in self._made()]
        shown = subprocess.run(self._in_fabric("ip", "route", "show"), capture_output=True, text=True, check=False)
        lines += [f"route del {line}" for line in shown.stdout.splitlines() if " via " in line]
        self.fabric(lines, force=True)

    def _made(self) -> list[str]:
        shown = subprocess.run(self._in_fabric("ip", "-br", "link"), capture_output=True, text=True, check=False)
        return [line.split("@")[0].split()[0] for line in shown.stdout.splitlines() if line.startswith("truth-")]

    def _in_fabric(self, *argv: str) -> list[str]:
        return ["nsenter", "--target", str(self.pids["fabric"]), "--net", "--", *argv]

    def cable(self, host: str, name: str) -> None:
        """One more NIC for a host, with its cable in the fabric."""
        end = f"truth-{host}-{name}"[:15]
        self.fabric([f"link add {end} mtu 9000 master data type veth peer name {name} netns {self.pids[host]}",
                     f"link set {end} up"])  # fmt: skip

    def unplug(self, host: str, nic: str) -> None:
        self.fabric([f"link set {host}-{nic} down"])

    def follow(self, subnet: str, host: str) -> None:
        """The routers around know where a routed subnet is now."""
        self.fabric([f"route replace {subnet} via {self.address(host)} dev mgmt onlink"], force=True)

    def ping(self, address: str, size: int, count: int = 3) -> int:
        """From the wire."""
        argv = self._in_fabric("ping", "-n", "-q", "-c", str(count), "-i", "0.2", "-W", "1", "-M", "do",
                               "-s", str(size), address)  # fmt: skip
        shown = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        return next((int(word) for line in shown.splitlines() if "received" in line
                     for word in [line.split(",")[1].split()[0]]), 0)  # fmt: skip
