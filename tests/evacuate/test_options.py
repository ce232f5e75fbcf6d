# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How guests migrate: what QEMU does while the playbooks run, read from QEMU and the kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import pytest
from fleet import Fleet, outcome, stays
from guests import domain_xml

pytestmark = pytest.mark.lab

SOURCE = ("-e", "source=kvm1")
SETTINGS = "for what in parameters capabilities; do virsh qemu-monitor-command web1 --hmp info migrate_$what; done"
# What QEMU has for migrations that are encrypted, made of what the lab has for libvirt.
CERTIFICATES = (
    "mkdir -p /etc/pki/qemu; cp /etc/pki/CA/cacert.pem /etc/pki/qemu/ca-cert.pem; for end in server client; do "
    "cp /etc/pki/libvirt/${end}cert.pem /etc/pki/qemu/$end-cert.pem; "
    "cp /etc/pki/libvirt/private/${end}key.pem /etc/pki/qemu/$end-key.pem; done"
)
# Variables of the inventory, and what QEMU then says of itself.
OPTIONS = (
    ({}, ["max-bandwidth: 1048576 bytes", "multifd: off", "auto-converge: off", "postcopy-ram: off"]),
    ({"migrate_parallel": 3}, ["multifd: on", "multifd-channels: 3"]),
    ({"migrate_auto_converge": True}, ["auto-converge: on"]),
    ({"migrate_compression": "xbzrle"}, ["xbzrle: on"]),
    ({"migrate_post_copy": True}, ["postcopy-ram: on"]),
    ({"migrate_tls": True}, ["tls-creds: 'objlibvirt_migrate_tls0'"]),
    ({"migrate_tls": True, "migrate_parallel": 2}, ["tls-creds: 'objlibvirt_migrate_tls0'", "multifd-channels: 2"]),
)


def moved_while(
    fleet: Fleet, here: str, playbook: tuple[str, ...], look: tuple[str, ...], wanted: Sequence[str]
) -> None:
    """A migration of web1, during which a command on the source says all that is wanted."""
    run = fleet.begin(*playbook, "-e", "migrate_bandwidth=1")
    fleet.wait_for_job(here, "web1", run)
    for _attempt in range(100):
        seen = fleet.agents[here].run(*look)
        if all(one in seen for one in wanted):
            break
        time.sleep(0.2)
    fleet.agents[here].run("virsh", "migrate-setspeed", "web1", "1000")
    code, output = fleet.end(run)
    assert (code, outcome(output)["web1"][2]) == (0, "moved"), output
    assert [one for one in wanted if one not in seen] == [], (playbook, seen)


def test_every_option_reaches_qemu(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
        fleet.agents[host].run("sh", "-ec", CERTIFICATES)
    fleet.heavy_guest("kvm1", "web1", 1)
    ways = [("kvm1", ("evacuate", *SOURCE)), ("kvm2", ("return", "-e", "host=kvm1"))]
    for number, (options, wanted) in enumerate(OPTIONS):
        here, playbook = ways[number % 2]
        asked = (*playbook, "-e", json.dumps(options))
        moved_while(fleet, here, asked, ("sh", "-ec", SETTINGS), wanted)


def test_the_memory_takes_the_network_that_the_inventory_names(fleet: Fleet) -> None:
    for number in (1, 2):
        fleet.networks(f"kvm{number}")
        fleet.agents[f"kvm{number}"].run("ip", "address", "replace", f"10.9.0.{number}/24", "dev", "eth0")
    fleet.heavy_guest("kvm1", "web1", 1)
    traffic = {"migrate_traffic_uri": "tcp://10.9.0.{{ inventory_hostname[3:] }}"}
    asked = ("evacuate", *SOURCE, "-e", json.dumps(traffic))
    look = ("ss", "-Htn", "state", "established", "dst", "10.9.0.2")
    moved_while(fleet, "kvm1", asked, look, ["10.9.0.2:49"])


def test_encryption_that_a_host_is_not_ready_for_is_refused(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
        fleet.agents[host].run("rm", "-rf", "/etc/pki/qemu")
    fleet.guest("kvm1", "web1", ["lan"], 1)
    code, output = fleet.play("evacuate", *SOURCE, "-e", "migrate_tls=true")
    assert (code != 0, outcome(output)["web1"][2]) == (True, "failed"), output
    assert "/etc/pki/qemu" in output
    assert (fleet.running("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())


def test_a_disk_that_libvirt_calls_unsafe_moves_only_when_asked(fleet: Fleet) -> None:
    """The file is on both hosts, which libvirt does not know."""
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.agents["kvm1"].run("truncate", "-s", "1M", "/srv/shared/disk.img")
    disk = "<disk type='file'><source file='/srv/shared/disk.img'/><target dev='vda' bus='virtio'/></disk></devices>"
    fleet.agents["kvm1"].tell("define", xml=domain_xml("web1").replace("</devices>", disk))
    fleet.agents["kvm1"].run("virsh", "start", "web1")
    code, output = fleet.play("evacuate", *SOURCE)
    assert (code != 0, stays(output), "DISK_UNREACHABLE" in output) == (True, {"web1"}, True), output
    assert fleet.running("kvm1") == {"web1"}
    code, output = fleet.play("evacuate", *SOURCE, "-e", "migrate_unsafe=true")
    assert code == 0, output
    assert (fleet.defined("kvm1"), fleet.running(outcome(output)["web1"][1])) == (set(), {"web1"})
