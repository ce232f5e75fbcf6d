# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three guests on one network that ping one another and are pinged by their host, ten times a second."""

from __future__ import annotations

import re
import subprocess
import sys
import time

from batch import Hosts

from harness.playbook import ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import guests

NAMES = ("web1", "web2", "web3")
MACS = {name: f"52:54:00:20:00:0{number}" for number, name in enumerate(NAMES, 1)}
IPS = {name: f"10.20.0.1{number}" for number, name in enumerate(NAMES, 1)}
SEQUENCE = re.compile(r"from (\S+): (?:icmp_)?seq=(\d+)")


class Trio:
    def __init__(self, hosts: Hosts, host: str, network: str) -> None:
        self.hosts, self.host = hosts, host
        sys.path.insert(0, str(ROOT / "tests" / "lab"))
        from state import Lab

        files = guests.pinging_initrd(Lab(hosts.name).dir)
        for name in NAMES:
            others = [IPS[other] for other in NAMES if other != name]
            xml = guests.pinging_domain_xml(
                name, [guests.network_interface(network, MACS[name])], files, [f"{IPS[name]}/24"], pings=others
            )
            hosts.on(host, "sh", "-c", 'printf %s "$1" >"$2"', "sh", xml, f"/run/{name}.xml")
            hosts.virsh(host, "create", f"/run/{name}.xml")
        self.pingers: list[subprocess.Popen[str]] = []
        for name in NAMES:
            argv = [
                *hosts.argv(
                    "exec",
                    host,
                    "--",
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "--",
                    "ping",
                    "-n",
                    "-i",
                    "0.1",
                    "-W",
                    "1",
                    IPS[name],
                )
            ]
            with (hosts.directory / f"ping-{name}").open("w") as answers:
                self.pingers.append(subprocess.Popen(argv, stdout=answers, text=True))
        self.wait()

    def answers(self) -> dict[tuple[str, str], list[int]]:
        """Who pinged whom -> the numbers of the pings that were answered."""
        texts = {"host": "".join((self.hosts.directory / f"ping-{name}").read_text() for name in NAMES)}
        for name in NAMES:
            texts[name] = self.hosts.on(self.host, "cat", f"/var/log/libvirt/{name}-console.log")
        found: dict[tuple[str, str], list[int]] = {}
        for who, text in texts.items():
            for address, number in SEQUENCE.findall(text):
                found.setdefault((who, address), []).append(int(number))
        return found

    def wait(self, seconds: float = 60) -> None:
        """Until everybody answers everybody anew."""
        before = self.answers()
        until = time.monotonic() + seconds
        while True:
            now = self.answers()
            if len(now) == 9 and all(len(now[pair]) > len(before.get(pair, ())) + 5 for pair in now):
                return
            assert time.monotonic() < until, {pair: len(now.get(pair, ())) for pair in now}
            time.sleep(0.2)

    def longest_silence(self, before: dict[tuple[str, str], list[int]]) -> dict[tuple[str, str], int]:
        """For each pair how many pings in a row went unanswered since then."""
        found = {}
        for pair, numbers in self.answers().items():
            since = [number for number in numbers if number >= before[pair][-1]]
            found[pair] = max((b - a - 1 for a, b in zip(since, since[1:])), default=0)
        return found

    def taps(self) -> dict[str, str]:
        return {name: self.hosts.virsh(self.host, "domiflist", name).split()[0] for name in NAMES}

    def end(self) -> None:
        for pinger in self.pingers:
            pinger.kill()
            pinger.wait()
        for name in NAMES:
            self.hosts.virsh(self.host, "destroy", name, check=False)
