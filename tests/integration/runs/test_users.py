# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several users of one daemon: one lock, one journal, and a change that waits is seen by all."""

from __future__ import annotations

import subprocess

import pytest
from batch import assert_refused, task

from .conftest import MEMBERS, NETWORK, SHARED, as_user, assert_until, definition

pytestmark = pytest.mark.lab

PAIRS = [("root", "alice"), ("alice", "root"), ("alice", "bob")]
WITH_MTU = {**NETWORK, "mtu": 1400}


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_change_that_waits_is_seen_by_everybody_and_confirmed_by_anybody(runs, host, first, second):
    confirm = {"run": "{{ done.confirm.run }}"}
    done, seen, checked, confirmed, after = runs.run(
        host,
        [
            task("virt_network", {**NETWORK, "confirm_timeout": 60}, register="done", **as_user(first)),
            task("virt_network", WITH_MTU, **as_user(second)),
            task("virt_network", WITH_MTU, check=True, **as_user(second)),
            task("virt_network_confirm", confirm, **as_user(second)),
            task("virt_network", WITH_MTU, **as_user(second)),
        ],
    )
    assert done["changed"], done
    assert_refused(seen, "UNCONFIRMED", "lan", f"by user {first}", "nothing was changed")
    assert_refused(checked, "UNCONFIRMED", "lan", f"by user {first}")
    assert confirmed["networks"] == ["lan"], confirmed
    assert after["changed"], after


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_change_that_was_reported_is_rolled_back(runs, host, first, second):
    """The second user tries while the first one's change waits, then again when it has rolled itself back."""
    runs.run(host, [task("virt_network", NETWORK, **as_user("root"))])
    done, refused = runs.run(
        host,
        [
            task("virt_network", {**NETWORK, "mtu": 1300, "confirm_timeout": 6}, **as_user(first)),
            task("virt_network", WITH_MTU, **as_user(second)),
        ],
    )
    assert done["changed"], done
    assert_refused(refused, "UNCONFIRMED", f"by user {first}")
    assert_until(lambda: "1300" not in definition(runs, host), 20)
    after = runs.run(host, [task("virt_network", WITH_MTU, **as_user(second))])[0]
    assert after["changed"], after
    assert "1400" in definition(runs, host)


@pytest.mark.parametrize(
    ("first", "second", "there"),
    [(*pair, "nothing") for pair in PAIRS] + [("alice", "bob", "shared"), ("bob", "root", "members")],
)
def test_one_lock(runs, host, first, second, there):
    """Whoever came to the host first, and wherever the lock is."""
    maker = {"nothing": first, "shared": "root", "members": "alice"}[there]
    runs.run(host, [task("virt_network", NETWORK, **as_user(maker))])
    directory = runs.on(host, "sh", "-c", f"ls -d {SHARED} {MEMBERS} 2>/dev/null", check=False).split()[0]
    hold = f"exec 9<{directory}/system.lock; flock 9; echo held; read told"
    argv = runs.argv("exec", host, "--", "su", first, "-c", hold)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        real, checked = runs.run(
            host,
            [
                task("virt_network", {**WITH_MTU, "lock_timeout": 0}, **as_user(second)),
                task("virt_network", {**WITH_MTU, "lock_timeout": 0}, check=True, **as_user(second)),
            ],
        )
        holder.communicate("let go\n")
    assert_refused(real, "LOCKED", "nothing was changed", "lock_timeout")
    assert_refused(checked, "LOCKED", "nothing was changed", "lock_timeout")
    after = runs.run(host, [task("virt_network", WITH_MTU, **as_user(second))])[0]
    assert after["changed"], after


def test_root_opens_the_directory_and_retires_the_members_own(runs, host):
    runs.run(host, [task("virt_network", NETWORK, **as_user("alice"))])
    assert runs.on(host, "stat", "-c", "%U:%G %a", MEMBERS).strip() == "alice:libvirt 2770"
    runs.run(host, [task("virt_network", WITH_MTU)])
    assert runs.on(host, "stat", "-c", "%U:%G %a", SHARED).strip() == "root:libvirt 2770"
    assert not runs.on(host, "sh", "-c", f"ls -d {MEMBERS} 2>/dev/null; true").strip()
    results = runs.run(host, [task("virt_network", {"name": "lan", "mtu": 1300}, **as_user("bob"))])
    assert results[0]["changed"], results


def test_what_an_older_version_left_closed_is_said_and_opened_by_root(runs, host):
    runs.on(host, "sh", "-c", f"install -d -m 0700 {SHARED}; install -m 0644 /dev/null {SHARED}/system.lock")
    refused, checked, root, after = runs.run(
        host,
        [
            task("virt_network", NETWORK, **as_user("alice")),
            task("virt_network", NETWORK, check=True, **as_user("alice")),
            task("virt_network", NETWORK),
            task("virt_network", WITH_MTU, **as_user("alice")),
        ],
    )
    assert_refused(refused, "STATE_UNUSABLE", SHARED, "as root", "Nothing was changed")
    assert_refused(checked, "STATE_UNUSABLE", SHARED)
    assert root["changed"], root
    assert after["changed"], after


HOSTILE = {
    "a link": f"ln -s /etc {MEMBERS}",
    "a link to what root made": f"mkdir /home/mallory/d; ln -s /home/mallory/d {MEMBERS}",
    "a directory": f"mkdir -m 2777 {MEMBERS}; echo '{{}}' >{MEMBERS}/system.journal",
    "a file": f"echo x >{MEMBERS}",
    "a fifo": f"mkfifo -m 666 {MEMBERS}",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_an_outsider_puts_there_is_not_believed(runs, host, kind):
    runs.on(host, "su", "mallory", "-c", HOSTILE[kind])
    refused, root, after = runs.run(
        host,
        [
            task("virt_network", NETWORK, **as_user("alice")),
            task("virt_network", NETWORK),
            task("virt_network", WITH_MTU, **as_user("alice")),
        ],
    )
    assert_refused(refused, "STATE_UNUSABLE", MEMBERS, "as root")
    assert root["changed"], root
    assert after["changed"], after
    runs.on(host, "rm", "-rf", "/home/mallory/d")
    assert not runs.on(host, "sh", "-c", "ls /etc/system.*  2>/dev/null; true")


def test_an_outsider_is_refused_by_libvirt_and_leaves_nothing(runs, host):
    refused = runs.run(host, [task("virt_network", NETWORK, **as_user("mallory"))])[0]
    assert_refused(refused, "PERMISSION_DENIED")
    assert not runs.on(host, "sh", "-c", f"ls -d {SHARED} {MEMBERS} 2>/dev/null; true").strip()


def test_a_socket_for_root_alone_closes_the_directory(runs, host):
    socket = "/run/libvirt/libvirt-sock"
    runs.run(host, [task("virt_network", NETWORK)])
    runs.on(host, "chmod", "0700", socket)
    try:
        runs.run(host, [task("virt_network", NETWORK)])
        assert runs.on(host, "stat", "-c", "%a", SHARED).strip() == "700"
    finally:
        runs.on(host, "chmod", "0770", socket)
