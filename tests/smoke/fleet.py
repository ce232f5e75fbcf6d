# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that the smoke tests run on: a release of Debian, its daemons, its firewall backend.

SMOKE_HOSTS says which, as `bullseye,bookworm/modular,testing/nftables`.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = os.environ.get("IT_LABS", "") + "smoke"
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
INVENTORY = ROOT / f".lab-{NAME}" / "inventory.yml"
OUTPUT = ROOT / "tests" / "output" / NAME
# One host of the oldest release, and one with modular daemons.
USUAL = "bullseye,bookworm/modular"

FACTS = """
import json, platform, subprocess, libvirt
conn = libvirt.open("qemu:///system")
def version(number): return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"
rules = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
print(json.dumps({"libvirt": version(conn.getLibVersion()), "qemu": version(conn.getVersion()),
                  "python": platform.python_version()}))
"""


@dataclass(frozen=True)
class Host:
    """number: from 1, as the lab counts."""

    number: int
    said: str
    release: str
    daemons: str = "monolithic"
    firewall: str = ""

    @property
    def name(self) -> str:
        return f"kvm{self.number}"

    @property
    def modular(self) -> bool:
        return self.daemons == "modular"

    @property
    def of_networks(self) -> str:
        """The daemon that runs the networks."""
        return "virtnetworkd" if self.modular else "libvirtd"

    @property
    def of_guests(self) -> str:
        return "virtqemud" if self.modular else "libvirtd"


def parse(number: int, said: str) -> Host:
    release, *words = said.split("/")
    unknown = set(words) - {"modular", "iptables", "nftables"}
    assert not unknown, f"SMOKE_HOSTS has {unknown} in {said}"
    firewall = next((word for word in words if word.endswith("tables")), "")
    return Host(number, said, release, "modular" if "modular" in words else "monolithic", firewall)


HOSTS = [parse(number, said) for number, said in enumerate(os.environ.get("SMOKE_HOSTS", USUAL).split(","), 1)]


def up() -> None:
    turns = {
        "--releases": [host.release for host in HOSTS],
        "--daemons": [host.daemons for host in HOSTS],
        "--firewall": [host.firewall for host in HOSTS],
    }
    options = [word for option, values in turns.items() for word in (option, ",".join(values))]
    subprocess.run([*LAB, "up", "--hosts", str(len(HOSTS)), *options], check=True)


def facts(host: Host) -> dict[str, str]:
    """Versions of what runs there."""
    argv = [*LAB, "exec", host.name, "--", "python3", "-c", FACTS]
    return dict(json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout))
