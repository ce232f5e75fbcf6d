# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The migration check at the size of a fleet: 100 hosts with 20 guests each, what the playbook costs the controller.

The playbook and Ansible are real; the two modules are played by action plugins that return simulated facts, since no
lab holds so many hosts. Prints seconds and memory of ansible-playbook, and the size of what each host is sent.

    python tests/bench/fleet.py [HOSTS [GUESTS]]
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEGABYTES = 120.0, 1000.0
_ADDRESS = "<ip address='10.20.0.1' prefix='24'/>"
NETWORKS = (
    f"<network><name>lan</name><forward mode='nat'/><bridge name='virbr0'/>{_ADDRESS}</network>",
    "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/><portgroup name='eng'/></network>",
)
# Plays a module: returns what was written for it and the host, and notes how much it was sent.
ACTION = """
import json, os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        directory, host = os.environ["FLEET_DIRECTORY"], task_vars["inventory_hostname"]
        with open(f"{directory}/{self._task.action.rpartition('.')[2]}.{host}.json") as file:
            result = json.load(file)
        with open(f"{directory}/sent.{host}", "a") as file:
            file.write(f"{len(json.dumps(self._task.args))}\\n")
        asked = (self._task.args.get("lookups") or {}).get("paths", [])
        if "networks" in result:
            result["lookups"] = {"paths": dict.fromkeys(map(str, asked), True)}
        return {"changed": False, **result}
"""


def read_paper() -> Any:
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    spec = importlib.util.spec_from_file_location("paper", ROOT / "tests" / "unit" / "migrate" / "paper.py")
    if spec is None or spec.loader is None:
        sys.exit("tests/unit/migrate/paper.py is missing")
    paper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(paper)
    return paper


def write_facts(directory: Path, hosts: int, guests: int) -> int:
    """Every third host has a fault. Returns how many bytes all descriptions of guests have."""
    paper = read_paper()
    links = [{"name": "virbr0", "kind": "bridge"}, {"name": "br7", "kind": "bridge"}, {"name": "p1", "master": "br7"}]
    total = 0
    for number in range(hosts):
        name = f"host{number:03d}"
        networks: list[Any] = [{"xml": xml} for xml in NETWORKS]
        networks[0].update(autostart=number % 3 != 1, active=number % 7 != 2)
        host = {"name": name, "networks": networks, "links": links}
        home = {**host, "networks": [{"xml": xml} for xml in NETWORKS]}
        described = []
        for place in range(guests):
            index = number * guests + place
            mac = f"52:54:00:{index // 65536:02x}:{index // 256 % 256:02x}:{index % 256:02x}"
            nics = [
                f"<interface type='network'><mac address='{mac.replace('54', str(54 + nic), 1)}'/>"
                f"<source network='{network}'/><model type='virtio'/></interface>"
                for nic, network in enumerate(("lan", "red"))
            ]
            disk = f"<disk type='file' device='disk'><source file='/srv/{index}.img'/><target dev='vda'/></disk>"
            xml = paper.domain(*nics, name=f"guest{index:05d}", number=index + 1, devices=disk)
            described.append(paper.described(home, xml))
        total += len(json.dumps(described))
        (directory / f"virt_guest_info.{name}.json").write_text(json.dumps({"guests": described}))
        (directory / f"virt_network_info.{name}.json").write_text(json.dumps(paper.plain(paper.info(host))))
    return total


def build_collection(directory: Path) -> Path:
    """The collection with the two modules played by actions."""
    collection = directory / "collections" / "ansible_collections" / "virtfleet" / "network"
    for part in ("plugins", "roles", "playbooks", "meta"):
        shutil.copytree(ROOT / part, collection / part)
    shutil.copy(ROOT / "galaxy.yml", collection)
    (collection / "plugins" / "action").mkdir(exist_ok=True)
    for module in ("virt_guest_info", "virt_network_info"):
        (collection / "plugins" / "action" / f"{module}.py").write_text(ACTION)
    return directory / "collections"


def measure(hosts: int = 100, guests: int = 20) -> bool:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        total = write_facts(directory, hosts, guests)
        names = [f"host{number:03d}" for number in range(hosts)]
        (directory / "inventory.yml").write_text(json.dumps({"kvm": {"hosts": dict.fromkeys(names)}}))
        env = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(build_collection(directory)),
            "ANSIBLE_FORKS": "5",
            "FLEET_DIRECTORY": str(directory),
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        start = time.monotonic()
        done = subprocess.run(
            [str(program), "-i", str(directory / "inventory.yml"), "virtfleet.network.migrate_check"],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if f"guest{hosts * guests - 1:05d}" not in done.stdout or done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
        sent = [int(line) for line in (directory / "sent.host000").read_text().split()]
    megabytes = used.ru_maxrss / 1024
    print(f"{hosts} hosts with {guests} guests each, the playbook migrate_check on the controller:")
    print(f"  seconds: {seconds:.0f}, of the processor {used.ru_utime + used.ru_stime:.0f} (at most {SECONDS:.0f})")
    print(f"  memory of the largest process: {megabytes:.0f} MB (at most {MEGABYTES:.0f})")
    print(f"  a host is sent {sum(sent) / 1024:.0f} KiB; all descriptions would be {total / 1024:.0f} KiB")
    return used.ru_utime + used.ru_stime <= SECONDS and megabytes <= MEGABYTES


if __name__ == "__main__":
    sys.exit(0 if measure(*map(int, sys.argv[1:3])) else 1)
