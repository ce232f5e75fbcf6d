# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition that libvirt accepted by an update and refuses in a define, and a change of it that is rolled back."""

from __future__ import annotations

import pytest
from batch import assert_refused, task

from .conftest import NETWORK, SHARED

pytestmark = pytest.mark.lab

UPDATES = (
    ("dns-host", "<host ip='10.0.0.9'><hostname>nine</hostname></host>"),
    ("dns-txt", "<txt name='t' value='v'/>"),
    ("portgroup", "<portgroup name='slow'><bandwidth><inbound average='100'/></bandwidth></portgroup>"),
    ("portgroup", "<portgroup name='tagged'><vlan><tag id='7'/></vlan></portgroup>"),
)
LIVE, CONFIG = ("--live",), ("--config",)
XML = "<network><name>mv</name><forward mode='bridge'><interface dev='p0'/></forward></network>"
# Without them, in another mode, which takes a restart.
CHANGE = {"name": "mv", "dns": {}, "portgroups": [], "forward": {"mode": "private", "dev": "p0"}}
MOVED = {**NETWORK, "ips": [{"address": "10.40.1.1", "prefix": 24}]}


@pytest.mark.parametrize("host", ["kvm1", "kvm2"], indirect=True)
@pytest.mark.parametrize("flags", [CONFIG, LIVE, LIVE + CONFIG], ids=" ".join)
def test_a_rollback_to_it(runs, host, flags):
    runs.define(host, XML)
    runs.virsh(host, "net-start", "mv")
    for section, xml in UPDATES:
        runs.virsh(host, "net-update", "mv", "add", section, xml, *flags)
    shown = "--inactive" if CONFIG[0] in flags else ""
    runs.on(host, "sh", "-c", f"virsh net-dumpxml mv {shown} >/run/mv.xml; ! virsh net-define /run/mv.xml")
    made = runs.run(host, [task("virt_network", NETWORK)])
    assert made[0]["changed"], made
    before = runs.snapshot(host)
    change = {"networks": [CHANGE, MOVED]}
    (refused,) = runs.run(host, [task("virt_networks", {**change, "verify_reach": ["10.40.0.1"]})])
    assert_refused(refused, "REACH_LOST", "rolled back")
    assert runs.snapshot(host) == before
    assert "system.journal" not in runs.on(host, "ls", SHARED)
    changed, again = runs.run(host, [task("virt_networks", change)] * 2)
    assert (changed["changed"], again["changed"]) == (True, False), (changed, again)
