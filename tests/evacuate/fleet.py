# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with guests, what their own tools say of them, and the playbooks that move the guests."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any, Optional

from guests import domain_xml, network_interface, pinging_domain_xml, pinging_initrd
from harness.agent import Agent
from harness.playbook import PROGRAM, environment

RED = "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/></network>"
LAN = "<network><name>lan</name><forward mode='nat'/><ip address='10.20.0.1' prefix='24'/></network>"
HOSTS = ("kvm1", "kvm2", "kvm3", "kvm4")
MEMBERS = ("p2", "p3", "p4")


def pool(members: int) -> str:
    given = "".join(f"<interface dev='{name}'/>" for name in MEMBERS[:members])
    return f"<network><name>fast</name><forward mode='passthrough'>{given}</forward></network>"


class Fleet:
    def __init__(self, agents: dict[str, Agent], lab: Path, folder: Path) -> None:
        self.agents, self.lab, self.folder = agents, lab, folder
        self.lines = folder / "lines.jsonl"

    def networks(self, host: str, members: int = 3) -> None:
        for xml in (RED, LAN, pool(members)):
            self.agents[host].tell("network", xml=xml)

    def guest(self, host: str, name: str, networks: list[str], number: int, start: bool = True) -> None:
        """A diskless guest with a definition."""
        nics = [network_interface(net, f"52:54:00:60:{number:02x}:{place:02x}") for place, net in enumerate(networks)]
        self.agents[host].tell("define", xml=domain_xml(name, nics, kind="qemu"))
        if start:
            self.agents[host].run("virsh", "start", name)

    def heavy_guest(self, host: str, name: str, number: int) -> None:
        """One with a kernel, whose memory takes a while to send."""
        nic = network_interface("lan", f"52:54:00:60:{number:02x}:00")
        xml = pinging_domain_xml(name, [nic], pinging_initrd(self.lab), [f"10.20.0.{number + 10}/24"])
        self.agents[host].tell("define", xml=xml)
        self.agents[host].run("virsh", "start", name)

    def running(self, host: str) -> set[str]:
        return set(self.agents[host].run("virsh", "list", "--name").split())

    def defined(self, host: str) -> set[str]:
        return set(self.agents[host].run("virsh", "list", "--all", "--name").split())

    def plugged(self, host: str, guest: str) -> list[str]:
        """The networks of its NICs, as virsh shows them."""
        rows = [row.split() for row in self.agents[host].run("virsh", "domiflist", guest).splitlines()[2:] if row]
        return [row[2] for row in rows]

    def held(self, host: str) -> int:
        """How many members of the pool macvtaps are on, as the kernel says."""
        links = json.loads(self.agents[host].run("ip", "-json", "-details", "link"))
        return sum(1 for link in links if link.get("linkinfo", {}).get("info_kind") == "macvtap")

    def counted(self, host: str) -> int:
        """How many members of the pool are in use, as libvirt counts."""
        xml = self.agents[host].run("virsh", "net-dumpxml", "fast")
        return sum(map(int, re.findall(r"<interface dev='p[0-9]' connections='([0-9]+)'/>", xml)))

    def origin(self, host: str, guest: str) -> Optional[str]:
        xml = self.agents[host].run("virsh", "dumpxml", guest)
        return xml.partition(' origin="')[2].partition('"')[0] or None

    def argv(self, playbook: str, *arguments: str) -> list[str]:
        return [str(PROGRAM), "-i", str(self.lab / "inventory.yml"), f"virtfleet.network.{playbook}", *arguments]

    def play(self, playbook: str, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            self.argv(playbook, *arguments), env=environment(self.lines), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        with (self.folder / "output.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def plan(self, *steps: tuple[str, str, str, list[int]]) -> str:
        """An argument for ansible-playbook. steps: guest, source, destination, after."""
        names = ("guest", "source", "destination", "after")
        told = {"evacuate_plan": {"steps": [dict(zip(names, step)) for step in steps], "stays": []}}
        path = self.folder / "plan.json"
        path.write_text(json.dumps(told))
        return f"@{path}"


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


def invent(seed: int, hosts: tuple[str, ...]) -> dict[str, Any]:
    """A fleet by chance: source, members of the pool by host, and guests, each name -> (host, networks). Every guest of
    the source has a place elsewhere."""
    dice = random.Random(seed)
    source = dice.choice(hosts)
    others = [host for host in hosts if host != source]
    members = {host: dice.randint(1, 3) for host in hosts}
    free = dict(members)
    found: dict[str, tuple[str, list[str]]] = {}
    room = sum(members[host] for host in others)
    for number in range(dice.randint(5, 8)):
        host = source if number < 4 else dice.choice(hosts)
        networks = dice.sample(["red", "lan", "fast"], dice.randint(1, 2))
        if "fast" in networks and (not free[host] or room == 0):
            networks = ["red"]
        if "fast" in networks:
            free[host] -= 1
            room -= 1
        found[f"g{number}"] = (host, networks)
    return {"source": source, "members": members, "guests": found}


def place(invented: dict[str, Any], hosts: tuple[str, ...]) -> list[tuple[str, str, str, list[int]]]:
    """The steps of a plan that empties the source of an invented fleet."""
    source, guests = invented["source"], invented["guests"]
    others = [host for host in hosts if host != source]
    free = {
        host: invented["members"][host] - sum("fast" in nets for where, nets in guests.values() if where == host)
        for host in others
    }
    steps = []
    for number, (name, (host, networks)) in enumerate(guests.items()):
        if host != source:
            continue
        there = max(others, key=lambda one: free[one]) if "fast" in networks else others[number % len(others)]
        free[there] -= "fast" in networks
        steps.append((name, source, there, []))
    return steps
