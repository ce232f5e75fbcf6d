# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full, a clock that is set, a host that loses power, and files that this version did not write."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from batch import assert_refused, task

from .conftest import NETWORK, SHARED, assert_until, definition

pytestmark = pytest.mark.lab

JOURNAL = f"{SHARED}/system.journal"
LOCK = f"{SHARED}/system.lock"
WITH_MTU = {**NETWORK, "mtu": 1400}


@pytest.fixture
def lan(runs, host):
    made = runs.run(host, [task("virt_network", NETWORK)])
    assert made[0]["changed"], made
    return host


# The disk.


@pytest.mark.parametrize("lock", ["there", "missing"])
def test_a_full_disk(runs, lan, lock):
    """The directory is a file system of its own, all of which is taken."""
    fill = f"cp -a {LOCK} {SHARED}/lock-as-it-was; mount -t tmpfs -o size=64k,mode=2770 tmpfs {SHARED}"
    runs.on(lan, "sh", "-c", f"{fill}; chgrp libvirt {SHARED}")
    if lock == "there":
        runs.on(lan, "sh", "-c", f"echo 1 >{LOCK}")
    runs.on(lan, "sh", "-c", f"dd if=/dev/zero of={SHARED}/full bs=4k 2>/dev/null; true")
    before = runs.snapshot(lan)
    change = {"name": "lan", "mtu": 1400}
    checked, real, confirmed, same_checked = runs.run(
        lan,
        [
            task("virt_network", change, check=True),
            task("virt_network", change),
            task("virt_network", {**change, "confirm_timeout": 5}),
            task("virt_network", NETWORK, check=True),
        ],
    )
    for refused in (checked, real, confirmed):
        assert_refused(refused, "JOURNAL_UNWRITABLE", "space", "Nothing was changed")
        assert len(refused["msg"]) < 400
    assert not same_checked["failed"], same_checked
    assert not same_checked["changed"], same_checked
    assert runs.snapshot(lan) == before
    runs.on(lan, "sh", "-c", f"rm {SHARED}/full")
    assert runs.run(lan, [task("virt_network", change)])[0]["changed"]


LIBVIRTS = ["/etc/libvirt/qemu/networks", "/var/lib/libvirt/dnsmasq", "/run/libvirt/network"]
UNWRITABLE = {
    "read-only": "mount --bind {0} {0} && mount -o remount,ro,bind {0}",
    "full": "cp -a {0} /run/copy; mount -t tmpfs -o size=64k none {0} && cp -a /run/copy/. {0}; rm -rf /run/copy;"
    " dd if=/dev/zero of={0}/full bs=4k 2>/dev/null; true",
}


@pytest.mark.parametrize("directory", LIBVIRTS)
@pytest.mark.parametrize("how", UNWRITABLE)
def test_what_libvirt_could_not_write_is_not_begun(runs, lan, directory, how):
    """libvirt notices it in the middle, when it cannot put back the ports of guests either."""
    runs.on(lan, "sh", "-c", UNWRITABLE[how].format(directory))
    try:
        before = runs.snapshot(lan)
        change = {"name": "lan", "dns": {"hosts": [{"ip": "10.40.0.9", "hostnames": ["a"]}]}}
        checked, real = runs.run(lan, [task("virt_network", change, check=True), task("virt_network", change)])
        for refused in (checked, real):
            assert_refused(refused, "LIBVIRT_UNWRITABLE", directory, "Nothing was changed")
        assert runs.snapshot(lan) == before
    finally:
        runs.on(lan, "umount", directory)
    assert runs.run(lan, [task("virt_network", change)])[0]["changed"]


def test_a_disk_that_fills_up_meanwhile(runs, lan):
    """There is room for the journal, but none to note in it that the run came to its end."""
    fill = """
import os, runpy, sys
sys.path.insert(0, "/srv/shared/collections")
from ansible_collections.virtfleet.network.plugins.module_utils._run import execute, transaction
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import apply_networks
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import RunOptions, Safety
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
real = transaction.execute
def filled(*args):
    os.system("dd if=/dev/zero of=/var/lib/virtfleet-network/full bs=4k 2>/dev/null")
    return real(*args)
transaction.execute = filled
try:
    apply_networks([Desired("lan", declared={"mtu": 1400})],
                   RunOptions("qemu:///system", safety=Safety(confirm_timeout=60)))
except VirtfleetError as error:
    print(error.code, error.sentence)
"""
    runs.share_collection()
    runs.on(lan, "sh", "-c", f"mount -t tmpfs -o size=64k,mode=2770 tmpfs {SHARED}; chgrp libvirt {SHARED}")
    before = runs.snapshot(lan)
    said = runs.on(lan, "python3", "-c", fill)
    assert said.startswith("JOURNAL_UNWRITABLE"), said
    assert "Nothing was changed" not in said
    assert runs.snapshot(lan) == before
    runs.on(lan, "rm", f"{SHARED}/full")
    assert runs.run(lan, [task("virt_network", {"name": "lan", "mtu": 1400})])[0]["changed"]


