# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast guests are judged: a thousand of two NICs each on one host, against virt_network_info there; and a matrix of
a thousand by fifty hosts from saved facts, on this machine, against reading those facts.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GUESTS = 1000
HOSTS = 50
TURNS = 5
SECONDS_BEYOND = 1.0
MEGABYTES = 150
MATRIX_SECONDS = 10.0

NETWORKS = (
    "<network><name>lan</name><forward mode='nat'/><ip address='10.20.0.1' prefix='24'/></network>",
    "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/><portgroup name='eng'/></network>",
)


def many(described: dict[str, Any]) -> list[dict[str, Any]]:
    """A thousand that differ in what makes them themselves, in memory and in their disks."""
    guests = []
    for number in range(GUESTS):
        guest = copy.deepcopy(described)
        guest.update(name=f"web{number}", uuid=f"00000000-0000-0000-0000-{number:012d}", memory=16384 + number)
        guest["host"] = {**guest["host"], "name": "elsewhere", "uuid": "elsewhere"}
        guest["disks"] = [
            {
                "target": "vda", "device": "disk", "type": "file", "path": f"/srv/{number}.img", "readonly": False,
                "shareable": False, "cache": None, "startup": None, "shared": True,
            }
        ]  # fmt: skip
        for place, nic in enumerate(guest["nics"]):
            nic["mac"] = f"52:54:00:{place:02x}:{number // 256:02x}:{number % 256:02x}"
        guests.append(guest)
    return guests


def on_a_host(lab: list[str], shared: Path, guests: list[dict[str, Any]]) -> bool:
    """lab: the lab's command."""
    import ansible

    (shared / "guests.json").write_text(json.dumps(guests))
    (shared / "measure.py").write_text(Path(__file__).with_name("migrate_on_host.py").read_text())
    # A host need not see this checkout: it has a /tmp of its own.
    collection = shared / "python" / "ansible_collections" / "virtfleet" / "network"
    shutil.copytree(ROOT / "plugins", collection / "plugins", dirs_exist_ok=True)
    core = Path(ansible.__file__).parent
    shutil.copytree(core / "module_utils", shared / "python" / "ansible" / "module_utils", dirs_exist_ok=True)
    (shared / "python" / "ansible" / "__init__.py").touch()
    done = subprocess.run(
        [
            *lab, "exec", "kvm1", "--", "/usr/bin/python3", "/srv/shared/measure.py", "/srv/shared/python",
            "/srv/shared/guests.json", str(TURNS),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    info, check = told["virt_network_info"], told["virt_migrate_check"]
    beyond = check["cpu"] - info["cpu"]
    print(f"virt_migrate_check, {GUESTS} guests, against virt_network_info, medians of {TURNS} in turn:")
    print(f"  ratio: {check['seconds'] / info['seconds']:.2f} ({check['seconds']:.2f} s to {info['seconds']:.2f} s)")
    print(f"  the processor's seconds beyond: {beyond:.2f} (at most {SECONDS_BEYOND})")
    print(f"  memory: {check['megabytes']:.0f} MB (at most {MEGABYTES})")
    return bool(beyond <= SECONDS_BEYOND and check["megabytes"] < MEGABYTES)


def on_paper(guests: list[dict[str, Any]], info: dict[str, Any]) -> bool:
    """info: what virt_network_info tells of one host; the others have a fault in turn."""
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    from ansible_collections.virtfleet.network.plugins.filter.migrate_matrix import migrate_matrix
    from ansible_collections.virtfleet.network.plugins.filter.migrate_verdicts import migrate_verdicts

    hosts = {}
    for number in range(HOSTS):
        host = copy.deepcopy(info)
        host["host"].update(hostname=f"kvm{number}", uuid=f"uuid{number}")
        if number % 2:
            host["details"]["lan"]["autostart"] = False
        if number % 3 == 1:
            host["details"]["red"]["active"] = False
        hosts[host["host"]["hostname"]] = host
    text = json.dumps([guests, hosts])
    start = time.monotonic()
    guests, hosts = json.loads(text)
    read = time.monotonic() - start
    shown = migrate_matrix({"elsewhere": {"guests": guests}}, migrate_verdicts(guests, hosts))
    whole = time.monotonic() - start
    if len(shown["guests"]) != GUESTS or len(shown["guests"][0]["cells"]) != HOSTS:
        sys.exit("the matrix has not every guest on every host")
    print(f"a matrix of {GUESTS} guests by {HOSTS} hosts from saved facts, against reading those facts:")
    print(f"  ratio: {whole / read:.1f}; seconds: {whole:.1f} (at most {MATRIX_SECONDS})")
    return whole <= MATRIX_SECONDS


def measure(lab: list[str], shared: Path, described: dict[str, Any], info: dict[str, Any]) -> bool:
    guests = many(described)
    return all([on_a_host(lab, shared, guests), on_paper(guests, info)])
