# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest is checked and moved between every two hosts, there and back; the check and libvirt agree."""

from __future__ import annotations

from itertools import combinations

import fleet
import guests
import pytest
from harness.playbook import COLLECTION, Running
from story import Task, nic

PAIRS = list(combinations(fleet.HOSTS, 2))
# From and to which QEMU no running guest with virtio devices goes.
REFUSED = {("10.0", "11.1")}
LAN = {"name": "lan", "forward": {"mode": "nat"}, "ips": [{"address": "10.20.0.1", "prefix": 24}], "autostart": True}
RED = {"name": "red", "forward": {"mode": "bridge"}, "bridge": {"name": "br7"}, "autostart": True}
CLEAN = """
for guest in $(virsh list --name); do virsh destroy $guest; done
for network in $(virsh net-list --all --name); do virsh net-destroy $network; virsh net-undefine $network; done
# libvirt 7.0 forgets with its restart that it has to remove them
for link in /sys/class/net/macvtap*; do [ ! -e $link ] || ip link delete ${link##*/}; done
set -e
ip link show br7 || ip link add br7 type bridge
ip link set p1 master br7 up
ip link set br7 up
"""


def on(host: fleet.Host, name: str, module: str, options: object) -> Task:
    """module: of the collection, unless it has a dot."""
    return Task(name, {module if "." in module else COLLECTION + module: options, "delegate_to": host.name})


def moved(name: str, guest: str, of: fleet.Host, to: fleet.Host) -> tuple[Task, ...]:
    return (
        on(of, f"{name}_guest", "virt_guest_info", {"names": [guest]}),
        on(to, f"{name}_check", "virt_migrate_check", {"guests": f"{{{{ {name}_guest.guests }}}}", "fail_on": "never"}),
        on(of, name, "ansible.builtin.command", f"virsh migrate --live {guest} qemu+ssh://{to.name}/system"),
    )


def prepared() -> tuple[Task, ...]:
    return tuple(
        step
        for host in fleet.HOSTS
        for step in (
            on(host, f"{host.name}_clean", "ansible.builtin.shell", CLEAN),
            on(host, f"{host.name}_networks", "virt_networks", {"networks": [LAN, RED]}),
        )
    )


def there_and_back(number: int, one: fleet.Host, other: fleet.Host) -> tuple[Task, ...]:
    name = f"web{number}"
    xml = guests.domain_xml(
        name, [nic("lan", f"52:54:00:40:{number:02x}:01"), nic("red", f"52:54:00:40:{number:02x}:02")]
    )
    create = {"argv": ["virsh", "create", "/dev/stdin"], "stdin": xml}
    started = {"cmd": f"virsh domstate {name} 2>/dev/null || virsh create /dev/stdin", "stdin": xml}
    stopped = f"! virsh domstate {name} 2>/dev/null || virsh destroy {name}"
    return (
        on(one, "created", "ansible.builtin.command", create),
        *moved("there", name, one, other),
        # One that could not go there starts there for the way back.
        on(one, "stayed", "ansible.builtin.shell", stopped),
        on(other, "started", "ansible.builtin.shell", started),
        *moved("back", name, other, one),
        on(one, "gone", "ansible.builtin.shell", stopped),
        on(other, "gone_there", "ansible.builtin.shell", stopped),
    )


@pytest.fixture(scope="module")
def journeys(lab, outcomes):
    """Each pair's results. After the stories, which want the hosts to themselves."""
    told = {"prepared": prepared()}
    told |= {f"{one.said} {other.said}": there_and_back(n, one, other) for n, (one, other) in enumerate(PAIRS)}
    directory = fleet.OUTPUT / "migrate"
    directory.mkdir(exist_ok=True)
    running = Running(told, fleet.HOSTS[0].name, lab, directory)
    try:
        results = running.results()
        assert not [r for r in results["prepared"].values() if r["failed"]], running.tail()
        yield results
    finally:
        running.stop()


def _qemu(facts: dict[str, str]) -> str:
    return ".".join(facts["qemu"].split(".")[:2])


@pytest.mark.parametrize(("host", "other"), PAIRS, ids=[f"{one.said}-{other.said}" for one, other in PAIRS])
def test_a_guest_goes_there_and_back(host, other, versions, journeys):
    told = journeys[f"{host.said} {other.said}"]
    for way in ("there", "back"):
        verdicts = told[f"{way}_check"]["verdicts"]
        codes = [finding["code"] for verdict in verdicts for finding in verdict["findings"]]
        of, to = (host, other) if way == "there" else (other, host)
        refused = (_qemu(versions[of.name]), _qemu(versions[to.name])) in REFUSED
        assert codes == (["KNOWN_FAULT"] if refused else []), verdicts
        assert told[f"{way}_check"]["verdict"] == ("blocked" if refused else "ok")
        assert told[way]["failed"] == refused, told[way]["stderr"]
        stayed = told["stayed" if way == "there" else "gone_there"]
        assert ("running" in stayed["stdout"]) == refused, stayed
    assert not told["gone"]["failed"]
    assert not told["started"]["failed"], told["started"]["stderr"]
