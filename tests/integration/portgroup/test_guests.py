# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portgroups with guests plugged in: what reaches Open vSwitch, who is on old settings and how they get off them, who
is in the way of a removal, and the books of a pool."""

from __future__ import annotations

import time

import pytest
from batch import assert_refused, task

from .conftest import OVS

pytestmark = pytest.mark.lab

MAC = "52:54:00:00:00:0{}".format
PASSTHROUGH = (
    "<network><name>red</name><forward mode='passthrough'>{}</forward><portgroup name='eng'/></network>".format(
        "".join(f"<interface dev='p{n}'/>" for n in range(4))
    )
)


def names(result: dict) -> list[tuple[str, str, list[str]]]:
    return [(one["guest"], one["mac"], one["differs"]) for one in result["guests_on_old_settings"]]


@pytest.mark.parametrize(
    ("vlan", "seen"),
    [
        ({"tags": [{"id": 40}]}, {"tag": "40", "trunks": "[]", "vlan_mode": "[]"}),
        ({"trunk": True, "tags": [{"id": 50}, {"id": 51}]}, {"tag": "[]", "trunks": "[50, 51]", "vlan_mode": "[]"}),
        (
            {"tags": [{"id": 50, "native_mode": "untagged"}, {"id": 51}]},
            {"tag": "50", "trunks": "[50, 51]", "vlan_mode": "native-untagged"},
        ),
        (
            {"tags": [{"id": 50, "native_mode": "tagged"}, {"id": 51}]},
            {"tag": "50", "trunks": "[50, 51]", "vlan_mode": "native-tagged"},
        ),
    ],
    ids=["tag", "trunk", "native untagged", "native tagged"],
)
def test_open_vswitch_has_it(hosts, where, vlan, seen):
    """And a guest that was plugged in before is named, with a command that really sets it."""
    hosts.started(where, OVS.format("<portgroup name='eng'/>"))
    hosts.guest(where, "old", ("red", MAC(1), "eng"))
    real = hosts.quartet(where, name="eng", vlan=vlan)
    assert names(real) == [("old", MAC(1), ["vlan"])]
    hosts.guest(where, "new", ("red", MAC(2), "eng"))
    assert hosts.ovs_port(where, "new", MAC(2)) == seen
    assert hosts.ovs_port(where, "old", MAC(1)) == {"tag": "[]", "trunks": "[]", "vlan_mode": "[]"}
    methods = {one["method"]: one["sentence"] for one in real["guests_on_old_settings"][0]["methods"]}
    hosts.on(where, "sh", "-c", methods["ovs-vsctl"].partition(" sets it")[0])
    assert hosts.ovs_port(where, "old", MAC(1)) == seen


def test_only_who_is_on_old_settings_is_named(hosts, where):
    groups = "<portgroup name='eng' default='yes'><vlan><tag id='40'/></vlan></portgroup><portgroup name='acc'/>"
    hosts.started(where, OVS.format(groups))
    hosts.guest(where, "web1", ("red", MAC(1), None), ("red", MAC(2), "eng"), ("red", MAC(3), "acc"))
    hosts.guest(where, "off", ("red", MAC(4), "eng"), start=False)
    unchanged, changed, moved, back = hosts.portgroup(
        where,
        {"name": "eng", "vlan": {"tags": [{"id": 40}]}},
        {"name": "eng", "vlan": {"tags": [{"id": 41}]}},
        {"name": "acc", "default": True, "vlan": {}},
        {"name": "eng", "default": True, "vlan": {"tags": [{"id": 40}]}},
    )
    assert names(unchanged) == []
    assert sorted(names(changed)) == [("web1", MAC(1), ["vlan"]), ("web1", MAC(2), ["vlan"])]
    assert names(moved) == [("web1", MAC(1), ["vlan"])]
    assert names(back) == []


@pytest.mark.slow
def test_every_way_works(hosts):
    """Taken out and put in, migrated away and back, started anew, limits set: nobody is named afterwards."""
    group = {"name": "eng", "vlan": {"tags": [{"id": 40}]}}
    for host in ("kvm1", "kvm2"):
        hosts.started(host, OVS.format("<portgroup name='eng'/>"))
        hosts.portgroup(host, group)
    hosts.pinging("kvm1", "pong", ("red", MAC(1), "eng"))
    nic = f"<interface type='network'><mac address='{MAC(1)}'/><source network='red' portgroup='eng'/>"
    file = hosts.file("kvm1", f"{nic}<model type='virtio'/></interface>")

    def vlan(tag: int) -> dict:
        options = {"name": "eng", "vlan": {"tags": [{"id": tag}]}}
        hosts.portgroup("kvm2", options)
        return hosts.portgroup("kvm1", options)[0]

    assert names(vlan(41)) == [("pong", MAC(1), ["vlan"])]
    hosts.virsh("kvm1", "detach-device", "pong", file, "--live")
    for _second in range(60):
        if MAC(1) not in hosts.virsh("kvm1", "domiflist", "pong"):
            break
        time.sleep(1)
    hosts.virsh("kvm1", "attach-device", "pong", file, "--live")
    assert names(vlan(41)) == []
    assert hosts.ovs_port("kvm1", "pong", MAC(1))["tag"] == "41"

    assert names(vlan(42)) == [("pong", MAC(1), ["vlan"])]
    hosts.virsh("kvm1", "migrate", "--live", "pong", "qemu+ssh://kvm2/system")
    assert hosts.ovs_port("kvm2", "pong", MAC(1))["tag"] == "42"
    hosts.virsh("kvm2", "migrate", "--live", "pong", "qemu+ssh://kvm1/system")
    assert names(vlan(42)) == []
    assert hosts.ovs_port("kvm1", "pong", MAC(1))["tag"] == "42"

    limits = {"name": "eng", "bandwidth": {"outbound": {"average": 300, "burst": 100}}}
    (limited,) = hosts.portgroup("kvm1", limits)
    assert names(limited) == [("pong", MAC(1), ["bandwidth"])]
    methods = {one["method"]: one["sentence"] for one in limited["guests_on_old_settings"][0]["methods"]}
    assert list(methods)[:2] == ["update", "domiftune"]
    hosts.on("kvm1", "sh", "-c", methods["domiftune"].partition(" sets it")[0])
    assert names(hosts.portgroup("kvm1", limits)[0]) == []

    hosts.guest("kvm1", "idle", ("red", MAC(2), "eng"))
    assert ("idle", MAC(2), ["vlan"]) in names(vlan(43))
    hosts.virsh("kvm1", "destroy", "idle")
    hosts.virsh("kvm1", "start", "idle")
    assert [name for name, _mac, _what in names(vlan(43))] == ["pong"]


def test_a_device_update_is_no_way(hosts, where):
    """libvirt 9.0 refuses it, 11.3 takes it and leaves the tag of a VLAN that is gone."""
    hosts.started(where, OVS.format("<portgroup name='eng'><vlan><tag id='40'/></vlan></portgroup>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))
    hosts.portgroup(where, {"name": "eng", "vlan": {}})
    nic = f"<interface type='network'><mac address='{MAC(1)}'/><source network='red' portgroup='eng'/>"
    file = hosts.file(where, f"{nic}<model type='virtio'/></interface>")
    hosts.virsh(where, "update-device", "web1", file, "--live", check=False)
    assert hosts.ovs_port(where, "web1", MAC(1))["tag"] == "40"


def test_in_use_is_refused_and_allowed(hosts, where):
    hosts.started(where, OVS.format("<portgroup name='eng' default='yes'/><portgroup name='acc'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "acc"))
    hosts.guest(where, "db1", ("red", MAC(2), "acc"), start=False)
    hosts.guest(where, "app1", ("red", MAC(3), None), start=False)
    before = hosts.snapshot(where)
    acc, checked, eng = hosts.run(
        where,
        [
            task("virt_portgroup", {"network": "red", "name": "acc", "state": "absent"}),
            task("virt_portgroup", {"network": "red", "name": "acc", "state": "absent"}, check=True),
            task("virt_portgroup", {"network": "red", "name": "eng", "state": "absent"}),
        ],
    )
    for refused in (acc, checked):
        assert_refused(refused, "PORTGROUP_IN_USE", "web1", MAC(1), "db1", "not running", "in_use: allow")
        assert [(one["guest"], one["running"]) for one in refused["guests"]] == [("db1", False), ("web1", True)]
    assert_refused(eng, "PORTGROUP_IN_USE", "app1")
    assert [one["by_default"] for one in eng["guests"]] == [True]
    assert hosts.snapshot(where) == before
    hosts.quartet(where, name="acc", state="absent", in_use="allow")
    assert all(set(groups) == {"eng"} for groups in hosts.groups(where))
    assert "web1" in hosts.virsh(where, "list", "--name")


def test_a_connection_without_guests_says_so(hosts):
    hosts.started("kvm1", OVS.format("<portgroup name='eng'/>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    options = {"network": "red", "name": "eng", "uri": "network:///system"}
    absent, changed = hosts.run(
        "kvm1",
        [
            task("virt_portgroup", {**options, "state": "absent"}),
            task("virt_portgroup", {**options, "vlan": {"tags": [{"id": 4}]}}),
        ],
    )
    assert_refused(absent, "GUESTS_UNKNOWN", "qemu:///system")
    assert changed["changed"]
    assert changed["guests_on_old_settings"] is None
    assert changed["warnings"]


def test_the_books_of_a_pool_stay_right(hosts, where):
    """libvirt's own update forgets which members are taken; ours does not, and touches no macvtap."""
    hosts.started(where, PASSTHROUGH)
    for n in (1, 2):
        hosts.guest(where, f"g{n}", ("red", MAC(n), "eng"))
    assert hosts.books(where, "red") == (2, 2)
    macvtaps = hosts.macvtaps(where)
    assert len(macvtaps) == 2

    real = hosts.quartet(where, name="eng", trust_guest_rx_filters=True)
    assert [step["action"] for step in real["steps"]] == ["define", "release", "update", "reclaim"]
    assert names(real) == [(f"g{n}", MAC(n), ["trust_guest_rx_filters"]) for n in (1, 2)]
    (found,) = hosts.run(where, [task("virt_network_info", {})])
    assert found["details"]["red"]["guests_on_old_settings"] == real["guests_on_old_settings"]
    assert hosts.books(where, "red") == (2, 2)
    assert hosts.macvtaps(where) == macvtaps

    hosts.guest(where, "g3", ("red", MAC(3), "eng"))
    assert hosts.books(where, "red") == (3, 3)
    for n in (1, 2, 3):
        hosts.virsh(where, "destroy", f"g{n}")
    assert hosts.books(where, "red") == (0, 0)
    for n in (1, 2, 3):
        hosts.virsh(where, "start", f"g{n}")
    hosts.guest(where, "g4", ("red", MAC(4), None))
    assert hosts.books(where, "red") == (4, 4), "every member is there for the taking"


