# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock, a change in between, addresses that must stay in reach, and a change that undoes itself."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from batch import assert_refused, task

pytestmark = pytest.mark.lab

HOST = "kvm2"
LAN = {"name": "lan", "forward": {}, "bridge": {"name": "virbr40"}, "ips": [{"address": "10.40.0.1", "prefix": 24}]}
LOCK = "/var/lib/virtfleet-network/system.lock"
JOURNAL = "/var/lib/virtfleet-network/system.journal"


@pytest.fixture
def lan(hosts):
    hosts.clean(HOST)
    made = hosts.run(HOST, [task("virt_network", LAN)])
    assert made[0]["changed"], made
    yield hosts
    hosts.clean(HOST)


def controller(hosts) -> str:
    """The controller's address, as the host sees it."""
    host = hosts.address(HOST)
    return host.rpartition(".")[0] + ".254"


def cutting(hosts) -> dict:
    """A network that takes the way back to the controller: its subnet is a part of the hosts' own."""
    return {"ips": [{"address": hosts.address(HOST).rpartition(".")[0] + ".129", "prefix": 25}]}


def test_two_at_once(lan):
    hold = ["flock", LOCK, "-c", "echo held; read told; sleep 4"]
    argv = lan.argv("exec", HOST, "--", *hold)
    change = {"name": "lan", "portgroups": [{"name": "eng"}]}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        at_once = lan.run(HOST, [task("virt_network", {**change, "lock_timeout": 0})])[0]
        assert_refused(at_once, "LOCKED", "nothing was changed", "lock_timeout")
        print("let go", file=holder.stdin, flush=True)
        assert lan.run(HOST, [task("virt_network", change)])[0]["changed"]
        assert holder.poll() is not None


def test_a_change_in_between_is_noticed(lan):
    """The run stops at its lock, after which it reads; so the change comes while it holds the lock and has read."""
    on_host = """
import sys
sys.path.insert(0, "/srv/shared/collections")
import subprocess
from ansible_collections.virtfleet.network.plugins.module_utils._run import transaction
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import apply_networks
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import RunOptions
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
refuse = transaction._refuse_changed
def changed_by_virsh(conn, work):
    group = "<portgroup name='ops'/>"
    subprocess.run(["virsh", "net-update", "lan", "add", "portgroup", group, "--live", "--config"], check=True,
                   stdout=subprocess.DEVNULL)
    refuse(conn, work)
transaction._refuse_changed = changed_by_virsh
wanted = Desired("lan", declared={"mtu": 1400})
try:
    apply_networks([wanted], RunOptions("qemu:///system"))
except VirtfleetError as error:
    print(error.code, error.sentence)
"""
    lan.share_collection()
    said = lan.on(HOST, "python3", "-c", on_host)
    assert said.startswith("CHANGED_MEANWHILE"), said
    xml = lan.virsh(HOST, "net-dumpxml", "lan", "--inactive")
    assert "ops" in xml
    assert "mtu" not in xml
    assert lan.run(HOST, [task("virt_network", {"name": "lan", "mtu": 1400})])[0]["changed"]


def test_what_cannot_be_reached_before(lan):
    options = {"name": "lan", "mtu": 1400, "verify_reach": [controller(lan), "10.40.0.77"]}
    before = lan.snapshot(HOST)
    assert_refused(lan.run(HOST, [task("virt_network", options)])[0], "REACH_MISSING", "10.40.0.77")
    assert lan.snapshot(HOST) == before


def test_reach_lost_is_given_back(lan):
    """The change cuts the host off, the host sees that by itself, and the task's answer comes after all."""
    before = lan.virsh(HOST, "net-dumpxml", "lan", "--inactive")
    options = {"name": "lan", **cutting(lan), "verify_reach": [controller(lan)]}
    refused = lan.run(HOST, [task("virt_network", options)])[0]
    assert refused["failed"]
    assert refused["code"] == "REACH_LOST", refused
    assert "rolled back" in refused["msg"]
    assert refused["left"] == []
    assert lan.virsh(HOST, "net-dumpxml", "lan", "--inactive") == before
    assert "10.40.0.1" in lan.on(HOST, "ip", "-br", "address", "show", "virbr40")


def test_an_unconfirmed_change_undoes_itself(lan):
    """Nobody can confirm it: the host cannot answer the controller any more."""
    before = lan.virsh(HOST, "net-dumpxml", "lan", "--inactive")
    process, _lines = lan.start(HOST, [task("virt_network", {"name": "lan", **cutting(lan), "confirm_timeout": 6})])
    assert_until(lambda: ".129" in lan.on(HOST, "ip", "-br", "address", "show", "virbr40", check=False), 20)
    cut_off = not answers(lan)
    assert_until(lambda: "10.40.0.1" in lan.on(HOST, "ip", "-br", "address", "show", "virbr40", check=False), 20)
    assert cut_off, "the change did not cut the host off, so this shows nothing"
    assert_until(lambda: answers(lan), 10)
    process.kill()
    process.wait()
    assert lan.virsh(HOST, "net-dumpxml", "lan", "--inactive") == before
    assert lan.on(HOST, "sh", "-c", f"test -e {JOURNAL} || echo gone").strip() == "gone"
    assert not lan.run(HOST, [task("virt_network", LAN)])[0]["changed"]


def test_a_confirmed_change_stays(lan):
    change = {"name": "lan", "mtu": 1400, "confirm_timeout": 8}
    confirm = {"run": "{{ done.confirm.run }}"}
    done, meanwhile, confirmed, again = lan.run(
        HOST,
        [
            task("virt_network", change, register="done"),
            task("virt_network", {"name": "lan", "mtu": 1300}),
            task("virt_network_confirm", confirm),
            task("virt_network_confirm", confirm),
        ],
    )
    assert 0 < done["confirm"]["seconds"] <= 8
    assert_refused(meanwhile, "UNCONFIRMED", "lan", "nothing was changed")
    assert confirmed["networks"] == ["lan"]
    assert_refused(again, "NOT_PENDING", "already confirmed")
    time.sleep(9)
    assert "1400" in lan.virsh(HOST, "net-dumpxml", "lan")
    assert json.loads(lan.on(HOST, "ip", "-json", "link", "show", "virbr40"))[0]["mtu"] == 1400


def test_one_that_nobody_confirms_is_taken_back_by_the_next_run_when_its_guard_died(lan):
    options = {"name": "lan", "mtu": 1400, "confirm_timeout": 5}
    done = lan.run(HOST, [task("virt_network", options)])[0]
    assert done["changed"]
    # The guard is what is left of the module, and nobody's child any more.
    lan.on(HOST, "pkill", "-9", "-P", "1", "-f", "^/usr/bin/python3")
    time.sleep(6)
    assert "1400" in lan.virsh(HOST, "net-dumpxml", "lan"), "the guard was not killed, so this shows nothing"
    after = lan.run(HOST, [task("virt_network", {"name": "lan", "autostart": True})])[0]
    assert any("not confirmed in time" in warning for warning in after["warnings"]), after
    assert "mtu" not in lan.virsh(HOST, "net-dumpxml", "lan")


def answers(hosts) -> bool:
    done = subprocess.run(
        ["ping", "-c", "1", "-W", "1", hosts.address(HOST)], capture_output=True, check=False, timeout=10
    )
    return done.returncode == 0


def assert_until(check, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until
        time.sleep(0.2)
