# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host, runs on it that meet faults, and looks at what they leave."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from harness.playbook import ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import guests

HOST = "kvm1"
NAME = "red"
MAC, OTHER = "52:54:00:30:00:01", "52:54:00:30:00:02"
BRIDGE = {"forward": {}, "bridge": {"name": "virbr30", "stp": False}, "mac": "52:54:00:aa:00:30"}
POOL = {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]}}
# A container's veth, with the prefix of a tap's name, so that a look at the host shows it among them.
CONTAINER = "vnet-ct"
ENG = {"portgroups": [{"name": "eng"}]}
# When a step meets it, and how.
FAULTS = [("before", "error"), ("after", "kill"), ("after", "daemon")]
TRANSIENT = "<network><name>red</name><bridge name='virbr30' stp='off'/><mac address='52:54:00:aa:00:30'/></network>"


class Bench:
    """One host, with the collection where its own Python finds it."""

    def __init__(self, hosts, host: str = HOST) -> None:
        self.hosts, self.host = hosts, host
        self.collections = hosts.share_collection()
        shutil.copy(Path(__file__).with_name("on_host.py"), ROOT / f".lab-{hosts.name}" / "shared")

    def ask(self, *args: str, check: bool = True) -> dict:
        said = self.hosts.on(self.host, "python3", "/srv/shared/on_host.py", self.collections, *args, check=check)
        return json.loads(said) if said else {}

    def apply(self, change: dict, fault: dict | None = None) -> dict:
        request = {"name": NAME, **change, **({"fault": fault} if fault else {})}
        return self.ask("apply", json.dumps(request), check=not fault)

    def look(self) -> dict:
        return self.ask("look")

    def prepare(self, network: dict | str | None, guest: bool) -> dict:
        """How the host looks then."""
        for name in self.hosts.virsh(self.host, "list", "--name").split():
            self.hosts.virsh(self.host, "destroy", name)
        self.hosts.on(self.host, "ip", "link", "del", CONTAINER, check=False)
        self.hosts.clean(self.host)
        if isinstance(network, str):
            self.hosts.on(self.host, "sh", "-c", 'printf %s "$1" > /run/red.xml', "sh", network)
            self.hosts.virsh(self.host, "net-create", "/run/red.xml")
        elif network is not None:
            assert "code" not in (done := self.apply(network)), done
        if guest:
            self.start_guest("web1", guests.network_interface(NAME, MAC))
        return self.look()

    def start_daemon(self) -> None:
        """After a kill, whose process may still hold the daemon's PID file."""
        self.hosts.on(self.host, "sh", "-c", "while pgrep -x libvirtd >/dev/null; do sleep 0.1; done")
        self.hosts.lab("start", self.host, "libvirtd")

    def start_guest(self, name: str, interface: str) -> None:
        xml = guests.domain_xml(name, [interface])
        self.hosts.on(self.host, "sh", "-c", f'printf %s "$1" > /run/{name}.xml', "sh", xml)
        self.hosts.virsh(self.host, "create", "--paused", f"/run/{name}.xml")


def assert_plugged(seen: dict, guest: bool, pool: bool) -> None:
    assert len(seen["ports"]) == int(guest), seen["ports"]
    if guest and not pool:
        assert list(seen["masters"].values()) == [seen_bridge(seen)], seen


def seen_bridge(seen: dict) -> str:
    return str(seen["networks"][NAME]["live"]).partition("<bridge name='")[2].partition("'")[0]


def without_generated(seen: dict) -> str:
    """Without UUIDs and tap numbers, which are others in every round."""
    networks = {
        name: {key: _plain(value) if isinstance(value, str) else value for key, value in facts.items()}
        for name, facts in seen["networks"].items()
    }
    return json.dumps(
        [
            sorted(networks.items()),
            seen["ports"],
            sorted(seen["masters"].values(), key=str),
            seen["journals"],
            seen["bypasses"],
        ]
    )


def _plain(xml: str) -> str:
    lines = (line for line in xml.splitlines() if "<uuid>" not in line)
    # The mark of a network names its UUID.
    return "\n".join(re.sub(r' uuid="[^"]*"', "", line) for line in lines)