def test_libvirts_own_update_gets_them_wrong(hosts, where):
    """What the planner is there for. When this fails, libvirt has learnt to count."""
    hosts.started(where, PASSTHROUGH)
    hosts.guest(where, "g1", ("red", MAC(1), "eng"))
    assert hosts.books(where, "red") == (1, 1)
    xml = hosts.file(where, "<portgroup name='eng' trustGuestRxFilters='yes'/>")
    hosts.virsh(where, "net-update", "red", "modify", "portgroup", xml, "--live")
    assert hosts.books(where, "red") == (0, 1)
    hosts.guest(where, "g2", ("red", MAC(2), "eng"), start=False)
    started = hosts.lab("exec", where, "--", "virsh", "start", "g2", check=False)
    assert started.returncode, "the member of another guest is handed out a second time"
    assert "macvtap" in started.stderr


def test_the_books_of_a_network_without_a_pool_are_right_too(hosts):
    hosts.started("kvm1", OVS.format("<portgroup name='eng'/>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    ports = hosts.virsh("kvm1", "net-port-list", "red")
    (changed,) = hosts.portgroup("kvm1", {"name": "eng", "vlan": {"tags": [{"id": 4}]}})
    assert [step["action"] for step in changed["steps"]] == ["define", "release", "update", "reclaim"]
    assert hosts.virsh("kvm1", "net-port-list", "red") == ports
    assert "connections='1'" in hosts.virsh("kvm1", "net-dumpxml", "red")
    hosts.virsh("kvm1", "destroy", "web1")
    hosts.virsh("kvm1", "start", "web1")
    assert len(hosts.virsh("kvm1", "net-port-list", "red").split()) == 1
    assert "connections='1'" in hosts.virsh("kvm1", "net-dumpxml", "red")
