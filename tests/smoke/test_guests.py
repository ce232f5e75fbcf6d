# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with guests in them: portgroups, a pool that is full, replug, and a run that is broken off."""

from __future__ import annotations

import fleet
from story import Call, Probe, Task, assert_quartet, guest, lab, nic, quartet, shell, story

LAN = {
    "name": "lan",
    "forward": {"mode": "nat"},
    "ips": [{"address": "10.20.0.1", "prefix": 24}],
    "bridge": {"name": "virbr20", "stp": False},
}
# No bandwidth, since it takes a qdisc that small kernels lack.
EDGE = {"name": "edge", "forward": {"mode": "bridge", "interfaces": [{"dev": "p0"}]}}
ROUTERS = {"network": "edge", "name": "routers", "trust_guest_rx_filters": True}
MACS = [f"52:54:00:20:00:0{number}" for number in range(6)]
# Which taps a bridge has. The guests' own, so sorted and without numbers.
TAPS = "ls /sys/class/net/virbr20/brif 2>/dev/null | sort; cat /sys/class/net/virbr20/mtu"


def portgroup(_host):
    return (
        Probe("before", clean=True),
        Call("edge", "virt_network", EDGE),
        *quartet("added", "virt_portgroup", ROUTERS),
        Probe("guest", run=(guest("web1", nic("edge", MACS[1], "routers")),)),
        *quartet("changed", "virt_portgroup", {**ROUTERS, "trust_guest_rx_filters": False}),
        Call("refused", "virt_portgroup", {"network": "edge", "name": "routers", "state": "absent"}),
        Probe("stopped", run=(("virsh", "destroy", "web1"),)),
        *quartet("removed", "virt_portgroup", {"network": "edge", "name": "routers", "state": "absent"}),
    )


@story(portgroup)
def test_a_portgroup(host, told):
    for name in ("added", "changed", "removed"):
        assert_quartet(told, name)
    assert [one["guest"] for one in told.ok("changed")["guests_on_old_settings"]] == ["web1"]
    assert told.refused("refused", "PORTGROUP_IN_USE")