# The clock.

# What a module sees of the wall clock, moved by what a file says at that moment.
SITECUSTOMIZE = """
import time
def moved(real, unit=1):
    def now(*clock):
        if clock and clock[0] != time.CLOCK_REALTIME:
            return real(*clock)
        try:
            with open("/run/clock") as file:
                return real(*clock) + int(file.read()) * unit
        except (OSError, ValueError):
            return real(*clock)
    return now
for name, unit in (("time", 1), ("time_ns", 10**9), ("clock_gettime", 1), ("clock_gettime_ns", 10**9)):
    setattr(time, name, moved(getattr(time, name), unit))
"""
MOVED = {"environment": {"PYTHONPATH": "/run/clocked"}}


@pytest.mark.parametrize("jump", [-(10**6), 10**6], ids=["back", "forward"])
def test_a_clock_that_is_set(runs, lan, jump):
    runs.on(
        lan, "sh", "-c", "mkdir -p /run/clocked; cat >/run/clocked/sitecustomize.py <<'EOF'\n" + SITECUSTOMIZE + "\nEOF"
    )
    runs.on(lan, "sh", "-c", "echo 0 >/run/clock")
    shell = {"ansible.builtin.shell": f"echo {jump} >/run/clock; python3 -c 'import time; print(int(time.time()))'"}
    done, clock, refused, confirmed = runs.run(
        lan,
        [
            task("virt_network", {"name": "lan", "mtu": 1300, "confirm_timeout": 30}, register="done", **MOVED),
            {**shell, **MOVED},
            task("virt_network", WITH_MTU, **MOVED),
            task("virt_network_confirm", {"run": "{{ done.confirm.run }}"}, **MOVED),
        ],
    )
    assert abs(int(clock["stdout"]) - time.time() - jump) < 600, "the clock was not moved, so this shows nothing"
    assert 0 < done["confirm"]["seconds"] <= 30
    assert_refused(refused, "UNCONFIRMED", "lan")
    assert confirmed["networks"] == ["lan"], confirmed
    runs.on(lan, "sh", "-c", "echo 0 >/run/clock")
    dump = {"ansible.builtin.command": "virsh net-dumpxml lan --inactive"}
    change = {"name": "lan", "mtu": 1200, "confirm_timeout": 25}
    _done, _clock, still = runs.run(lan, [task("virt_network", change, **MOVED), {**shell, **MOVED}, dump])
    assert "1200" in still["stdout"], "it was rolled back before its time"
    assert_until(lambda: "1300" in definition(runs, lan), 60)
    runs.on(lan, "rm", "-f", "/run/clock")


# The power.


def test_power_is_lost_in_a_batch(runs, host):
    """At every step of a change of two networks. The directory of the journal is on the host's disk."""
    keep = f"mkdir -p /srv/shared/{host}-state {SHARED} && mount --bind /srv/shared/{host}-state {SHARED}"
    second = {**NETWORK, "name": "dmz", "bridge": {"name": "virbr41"}, "ips": [{"address": "10.41.0.1", "prefix": 24}]}
    wanted = [{**NETWORK, "mtu": 1400, "autostart": True}, {**second, "mtu": 1400}]
    die = """
import os, signal, sys
sys.path.insert(0, "/srv/shared/collections")
from ansible_collections.virtfleet.network.plugins.module_utils._run import execute
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import apply_networks
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import RunOptions
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired
real, numbers = execute.run_step, iter(range(1000))
def counted(*args):
    done = real(*args)
    if next(numbers) == int(sys.argv[1]):
        print("dying", flush=True)
        signal.pause()
    return done
execute.run_step = counted
wanted = [Desired("lan", autostart=True, declared={"mtu": 1400}), Desired("dmz", declared={"mtu": 1400})]
apply_networks(wanted, RunOptions("qemu:///system"))
"""
    runs.share_collection()
    for step in range(0, 7, 2):
        runs.on(host, "sh", "-c", keep)
        runs.clean(host)
        runs.run(host, [task("virt_networks", {"networks": [NETWORK, second]})])
        killer = runs.argv("exec", host, "--", "python3", "-c", die, str(step))
        with subprocess.Popen(killer, stdout=subprocess.PIPE, text=True) as dying:
            assert dying.stdout.readline() == "dying\n"
            runs.lab("kill", host, "init")
            dying.wait(30)
        runs.boot()
        runs.on(host, "sh", "-c", keep)
        left = json.loads(runs.on(host, "cat", JOURNAL))
        assert [entry["network"] for entry in left["networks"]] == ["lan", "dmz"], step
        after, again = runs.run(host, [task("virt_networks", {"networks": wanted})] * 2)
        assert any("was interrupted" in warning for warning in after["warnings"]), after
        assert not again["changed"], again
        assert runs.on(host, "sh", "-c", f"ls {SHARED}").split() == ["system.lock"]
        active = runs.virsh(host, "net-list", "--name").split()
        assert sorted(active) == ["dmz", "lan"]
    runs.on(host, "umount", SHARED)


