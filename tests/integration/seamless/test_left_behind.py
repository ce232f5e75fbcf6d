# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt, or somebody, leaves in the middle of a replug does not keep the next run from putting all right."""

from __future__ import annotations

import hashlib

import pytest
from replug.bench import BRIDGE, HOST, NAME
from seamless.company import assert_whole, prepare

pytestmark = pytest.mark.lab

CHANGE = {"mtu": 1400, "restart": "replug"}
JOURNAL = "/var/lib/virtfleet-network/system.journal"
IPTABLES = "/usr/sbin/iptables"
# libvirt takes its rules away in the middle of a stop: its bridge is down by then, and still there.
DEADLY = """#!/bin/sh
case " $* " in
  *" --delete "*) rm "$0"; mv "$0.kept" "$0"; kill -9 "$(pgrep -o -x libvirtd)";;
esac
exec xtables-nft-multi iptables "$@"
"""
FULL = "mount -t tmpfs -o size=4k full /run/libvirt/network; dd if=/dev/zero of=/run/libvirt/network/fill bs=1k"


def interrupt_next_stop(bench):
    make = f'mv {IPTABLES} {IPTABLES}.kept; printf %s "$1" >{IPTABLES}; chmod +x {IPTABLES}'
    bench.hosts.on(HOST, "sh", "-c", make, "sh", DEADLY)


@pytest.mark.parametrize("company", [True, False])
def test_the_daemon_dies_in_the_middle_of_the_stop(bench, company):
    """It leaves the bridge with what was in it, and refuses to start the network beside that."""
    if company:
        prepare(bench, BRIDGE)
    else:
        bench.prepare(BRIDGE, guest=True)
    interrupt_next_stop(bench)
    # The fault comes at no step: it makes the bench accept that the run fails.
    said = bench.apply(CHANGE, {"step": 99, "when": "after", "how": "kill"})
    bench.start_daemon()
    assert said["code"] == "DAEMON_LOST", said
    left = bench.hosts.on(HOST, "ls", "/sys/class/net/virbr30/brif").split()
    assert [name[:4] for name in left] == (["vfbp"] if company else ["vnet"]), left
    again = bench.apply(CHANGE)
    assert "was interrupted" in again["warnings"][0], again
    there = bench.look()
    if company:
        assert_whole(there)
    assert set(there["masters"].values()) == {"virbr30"}, there
    assert {tap[0] for name, tap in there["taps"].items() if name != "vnet-ct"} == {"1400"}
    assert len(there["ports"]) == (2 if company else 1)
    assert bench.apply(CHANGE)["steps"] == []


def test_no_space_for_the_files_of_a_running_network(bench):
    """It fills up during the run. libvirt starts the network neither now nor in the rollback, and leaves its bridge:
    guests stay in the temporary one until there is space again."""
    prepare(bench, BRIDGE)
    stop = bench.apply(CHANGE)["steps"].index("destroy")
    prepare(bench, BRIDGE)
    bench.hosts.on(HOST, "sh", "-c", f"echo '{FULL}' >/run/fill")
    try:
        said = bench.apply(CHANGE, {"step": stop, "when": "before", "how": "!sh /run/fill"})
        assert said["code"] == "LIBVIRT_REFUSED", said
        assert said["left"], said
        there = bench.look()
        assert {master[:4] for master in there["masters"].values()} == {"vfbp"}, there
    finally:
        bench.hosts.on(HOST, "umount", "/run/libvirt/network")
    again = bench.apply(CHANGE)
    assert "was interrupted" in again["warnings"][0], again
    assert_whole(bench.look())
    assert bench.apply(CHANGE)["steps"] == []


def test_a_stop_by_somebody_else_is_interrupted(bench):
    """The start that follows plugs in who is in the bridge that was left."""
    bench.prepare(BRIDGE, guest=True)
    interrupt_next_stop(bench)
    bench.hosts.virsh(HOST, "net-destroy", NAME, check=False)
    bench.start_daemon()
    assert bench.look()["networks"][NAME]["live"] is None
    done = bench.apply({"state": "active"})
    assert done["steps"][0] == "start", done
    there = bench.look()
    assert list(there["masters"].values()) == ["virbr30"], there
    assert len(there["ports"]) == 1
    assert bench.apply({"state": "active"})["steps"] == []


@pytest.mark.parametrize("by_task", [True, False])
def test_a_network_that_does_not_run_keeps_its_temporary_bridge(bench, by_task):
    """Without the journal, too, no other task fails because of it, and guests return when the network runs."""
    prepare(bench, BRIDGE, isolated=True)
    bench.apply({"mtu": 1400, "restart": "seamless"}, {"step": 3, "when": "after", "how": "kill"})
    bench.hosts.on(HOST, "rm", JOURNAL)
    assert bench.look()["networks"][NAME]["live"] is None
    other = bench.apply({"name": "green", "forward": {}, "bridge": {"name": "virbr31"}})
    assert "cannot move back because the network has no bridge" in other["warnings"][0], other
    left = bench.look()["bypasses"][0]
    if by_task:
        assert bench.apply({"state": "active"})["steps"][0] == "start"
        assert sorted(bench.look()["masters"].values()) == [left, "virbr30", "virbr30"]
    else:
        bench.hosts.virsh(HOST, "net-start", NAME)
    done = bench.apply({"restart": "replug"})
    assert "and it was removed" in done["warnings"][0], done
    assert_whole(bench.look())
    assert bench.apply({"restart": "replug"})["steps"] == []


@pytest.mark.parametrize("step", ["aside", "destroy"])
def test_somebody_removes_the_temporary_bridge(bench, step):
    """And leaves its veth pair."""
    prepare(bench, BRIDGE)
    number = ("define", "bypass", "aside", "destroy").index(step)
    temporary = "vfbp" + hashlib.sha256(NAME.encode()).hexdigest()[:8]
    done = bench.apply(CHANGE, {"step": number, "when": "after", "how": f"!ip link del {temporary}"})
    assert done["code"] == "BYPASS_LOST", done
    assert done["left"] == [], done
    assert_whole(bench.look())
    assert "bypass" in bench.apply(CHANGE)["steps"]
    assert_whole(bench.look())
