# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that lack something, refuse something, or break in the middle."""

from __future__ import annotations

import time
from typing import Any

import pytest
from batch import assert_refused, task

pytestmark = pytest.mark.lab

PACKAGES = "/usr/lib/python3/dist-packages"
HAVE = {
    "libvirt": ["libvirt.py", "libvirtmod*.so"],
    "lxml": ["lxml"],
    "pyroute2": ["pyroute2*"],
}
LAN: dict[str, Any] = {"name": "lan", "forward": {"mode": "nat"}, "ips": [{"address": "10.30.0.1", "prefix": 24}]}
MODULES = {
    "virt_network": LAN,
    "virt_networks": {"networks": [LAN]},
    "virt_network_info": {},
}
# Without addresses: every dnsmasq takes one of the machine's inotify instances, which are few.
MANY = {"networks": [{"name": f"n{number:02}", "forward": {}} for number in range(80)]}


def python_without(hosts, missing: str) -> dict[str, str]:
    """The variable that gives a host a Python that has every package but one."""
    directory = f"/run/without-{missing}"
    hosts.on("kvm1", "python3", "-m", "venv", "--without-pip", "--clear", directory)
    for package, files in HAVE.items():
        if package != missing:
            link = f"ln -s {' '.join(f'{PACKAGES}/{name}' for name in files)} {directory}/lib/python3*/site-packages/"
            hosts.on("kvm1", "sh", "-c", link)
    return {"ansible_python_interpreter": f"{directory}/bin/python"}


def both(module: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    return [task(module, options, check=True), task(module, options)]


@pytest.fixture
def host(bad):
    """kvm1 with one network, which must be as it was in the end."""
    bad.clean("kvm1")
    made = bad.run("kvm1", [task("virt_network", {**LAN, "name": "there", "forward": {}, "ips": []})])
    assert made[0]["changed"], made
    return bad


@pytest.mark.parametrize(("missing", "package"), [("libvirt", "python3-libvirt"), ("lxml", "python3-lxml")])
def test_a_library_that_is_missing(host, missing, package):
    before = host.snapshot("kvm1")
    tasks = [one for module, options in MODULES.items() for one in both(module, options)]
    for result in host.run("kvm1", tasks, python_without(host, missing)):
        assert_refused(result, "DEPENDENCY_MISSING", missing, package, f"/run/without-{missing}/bin/python", "kvm1")
    assert host.snapshot("kvm1") == before


def test_pyroute2_is_missing_where_links_are_needed_and_only_there(host):
    python = python_without(host, "pyroute2")
    before = host.snapshot("kvm1")
    for result in host.run("kvm1", both("virt_network_info", {}), python):
        assert_refused(result, "DEPENDENCY_MISSING", "pyroute2", "python3-pyroute2")
    assert host.snapshot("kvm1") == before
    # A restart and a stop ask what is in the bridge, which sysfs tells.
    needs_none = [
        task("virt_network", LAN),
        task("virt_network", LAN),
        task("virt_network", {"name": "there", "mtu": 9000}),
        task("virt_network", {"name": "there", "state": "absent"}),
    ]
    results = host.run("kvm1", needs_none, python)
    assert [(result["failed"], result.get("changed")) for result in results] == [
        (False, True), (False, False), (False, True), (False, True)
    ], results  # fmt: skip


def test_the_daemon_does_not_run(host):
    before = host.snapshot("kvm1")
    tasks = [one for module, options in MODULES.items() for one in both(module, options)]
    host.lab("stop", "kvm1", "libvirtd")
    try:
        results = host.run("kvm1", tasks)
    finally:
        host.lab("start", "kvm1", "libvirtd")
    for result in results:
        assert_refused(
            result,
            "DAEMON_UNREACHABLE",
            "/run/libvirt/libvirt-sock",
            "No such file",
            "libvirtd.socket",
            "qemu:///system",
        )
        assert result["libvirt_code"] == 38
    assert host.snapshot("kvm1") == before


def test_the_user_may_not(host):
    before = host.snapshot("kvm1")
    wrapper = '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp /usr/bin/python3 "$@"\n'
    host.on(
        "kvm1",
        "sh",
        "-c",
        'printf %s "$1" >/usr/local/bin/python-nobody; chmod 755 /usr/local/bin/python-nobody',
        "sh",
        wrapper,
    )
    tasks = [one for module, options in MODULES.items() for one in both(module, options)]
    for result in host.run("kvm1", tasks, {"ansible_python_interpreter": "/usr/local/bin/python-nobody"}):
        assert_refused(result, "PERMISSION_DENIED", "/run/libvirt/libvirt-sock", "become", "group libvirt")
    assert host.snapshot("kvm1") == before


def until_half_made(hosts) -> None:
    deadline = time.monotonic() + 180
    while len(hosts.virsh("kvm1", "net-list", "--name").split()) < 8:
        assert time.monotonic() < deadline, "the networks are not being made"


def assert_told_and_mended(hosts, result: dict[str, Any], code: str) -> None:
    """What the result says was done is there; the next run does the rest, and the one after it nothing."""
    assert_refused(result, code, "run the same task again", "remain in effect", "more", changed=True)
    told = [sentence.split("'")[1] for sentence in result["done"] if sentence.startswith("Define ")]
    there = hosts.virsh("kvm1", "net-list", "--all", "--name").split()
    assert 5 < len(told) < len(MANY["networks"])
    assert set(told) <= set(there)
    # The step on the way when the daemon went may have been done or not.
    assert len(set(there) - set(told)) <= 1
    assert result["failed"]
    assert result["left"] == result["done"]
    assert result["undone"] == []
    rest, again, check = hosts.run(
        "kvm1", [task("virt_networks", MANY), task("virt_networks", MANY), task("virt_networks", MANY, check=True)]
    )
    assert (rest["failed"], rest.get("changed")) == (False, True), rest.get("msg")
    assert (again["failed"], again.get("changed")) == (False, False), again.get("msg")
    assert (check["failed"], check.get("changed")) == (False, False), check.get("msg")
    assert len(hosts.virsh("kvm1", "net-list", "--name").split()) == len(MANY["networks"])


@pytest.mark.slow
def test_the_daemon_is_killed_in_the_middle(bad):
    bad.clean("kvm1")
    run = bad.start("kvm1", [task("virt_networks", MANY)])
    until_half_made(bad)
    bad.lab("kill", "kvm1", "libvirtd")
    try:
        (result,) = bad.results(*run, timeout=180)
    finally:
        bad.lab("start", "kvm1", "libvirtd")
    assert_told_and_mended(bad, result, "DAEMON_LOST")


@pytest.mark.slow
def test_the_daemon_stops_answering_in_the_middle(bad):
    bad.clean("kvm1")
    run = bad.start("kvm1", [task("virt_networks", MANY)])
    until_half_made(bad)
    with bad.stopped("kvm1", "libvirtd"):
        (result,) = bad.results(*run, timeout=240)
    assert_told_and_mended(bad, result, "DAEMON_SILENT")


@pytest.mark.slow
def test_the_daemon_never_answers(host):
    before = host.snapshot("kvm1")
    began = time.monotonic()
    with host.stopped("kvm1", "libvirtd"):
        (result,) = host.run("kvm1", [task("virt_network", LAN)])
    assert_refused(result, "DAEMON_SILENT", "qemu:///system", "60 seconds")
    assert time.monotonic() - began < 150
    assert host.snapshot("kvm1") == before