def test_a_reboot_ends_the_time_to_confirm(runs, lan):
    """Another boot of the kernel, as the journal tells it."""
    change = task("virt_network", {"name": "lan", "mtu": 1400, "confirm_timeout": 100}, register="done")
    done = runs.run(lan, [change])[0]
    edit = (
        f"import json; path = '{JOURNAL}'; left = json.load(open(path)); left['deadline']['boot'] = 'before'; "
        "left['deadline']['at'] += 10**6; json.dump(left, open(path, 'w'))"
    )
    # The guard does not outlive a reboot either.
    runs.on(lan, "pkill", "-9", "-P", "1", "-f", "^/usr/bin/python3")
    runs.on(lan, "python3", "-c", edit)
    refused, checked, after = runs.run(
        lan,
        [
            task("virt_network_confirm", {"run": done["confirm"]["run"]}),
            task("virt_network", {"name": "lan"}, check=True),
            task("virt_network", {"name": "lan"}),
        ],
    )
    assert_refused(refused, "NOT_PENDING", "reboot")
    assert any("not confirmed in time" in warning for warning in checked["warnings"]), checked
    assert any("not confirmed in time" in warning for warning in after["warnings"]), after
    assert "mtu" not in definition(runs, lan)


# Other files.

FILES = {
    "an older version's": json.dumps(
        {"run": "a" * 32, "networks": [{"network": "lan"}], "confirm_by": None, "finished": False}
    ),
    "the version before's": json.dumps({"format": 3, "run": "a", "networks": [{"network": "lan"}]}),
    "a newer version's": json.dumps({"format": 99, "run": "a", "networks": [{"network": "lan"}], "new": [1]}),
    "cut": '{"format": 4, "run": "a", "net',
    "empty": "",
    "nested": "[" * 100000,
    "of other types": json.dumps(
        {"format": 4, "run": 7, "user": [], "networks": {"network": 1}, "deadline": "soon", "finished": None}
    ),
    "no entries": json.dumps(
        {"format": 4, "run": "a", "user": "b", "networks": [{"network": "lan"}], "deadline": None, "finished": False}
    ),
    "bytes": "\x01\x02\x7f",
}


def test_files_that_this_version_did_not_write(runs, lan):
    change = {"name": "lan", "mtu": 1400}
    before = runs.snapshot(lan)
    tasks = []
    for content in FILES.values():
        tasks += [
            {"ansible.builtin.copy": {"dest": JOURNAL, "content": content}},
            task("virt_network", change),
            task("virt_network", change, check=True),
            task("virt_iface_pool", {"name": "lan", "members": ["p0"]}),
            task("virt_portgroup", {"network": "lan", "name": "eng"}),
            task("virt_network_confirm", {"run": "a" * 32}),
        ]
    results = runs.run(lan, tasks)
    for index, kind in enumerate(FILES):
        *changes, confirm = results[6 * index + 1 : 6 * index + 6]
        for refused in changes:
            assert_refused(refused, "JOURNAL_UNREADABLE", JOURNAL, "remove the file", "Nothing was changed")
            assert len(refused["msg"]) < 400, kind
        # It needs no more of a journal than whose it is.
        assert_refused(confirm, "NOT_PENDING" if kind == "no entries" else "JOURNAL_UNREADABLE")
    assert runs.snapshot(lan) == before
    content = {"ansible.builtin.shell": f"rm {JOURNAL}; head -c 3000 /dev/urandom >{LOCK}"}
    _written, checked, done = runs.run(
        lan, [content, task("virt_network", change, check=True), task("virt_network", change)]
    )
    assert checked["changed"], checked
    assert done["changed"], done
