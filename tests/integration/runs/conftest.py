# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `runs`: what one run leaves for the next, of whatever user, on libvirt 9.0 (kvm1) and 11.3 (kvm2)."""

from __future__ import annotations

import time

import pytest
from batch import Hosts, hosts_of

RELEASES = ("bookworm", "trixie")
NETWORK = {"name": "lan", "forward": {}, "bridge": {"name": "virbr40"}, "ips": [{"address": "10.40.0.1", "prefix": 24}]}
SHARED = "/var/lib/virtfleet-network"
MEMBERS = "/var/tmp/virtfleet-network"


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    with hosts_of("runs", tmp_path_factory.mktemp("runs"), RELEASES) as hosts:
        yield hosts


@pytest.fixture(params=["kvm2"])
def host(runs, request):
    """A host on which no run has been yet."""
    fresh(runs, request.param)
    yield request.param
    fresh(runs, request.param)


def fresh(runs: Hosts, host: str) -> None:
    """With users, and libvirt's socket as Debian has it; a host that lost power has forgotten both."""
    script = [f"umount -l {SHARED} 2>/dev/null; rm -rf {SHARED} {MEMBERS} /run/clock"]
    for name, options in (("alice", "-G libvirt"), ("bob", "-G libvirt"), ("mallory", "")):
        script.append(f"id {name} >/dev/null 2>&1 || useradd -m {options} {name}")
    script.append("chgrp libvirt /run/libvirt/libvirt-sock && chmod 0770 /run/libvirt/libvirt-sock")
    runs.on(host, "sh", "-c", "\n".join(script))
    runs.clean(host)


def as_user(name: str) -> dict:
    """Keywords of a task. Root needs no password to become somebody else by su."""
    return {"become": True, "become_method": "su", "become_user": name} if name != "root" else {}


def definition(runs: Hosts, host: str, name: str = "lan") -> str:
    return runs.virsh(host, "net-dumpxml", name, "--inactive", check=False)


def assert_until(check, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until
        time.sleep(0.2)
