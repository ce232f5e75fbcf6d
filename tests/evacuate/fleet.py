# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with guests, what their own tools say of them, and the playbooks that move the guests."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from guests import domain_xml, network_interface, pinging_domain_xml, pinging_initrd
from harness.agent import Agent
from harness.playbook import PROGRAM, environment
from invented import NICS

RED = "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/></network>"
LAN = "<network><name>lan</name><forward mode='nat'/><ip address='10.20.0.1' prefix='24'/></network>"
# Seconds: in which a guest's kernel fills its memory, and after which a playbook counts as hung, on a busy machine too.
BOOT, LONGEST = 10, 1500
# Ansible notices a host that died when SSH does.
ALIVE = "-o ServerAliveInterval=5 -o ServerAliveCountMax=3"
SHARED = (("red", "br7"), ("lan", "virbr0"))
# One after the other, each with the text of what is asked for in front of it.
GUESTS = 'for guest in $(virsh list --name); do echo "guest $guest"; virsh domiflist "$guest"; done'
# What the playbooks say would be enough.
ADDITION = re.compile(r"Add ([0-9]+) members? to network '(\w+)' on (\w+)\.")

Run = subprocess.Popen[str]


def pool(name: str, members: int) -> str:
    given = "".join(f"<interface dev='{nic}'/>" for nic in NICS[name][:members])
    return f"<network><name>{name}</name><forward mode='passthrough'>{given}</forward></network>"


@dataclass(frozen=True)
class State:
    """What a host's own tools say. nics: guest -> for each of its NICs the network, as virsh shows it, and the link
    that it is plugged into, as the kernel shows it; held: pool -> members that the kernel has a macvtap on; counted:
    those that libvirt counts as in use; ports: network -> how many libvirt keeps."""

    nics: dict[str, list[tuple[str, str]]]
    held: dict[str, list[str]]
    counted: dict[str, list[str]]
    ports: dict[str, int]


