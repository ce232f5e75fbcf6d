# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command and file of the README, as a newcomer would use them: the collection is installed from a release file
and from a repository, and plays run against two hosts of a lab under the names that the README gives them.

The repository's address is replaced by this checkout's, since the lab has no route to the outside.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from harness.playbook import ROOT

from .page import REPOSITORY, Page, Reader

LAB = Path(ROOT / "tests/lab")
sys.path.insert(0, str(LAB))
from guests import domain_xml  # noqa: E402

README = Page("README.md")
BLUE = "<network><name>blue</name><mtu size='1500'/><ip address='10.30.0.1' prefix='24'/></network>"


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory, hosts) -> Reader:
    directory = tmp_path_factory.mktemp("newcomer")
    newcomer = Reader.of(directory, hosts, README.files, str(directory / "collections"))
    subprocess.run([ROOT / "tests/tools/copy-tree", directory / "repository"], check=True)
    newcomer.commit("repository", "as it is")
    return newcomer


def installed(newcomer: Reader) -> Path:
    return newcomer.directory / "collections/ansible_collections/virtfleet/network"


def test_installing_from_a_repository(newcomer) -> None:
    (command,) = README.find("install git+")
    newcomer.run(command)
    assert (installed(newcomer) / "MANIFEST.json").exists()
    (requirement,) = yaml.safe_load(README.files["requirements.yml"])["collections"]
    assert requirement == {"name": REPOSITORY, "type": "git"}


def test_installing_from_a_release_file(newcomer) -> None:
    shutil.rmtree(newcomer.directory / "collections")
    newcomer.run(f"ansible-galaxy collection build {newcomer.directory}/repository --output-path {newcomer.directory}")
    (command,) = README.find("collection install virtfleet-network-")
    newcomer.run(command)
    assert json.loads((installed(newcomer) / "MANIFEST.json").read_text())["collection_info"]["name"] == "network"
    assert not (installed(newcomer) / "tests").exists(), "tests do not belong into a release"


def test_looking_at_the_hosts_changes_nothing(newcomer, hosts) -> None:
    hosts.define("kvm1", BLUE.replace("blue", "handmade"))
    before = [hosts.snapshot(host) for host in ("kvm1", "kvm2")]
    (command,) = README.find("look.yml")
    for line in (command, command.replace(" --check --diff", "")):
        assert newcomer.run(line).count("changed=0") == 2
    assert [hosts.snapshot(host) for host in ("kvm1", "kvm2")] == before


def test_rolling_out_two_networks(newcomer, hosts) -> None:
    check, rollout = sorted(README.find("virtfleet.network.rollout"), key=len, reverse=True)
    assert "--check --diff" in check
    newcomer.run(check)
    assert "red" not in hosts.virsh("kvm1", "net-list", "--all", "--name").split()
    newcomer.run(rollout)
    for host in ("kvm1", "kvm2"):
        assert {"red", "lab"} <= set(hosts.virsh(host, "net-list", "--name").split())
    assert newcomer.run(rollout).count("changed=0") == 2


def test_asking_where_a_guest_can_go(newcomer, hosts) -> None:
    nic = "<interface type='network'><source network='lab'/></interface>"
    xml = domain_xml("web1", interfaces=[nic])
    hosts.on("kvm1", "sh", "-c", 'printf %s "$1" >/run/web1.xml; virsh -q create /run/web1.xml', "sh", xml)
    (command,) = README.find("migrate_check")
    output = newcomer.run(command)
    assert re.search(r"web1 +kvm1 +=", output), output
    hosts.virsh("kvm1", "destroy", "web1")


def test_the_same_task_with_community_libvirt_changes_nothing(newcomer, hosts, incumbent) -> None:
    """And ours changes the network, as the README says of both."""
    hosts.define("kvm1", BLUE)
    hosts.virsh("kvm1", "net-start", "blue")
    both = {**newcomer.environment, "ANSIBLE_COLLECTIONS_PATH": f"{newcomer.directory}/collections:{incumbent}"}
    reader = Reader(newcomer.directory, both)
    theirs = reader.run("ansible-playbook -i inventory.yml community.yml")
    assert "changed=0" in theirs, theirs
    assert "1400" not in hosts.virsh("kvm1", "net-dumpxml", "--inactive", "blue")
    ours = reader.run("ansible-playbook -i inventory.yml virtfleet.yml")
    assert "changed=1" in ours, ours
    for which in ([], ["--inactive"]):
        assert "<mtu size='1400'/>" in hosts.virsh("kvm1", "net-dumpxml", *which, "blue")


def test_every_command_is_tried() -> None:
    tried = ("install git+", "collection install virtfleet", "look.yml", "virtfleet.network.rollout", "migrate_check")
    assert [command for command in README.commands if not any(word in command for word in tried)] == []