def full_pool(_host):
    pool = {"name": "fast", "members": ["p0", "p1", "p2"]}
    return (
        Probe("before", clean=True),
        Call(
            "fast", "virt_network", {"name": "fast", "forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}}
        ),
        *quartet("grown", "virt_iface_pool", pool),
        Probe("full", run=tuple(guest(f"web{n}", nic("fast", MACS[n])) for n in range(3))),
        Call("changed", "virt_network", {"name": "fast", "trust_guest_rx_filters": True, "restart": "replug"}),
        Call("in_use", "virt_iface_pool", {"name": "fast", "members": ["p1"], "state": "absent"}),
        *quartet("drained", "virt_iface_pool", {"name": "fast", "members": ["p1"], "state": "absent", "drain": True}),
        *quartet("more", "virt_iface_pool", {"name": "fast", "members": ["p3"]}),
        Probe("next", run=(guest("web3", nic("fast", MACS[3])),)),
        Call("found", "virt_network_info"),
        Probe("after", run=(("virsh", "destroy", "web1"),)),
        Call("pool_after", "virt_network_info"),
    )


def held(pool):
    """Member -> who holds it, devices outside of the pool included."""
    return {
        member["name"]: [holder["name"] for holder in member["holders"]]
        for member in [*pool["members"], *pool["outside"]]
    }


@story(full_pool)
def test_a_pool_with_a_guest_on_every_member(host, told):
    for name in ("grown", "more"):
        assert_quartet(told, name)
    said = told.refused("in_use", "MEMBER_IN_USE")
    assert "p1" in said
    drained = assert_quartet(told, "drained")
    assert [one["member"] for one in drained["drained"]] == ["p1"]
    assert {"web0", "web1", "web2", "web3"} == set(told.snapshot("next").guests)
    holders = held(told.ok("found")["pools"]["fast"])
    assert sorted(holders) == ["p0", "p1", "p2", "p3"]
    assert sorted(name for names in holders.values() for name in names) == ["web0", "web1", "web2", "web3"]
    assert sorted(one["name"] for one in told.ok("changed")["replugged"]) == ["web0", "web1", "web2"]
    after = held(told.ok("pool_after")["pools"]["fast"])
    assert sorted(name for names in after.values() for name in names) == ["web0", "web2", "web3"]
    assert told.ok("pool_after")["pools"]["fast"]["miscounted"] == []


def replug(_host):
    change = {"name": "lan", "mtu": 1400, "restart": "replug"}
    return (
        Probe("before", clean=True),
        Call("lan", "virt_network", LAN),
        Probe("guests", run=tuple(guest(f"web{n}", nic("lan", MACS[n])) for n in (1, 2))),
        shell("taps", TAPS),
        Call("refused", "virt_network", {**change, "restart": "idle"}),
        Call("pending", "virt_network", {**change, "restart": "never"}, check=True),
        *quartet("done", "virt_network", change),
        shell("taps_after", TAPS),
        Call("found", "virt_network_info"),
    )


@story(replug)
def test_replug_with_running_guests(host, told):
    assert "web1" in told.refused("refused", "IN_USE")
    assert told.ok("pending")["pending"] == ["mtu"]
    assert {one["name"] for one in assert_quartet(told, "done")["replugged"]} == {"web1", "web2"}
    before, after = (told.ok(step)["stdout_lines"] for step in ("taps", "taps_after"))
    assert len(before) == 3
    assert after == [*before[:-1], "1400"]
    plugged = told.ok("found")["details"]["lan"]["plugged"]
    assert sorted(one["name"] for one in plugged) == ["web1", "web2"]


# libvirt calls it while it starts a network, and waits. It ends, once, whoever has libvirt's Python binding loaded (the
# module), or the daemon that calls it.
HOOK = """\
mkdir -p /etc/libvirt/hooks
cat > /etc/libvirt/hooks/network <<'END'
#!/bin/sh
cat > /dev/null
[ "$2 $3" = "start begin" ] && [ -e /run/break-off ] || exit 0
what=$(cat /run/break-off)
rm /run/break-off
if [ "$what" = daemon ]; then kill -9 $PPID; exit 0; fi
kill -9 $(grep -l libvirtmod /proc/[0-9]*/maps | cut -d/ -f3)
END
chmod 755 /etc/libvirt/hooks/network
"""


def broken_off(_host, what):
    change = {"name": "lan", "mtu": 1400, "restart": "replug"}
    return (
        Probe("before", clean=True),
        Call("lan", "virt_network", LAN),
        Probe("guests", run=tuple(guest(f"web{n}", nic("lan", MACS[n])) for n in (1, 2))),
        shell("taps", TAPS),
        shell("hook", HOOK),
        *_restarted(_host),
        shell("arm", f"echo {what} > /run/break-off"),
        Call("broken", "virt_network", change),
        shell("disarmed", "test ! -e /run/break-off; rm -f /etc/libvirt/hooks/network"),
        *([_started(_host)] if what == "daemon" else []),
        Call("again", "virt_network", change),
        Call("still", "virt_network", change, check=True),
        shell("taps_after", TAPS),
        Call("found", "virt_network_info"),
    )


def _restarted(host: fleet.Host):
    """A daemon looks for hooks when it starts."""
    return lab("restarted", "restart", host, host.of_networks), _settled("settled")


def _started(host: fleet.Host) -> Task:
    """Where no socket starts it."""
    return lab("started", "start", host, host.of_networks)


def _settled(name: str) -> Task:
    return shell(name, "for _ in $(seq 100); do virsh net-list && virsh list && break; sleep 0.1; done")


@story(broken_off, module="module", daemon="daemon")
def test_a_run_that_is_broken_off_is_taken_up(host, case, told):
    told.ok("restarted")
    broken = told.results["broken"]  # a killed module's is Ansible's own
    assert broken["failed"], broken
    assert not told["disarmed"]["failed"], "the hook was never called"
    if case == "daemon":
        told.ok("started")
        assert told["broken"]["code"] == "DAEMON_LOST", broken
        assert "Traceback" not in str(broken)
    told.ok("again")
    assert not told.ok("still")["changed"], told.ok("still")
    before, after = (told.ok(step)["stdout_lines"] for step in ("taps", "taps_after"))
    assert after == [*before[:-1], "1400"]
    plugged = told.ok("found")["details"]["lan"]["plugged"]
    assert sorted(one["name"] for one in plugged) == ["web1", "web2"]
