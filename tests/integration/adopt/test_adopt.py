# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that virsh built is taken over: the rollout of the files changes nothing, and a network can be withdrawn."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from batch import Hosts, hosts_of
from harness.playbook import PROGRAM, environment

pytestmark = pytest.mark.lab

HOSTS = ("kvm1", "kvm2", "kvm3")
SOCKET = "/run/libvirt/libvirt-sock"


def lan(last: int, more: str = "") -> str:
    return (
        f"<network><name>lan</name><forward mode='nat'/>{more}<ip address='10.70.0.{last}' netmask='255.255.255.0'>"
        "<dhcp><range start='10.70.0.50' end='10.70.0.60'/></dhcp></ip></network>"
    )


RED = (
    "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/><portgroup name='a' default='yes'/></network>"
)
DMZ = "<network><name>dmz</name><bridge name='virbr71'/><ip address='10.71.0.1' prefix='24'/></network>"
DMZ_NAT = DMZ.replace("<bridge ", "<forward mode='nat'/><bridge ").replace("10.71", "10.72")
OLD = "<network><name>old</name><bridge name='virbr73'/></network>"
WAITING = "<host mac='52:54:00:00:00:01' ip='10.70.0.10'/>"


@dataclass
class Fleet:
    hosts: Hosts
    directory: Path

    def play(self, playbook: str, *args: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(PROGRAM), "-i", str(self.directory / "inventory.yml"), f"virtfleet.network.{playbook}", *args],
            env=environment(self.directory / "lines"), cwd=self.directory, capture_output=True, text=True, check=False,
            timeout=280,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def state(self) -> dict[str, str]:
        return {host: self.hosts.snapshot(host) for host in HOSTS}

    def names(self, host: str) -> set[str]:
        return set(self.hosts.virsh(host, "net-list", "--all", "--name").split())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("fleet")
    with hosts_of("adopt-it", tmp_path_factory.mktemp("adopt"), number=len(HOSTS)) as hosts:
        (directory / "inventory.yml").symlink_to(hosts.inventory)
        for number, host in enumerate(HOSTS, 1):
            hosts.on(host, "ip", "link", "add", "br7", "type", "bridge")
            hosts.on(host, "ip", "link", "set", "br7", "up")
            hosts.define(host, lan(number), RED, OLD)
            for name in ("lan", "red", "old"):
                hosts.virsh(host, "net-start", name)
                hosts.virsh(host, "net-autostart", name)
        hosts.define("kvm1", DMZ)
        hosts.define("kvm2", DMZ_NAT)
        hosts.virsh("kvm1", "net-start", "dmz")
        # A pending change, one without autostart, one that is transient.
        hosts.virsh("kvm1", "net-update", "lan", "add", "ip-dhcp-host", WAITING, "--config")
        hosts.virsh("kvm2", "net-autostart", "red", "--disable")
        hosts.virsh("kvm3", "net-undefine", "red")
        yield Fleet(hosts, directory)


def read(path: Path, key: str) -> object:
    return yaml.safe_load(path.read_text())[key]


def test_hosts_that_cannot_be_read_are_named_and_the_others_are_taken_over(fleet: Fleet) -> None:
    """The daemon of kvm2 does not answer; kvm9 is unreachable."""
    before, target = fleet.state(), fleet.directory / "others"
    more = fleet.directory / "more.yml"
    more.write_text(json.dumps({"kvm": {"hosts": {"kvm9": {"ansible_host": "127.0.0.1", "ansible_port": 1}}}}))
    adopt = ("adopt", "-i", str(more), "-e", f"adopt_directory={target}")
    fleet.hosts.on("kvm2", "mv", SOCKET, f"{SOCKET}.away")
    try:
        said = " ".join(fleet.play(*adopt, code=2).split())
        others = fleet.play(*adopt, "--limit", "!kvm2:!kvm9")
    finally:
        fleet.hosts.on("kvm2", "mv", f"{SOCKET}.away", SOCKET)
    assert fleet.state() == before
    # Each with its reason, and what is found of the others. No file: a rollout would lack networks of these hosts.
    assert "Not read: kvm2, kvm9." in said
    assert "unread kvm2" in said
    assert "unread kvm9" in said
    assert "NETWORK_TRANSIENT: kvm3" in said
    assert "REACH_DIFFERS" not in said
    assert "unread" not in others
    contract = {entry["name"]: entry for entry in read(target / "group_vars/kvm/networks.yml", "networks_contract")}
    assert {name: entry.get("hosts") for name, entry in contract.items()} == {
        "dmz": ["kvm1"], "lan": None, "old": None, "red": ["kvm1"],
    }  # fmt: skip
    assert sorted(path.name for path in (target / "host_vars").iterdir()) == ["kvm1", "kvm3"]


