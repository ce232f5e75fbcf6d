# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session of a task ends while its network is stopped, with and without a terminal."""

from __future__ import annotations

import time

import pytest
from batch import task
from replug.bench import HOST, NAME

pytestmark = pytest.mark.lab

NETWORK = {"forward": {}, "bridge": {"name": "virbr30"}, "mac": "52:54:00:aa:00:30"}
REPLUG = {"name": NAME, "mtu": 1400, "restart": "replug"}
# libvirt asks its hook before it starts a network.
HOOK = '#!/bin/sh\n[ "$2" != start ] || sleep 6\n'
# The processes of sshd that serve the connection.
SESSIONS = "sshd(-session)?: root@"


@pytest.fixture
def slow(bench):
    bench.hosts.on(HOST, "sh", "-c", "mkdir -p /etc/libvirt/hooks")
    path = "/etc/libvirt/hooks/network"
    bench.hosts.on(HOST, "sh", "-c", f'printf %s "$1" >{path}; chmod 755 {path}', "sh", HOOK)
    restart(bench)
    yield bench
    bench.hosts.on(HOST, "rm", path)
    restart(bench)


def restart(bench) -> None:
    bench.hosts.lab("stop", HOST, "libvirtd")
    bench.hosts.lab("start", HOST, "libvirtd")


@pytest.mark.parametrize("pipelining", [False, True], ids=["terminal", "pipe"])
def test_the_session_ends(slow, pipelining):
    start = slow.prepare(NETWORK, guest=True)
    variables = {"ansible_pipelining": pipelining}
    process, _lines = slow.hosts.start(HOST, [task("virt_network", REPLUG)], variables)
    try:
        # libvirt itself answers nothing about the network while it waits for the hook.
        until(lambda: "virbr30" not in slow.hosts.on(HOST, "ls", "/sys/class/net").split())
        slow.hosts.on(HOST, "pkill", "-9", "-f", SESSIONS)
        until(lambda: slow.look()["journals"] == [])
    finally:
        process.kill()
        process.wait()
    there = slow.look()
    assert there["journals"] == []
    assert there["ports"] == start["ports"]
    assert there["masters"] == start["masters"]
    assert there["stp"] == {"virbr30": "1"}
    # With a terminal it was told by SIGHUP, and rolled back; without one nobody told it, and it came to its end.
    assert ("1400" in there["networks"][NAME]["live"]) == pipelining


def until(check, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.3)
