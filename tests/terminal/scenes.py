# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's life, as an operator sees it: a rollout, a second one, an audit, a plan, and the migration check.

Twenty networks on each host; the last two hosts have an older state of them, with guests plugged in.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable

from batch import Hosts
from guests import domain_xml, network_interface
from harness.playbook import PROGRAM, environment

# A dnsmasq for each network of each host would need more inotify instances than Linux allows by default.
ISOLATED = [f"net{number:02d}" for number in range(1, 20)]
ADDRESS = {"address": "10.66.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.66.0.50", "end": "10.66.0.99"}]}}


@dataclass(frozen=True)
class Scene:
    """note: what was done before; output: what the command printed."""

    title: str
    note: str
    command: str
    code: int
    output: str


def contract(isolated: list[str], **lab: Any) -> dict[str, Any]:
    """group_vars of the fleet."""
    networks = [{"name": name, "reach": "isolated"} for name in isolated]
    lab_network = {"name": "lab", "reach": "nat", "subnets": ["10.66.0.0/24"], **lab}
    bindings: dict[str, Any] = {name: {} for name in isolated}
    return {"networks_contract": [*networks, lab_network], "networks_bindings": {**bindings, "lab": {"ips": [ADDRESS]}}}


class Fleet:
    def __init__(self, hosts: Hosts, number: int) -> None:
        self.hosts, self.names = hosts, [f"kvm{place}" for place in range(1, number + 1)]
        (hosts.directory / "group_vars").mkdir()
        (hosts.directory / "inventory.yml").symlink_to(hosts.inventory)

    def declare(self, variables: dict[str, Any]) -> None:
        (self.hosts.directory / "group_vars" / "kvm.yml").write_text(json.dumps(variables))

    def play(self, name: str, *args: str) -> tuple[int, str]:
        """The exit status, and what a terminal shows."""
        done = subprocess.run(
            [str(PROGRAM), "-i", "inventory.yml", f"virtfleet.network.{name}", *args],
            env={
                **environment(self.hosts.directory / "lines"), "ANSIBLE_STDOUT_CALLBACK": "virtfleet.network.fleet",
                "ANSIBLE_FORKS": "20", "COLUMNS": "80",
            },
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=900,
            cwd=self.hosts.directory,
        )  # fmt: skip
        return done.returncode, done.stdout.strip()

    def each(self, hosts: list[str], work: Callable[[str], object]) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, hosts))

    def start_guests(self, host: str, network: str, *names: str) -> None:
        for name in names:
            xml = domain_xml(name, [network_interface(network)])
            self.hosts.on(host, "sh", "-c", 'printf %s "$1" >/run/guest.xml; virsh create /run/guest.xml', "sh", xml)

    def scene(self, title: str, note: str, name: str, *args: str) -> Scene:
        code, output = self.play(name, *args)
        command = " ".join(["ansible-playbook -i inventory.yml", f"virtfleet.network.{name}", *args])
        return Scene(title, note, command, code, output)


def scenes(fleet: Fleet) -> list[Scene]:
    hosts, (*_others, former, last) = fleet.hosts, fleet.names
    fleet.declare(contract(ISOLATED[:-2]))
    code, output = fleet.play("rollout", "--limit", f"{former},{last}")
    assert code == 0, output
    fleet.start_guests(last, "lab", "web1", "web2")
    fleet.declare(contract(ISOLATED, mtu=1400))
    shown = [
        fleet.scene(
            "A rollout",
            f"{former} and {last} have an older state of the contract, and {last} has guests. The others have nothing.",
            "rollout", "-e", "networks_canary=kvm1", "-e", "networks_restart=replug",
        ),
        fleet.scene("A second run", "Nothing is left to do.", "rollout"),
    ]  # fmt: skip
    fleet.each(fleet.names[1:4], lambda host: hosts.on(host, "sh", "-c", "for n in net01 net02 net03; do\n"
               "virsh net-destroy $n; virsh net-undefine $n; done"))  # fmt: skip
    hosts.virsh(fleet.names[0], "net-autostart", "net07", "--disable")
    hosts.on(former, "sh", "-c", "kill $(cat /run/libvirt/network/lab.pid)")
    hosts.virsh(last, "net-destroy", "net05")
    hosts.define(last, "<network><name>other</name></network>")
    shown.append(fleet.scene("An audit", "Somebody changed networks by hand on some of the hosts.", "audit"))
    shown.append(fleet.scene(
        "The migration check", "The same hosts. The guests use network lab.", "migrate_check",
    ))  # fmt: skip
    code, output = fleet.play("rollout")
    assert code == 0, output
    fleet.declare(contract(ISOLATED[1:], mtu=1400, dns={"hosts": [{"ip": "10.66.0.9", "hostnames": ["git"]}]}))
    shown.append(
        fleet.scene(
            "A plan", "A rollout mended that. Now the contract has a DNS record more, and one network less.",
            "rollout", "--check", "--diff", "-e", "networks_purge=true",
        )
    )  # fmt: skip
    return shown