def test_taken_over_rolled_out_and_one_network_withdrawn(fleet: Fleet) -> None:
    before = fleet.state()
    said = fleet.play("adopt", "-e", f"adopt_directory={fleet.directory}")
    assert fleet.state() == before
    assert "REACH_DIFFERS: kvm1, kvm2" in said
    assert "NETWORK_TRANSIENT: kvm3" in said
    assert "CHANGES_PENDING: kvm1" in said

    contract_file = fleet.directory / "group_vars" / "kvm" / "networks.yml"
    contract = {entry["name"]: entry for entry in read(contract_file, "networks_contract")}
    assert set(contract) == {"lan", "old", "red"}
    assert contract["red"]["hosts"] == ["kvm1", "kvm2"]
    assert "hosts" not in contract["lan"]
    assert "# left out REACH_DIFFERS" in contract_file.read_text()
    bindings = {host: read(fleet.directory / f"host_vars/{host}/networks.yml", "networks_bindings") for host in HOSTS}
    assert bindings["kvm1"]["lan"]["pending"] == ["ips"]
    assert bindings["kvm2"]["red"] == {"autostart": False}
    assert set(bindings["kvm3"]) == {"lan", "old"}

    text = contract_file.read_text()
    assert "these files exist" in fleet.play("adopt", "-e", f"adopt_directory={fleet.directory}", code=2)
    assert contract_file.read_text() == text

    rolled = fleet.play("rollout")
    assert re.findall(r"changed=([1-9]\d*)", rolled) == []
    assert fleet.state() == before

    # Without the mark, a network that is withdrawn stays, and a warning says so.
    fewer = json.dumps({"networks_contract": [entry for name, entry in contract.items() if name != "old"]})
    for host in HOSTS:
        path = fleet.directory / f"host_vars/{host}/networks.yml"
        path.write_text(json.dumps({"networks_bindings": {k: v for k, v in bindings[host].items() if k != "old"}}))
    stays = fleet.play("rollout", "-e", fewer, "-e", "networks_purge=true")
    assert re.search(r"purge\s+keeps\s+.*old", stays)
    assert fleet.state() == before

    for host in HOSTS:
        path = fleet.directory / f"host_vars/{host}/networks.yml"
        path.write_text(json.dumps({"networks_bindings": bindings[host]}))
    fleet.play("rollout", "-e", "networks_adopt=true")
    assert all(host_has_mark(fleet, host, "old") for host in HOSTS)
    assert re.findall(r"changed=([1-9]\d*)", fleet.play("rollout", "-e", "networks_adopt=true")) == []

    for host in HOSTS:
        path = fleet.directory / f"host_vars/{host}/networks.yml"
        path.write_text(json.dumps({"networks_bindings": {k: v for k, v in bindings[host].items() if k != "old"}}))
    fleet.play("rollout", "-e", fewer, "-e", "networks_purge=true")
    assert fleet.names("kvm1") == {"lan", "red", "dmz"}
    assert fleet.names("kvm2") == {"lan", "red", "dmz"}
    assert fleet.names("kvm3") == {"lan", "red"}


def host_has_mark(fleet: Fleet, host: str, name: str) -> bool:
    return "https://virtfleet.network/ns/1" in fleet.hosts.virsh(host, "net-dumpxml", "--inactive", name)