class Fleet:
    """command: the lab's; lab, directory: its directory, and one for files of the test."""

    def __init__(self, agents: dict[str, Agent], command: list[str], lab: Path, directory: Path) -> None:
        self.agents, self.command, self.lab, self.directory = agents, command, lab, directory
        self.lines = directory / "lines.jsonl"

    def networks(self, host: str, fast: int = 3, slow: int = 1) -> None:
        for xml in (RED, LAN, pool("fast", fast), pool("slow", slow)):
            self.agents[host].tell("network", xml=xml)

    def guest(self, host: str, name: str, networks: list[str], number: int, start: bool = True) -> None:
        """A diskless guest with a definition."""
        nics = [network_interface(net, f"52:54:00:60:{number:02x}:{place:02x}") for place, net in enumerate(networks)]
        self.agents[host].tell("define", xml=domain_xml(name, nics))
        if start:
            self.agents[host].run("virsh", "start", name)

    def heavy_guest(self, host: str, name: str, number: int, writers: int = 0) -> None:
        """One with a kernel, whose memory takes a while to send; writers: programs that write to it all the time."""
        nic = network_interface("lan", f"52:54:00:60:{number:02x}:00")
        files, addresses = pinging_initrd(self.lab), [f"10.20.0.{number + 10}/24"]
        xml = pinging_domain_xml(name, [nic], files, addresses, writers=writers)
        self.agents[host].tell("define", xml=xml)
        self.agents[host].run("virsh", "start", name)
        time.sleep(BOOT)

    def wait_for_job(self, host: str, guest: str, run: Run) -> None:
        """Until the playbook that runs sends the guest's memory; on a busy machine its plan alone takes minutes. Before
        the first byte there is a job already, but no guest at the destination."""
        while run.poll() is None:
            told = self.agents[host].run("virsh", "domjobinfo", guest)
            if "Outgoing migration" in told and "Memory processed" in told:
                return
            time.sleep(0.2)
        raise AssertionError(f"no migration began:\n{self.end(run)[1]}")

    def wait_for_watchers(self, host: str, number: int, run: Run) -> None:
        """Until so many modules watch migrations from there; that of a killed run goes on."""
        count = "ls /root/.ansible_async | grep -c 'progress$' || true"
        while run.poll() is None:
            if int(self.agents[host].run("sh", "-c", count)) >= number:
                return
            time.sleep(0.2)
        raise AssertionError(f"the migration ended too early:\n{self.end(run)[1]}")

    def arriving(self, host: str) -> set[str]:
        """The guests that a migration still brings there, as the collection describes them."""
        code, output = self.play(str(Path(__file__).with_name("arriving.yml")), "-e", f"at={host}")
        assert code == 0, output
        return set(re.findall(r"(\w+) arrives", output))

    def running(self, host: str) -> set[str]:
        return set(self.agents[host].run("virsh", "list", "--name").split())

    def defined(self, host: str) -> set[str]:
        return set(self.agents[host].run("virsh", "list", "--all", "--name").split())

    def plugged(self, host: str, guest: str) -> list[str]:
        """The networks of its NICs, as virsh shows them."""
        return [row[2] for row in _rows(self.agents[host].run("virsh", "domiflist", guest))]

    def state(self, host: str) -> State:
        run = self.agents[host].run
        links = {link["ifname"]: link for link in json.loads(run("ip", "-json", "-details", "link"))}
        nics = {}
        for part in run("sh", "-ec", GUESTS).split("guest ")[1:]:
            name, _line, rows = part.partition("\n")
            nics[name] = [(row[2], _plugged_into(links[row[0]])) for row in _rows(rows)]
        on = {link["link"] for link in links.values() if _kind(link) == "macvtap"}
        counted, ports = {}, {}
        for pool_name in NICS:
            xml = run("virsh", "net-dumpxml", pool_name)
            uses = re.findall(r"<interface dev='(p[0-9]+)' connections='([0-9]+)'/>", xml)
            counted[pool_name] = sorted(nic for nic, number in uses for _use in range(int(number)))
        for network in (*NICS, *dict(SHARED)):
            ports[network] = len(_rows(run("virsh", "net-port-list", network)))
        held = {pool_name: sorted(on & set(nics_of_pool)) for pool_name, nics_of_pool in NICS.items()}
        return State(nics, held, counted, ports)

    def add_members(self, added: Mapping[tuple[str, str], int], members: Mapping[str, Mapping[str, int]]) -> None:
        """added: host and pool -> how many more than it has by members."""
        self._pools(added, members, "present")

    def remove_members(self, added: Mapping[tuple[str, str], int], members: Mapping[str, Mapping[str, int]]) -> None:
        self._pools(added, members, "absent")

    def _pools(
        self, added: Mapping[tuple[str, str], int], members: Mapping[str, Mapping[str, int]], state: str
    ) -> None:
        plays = []
        for (host, name), number in added.items():
            given = NICS[name][members[host][name] :][:number]
            assert len(given) == number, f"{host} has too few NICs for {number} more members of {name}"
            task = {"virtfleet.network.virt_iface_pool": {"name": name, "members": given, "state": state}}
            plays.append({"hosts": host, "gather_facts": False, "tasks": [task]})
        path = self.directory / "pools.json"
        path.write_text(json.dumps(plays))
        code, output = self.play(str(path))
        assert code == 0, output

    def origin(self, host: str, guest: str) -> Optional[str]:
        xml = self.agents[host].run("virsh", "dumpxml", guest)
        return xml.partition(' origin="')[2].partition('"')[0] or None

    def argv(self, playbook: str, *arguments: str) -> list[str]:
        """playbook: of the collection, or a file."""
        named = playbook if "/" in playbook else f"virtfleet.network.{playbook}"
        return [str(PROGRAM), "-i", str(self.lab / "inventory.yml"), named, *arguments]

    def play(self, playbook: str, *arguments: str) -> tuple[int, str]:
        return self.end(self.begin(playbook, *arguments))

    def begin(self, playbook: str, *arguments: str, when: Optional[tuple[str, str, str]] = None) -> Run:
        """when: a task, a host, and a command that runs there when the task begins."""
        env = {**environment(self.lines), "ANSIBLE_SSH_EXTRA_ARGS": ALIVE}
        if when is not None:
            at, host, command = when
            env["ANSIBLE_CALLBACKS_ENABLED"] += ",lose_host"
            env |= {"LOSE_AT": at, "LOSE_HOST": "kvm1"}
            env["LOSE_BY"] = shlex.join([*self.command, "exec", host, "--", *shlex.split(command)])
        return subprocess.Popen(
            self.argv(playbook, *arguments), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def end(self, run: Run) -> tuple[int, str]:
        try:
            output, _errors = run.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            output = run.communicate()[0]
            raise AssertionError(f"the playbook did not end in {LONGEST} s:\n{output}") from None
        with (self.directory / "output.log").open("a") as log:
            log.write(output)
        return run.returncode, output

    def lose(self, host: str) -> None:
        """As when its power fails."""
        self.agents[host].lab("kill", "init")

    def revive(self, host: str) -> None:
        self.agents[host].end()
        subprocess.run([*self.command, "up"], check=True, stdout=subprocess.DEVNULL)
        self.agents[host] = Agent(self.command, host)
        self.agents[host].tell("bridge")

    def plan(self, *steps: tuple[str, str, str, list[int]]) -> str:
        """An argument for ansible-playbook. steps: guest, source, destination, after."""
        names = ("guest", "source", "destination", "after")
        told = {"evacuate_plan": {"steps": [dict(zip(names, step)) for step in steps], "stays": []}}
        path = self.directory / "plan.json"
        path.write_text(json.dumps(told))
        return f"@{path}"


def _rows(text: str) -> list[list[str]]:
    """Of a table of virsh."""
    return [line.split() for line in text.splitlines()[2:] if line.strip()]


def _kind(link: Mapping[str, Any]) -> Optional[str]:
    kind: Optional[str] = link.get("linkinfo", {}).get("info_kind")
    return kind


def _plugged_into(link: Mapping[str, Any]) -> str:
    return str(link["link"] if _kind(link) == "macvtap" else link.get("master"))


def additions(output: str) -> Counter[tuple[str, str]]:
    """Host and pool -> how many more members the playbook says would be enough."""
    found: Counter[tuple[str, str]] = Counter()
    for number, name, host in set(ADDITION.findall(output)):
        found[host, name] += int(number)
    return found


def stays(output: str) -> set[str]:
    """The guests that the plan leaves, as a playbook showed it first."""
    return set(re.findall(r"^ *\"?(\w+) stays: ", output, re.MULTILINE))


def table(output: str, head: str) -> dict[str, list[str]]:
    """The rows of the last table with that head that a playbook showed, by guest."""
    rows: dict[str, list[str]] = {}
    lines = output[output.rindex(head) :].splitlines()[2:]
    for line in lines:
        text = line.strip().strip('",')
        cells = text.split()
        if not cells or cells == ["]"]:
            break
        if text[0] != " ":  # otherwise the last cell of the row above goes on
            rows[cells[0]] = cells[1:]
    return rows


def outcome(output: str) -> dict[str, list[str]]:
    """guest -> from, to, result and more."""
    return table(output, "result")
