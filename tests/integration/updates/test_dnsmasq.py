# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq dies, is refused its records, or is left with such; it is seen, and put right by the next run."""

from __future__ import annotations

import pytest
from batch import task

pytestmark = pytest.mark.lab

BASE = {
    "name": "red",
    "forward": {"mode": "nat"},
    "bridge": {"name": "virbr31", "stp": False},
    "ips": [{"address": "10.77.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.77.0.10", "end": "10.77.0.50"}]}}],
}
WITHOUT_DNS = {**BASE, "dns": {"enable": False}}
QUIET = {**BASE, "ips": [{"address": "10.77.0.1", "prefix": 24}]}
LONG = {"service": "b", "protocol": "tcp", "target": "a" * 300}
BY_HAND = f"<srv service='b' protocol='tcp' target='{LONG['target']}'/>"
# What runs, by ps and virsh only.
LOOK = "cat /proc/$(cat /run/libvirt/network/red.pid)/cmdline | tr '\\0' ' '; virsh -q net-dumpxml red"
KILL = "kill $(cat /run/libvirt/network/red.pid); sleep 0.3"


def shell(command, **keywords):
    return {"ansible.builtin.shell": command, **keywords}


def info():
    return task("virt_network_info", {"name": "red", "gather": []})


def run(hosts, where, *tasks):
    hosts.clean(where)
    return hosts.run(where, list(tasks))


def runs(look):
    return "/usr/sbin/dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/red.conf" in look["stdout"]


@pytest.mark.parametrize("network", [BASE, QUIET, WITHOUT_DNS], ids=["with DHCP", "with DNS alone", "with DHCP alone"])
def test_one_that_was_killed_is_started_again(hosts, where, network):
    wish = task("virt_network", network)
    _made, _kill, told, check, real, look, again, after = run(
        hosts, where, wish, shell(KILL), info(), task("virt_network", network, True), wish, shell(LOOK), wish, info()
    )
    assert told["details"]["red"]["dnsmasq"] == "dead"
    assert check["changed"]
    assert check["steps"] == real["steps"]
    assert all(step["disruption"] == "none" for step in real["steps"])
    assert runs(look)
    assert "virtfleet.invalid" not in look["stdout"]
    assert not again["changed"]
    assert after["details"]["red"]["dnsmasq"] == "running"


def test_a_refused_update_leaves_neither_its_record_nor_a_dead_dnsmasq(hosts, where):
    wish = task("virt_network", BASE)
    bad = task("virt_network", {**BASE, "dns": {"srvs": [LONG]}}, ignore_errors=True)
    _made, before, refused, look, again = run(hosts, where, wish, shell(LOOK), bad, shell(LOOK), wish)
    assert refused["failed"]
    assert refused.get("left", []) == []
    assert len(refused["msg"]) < 400
    assert runs(look)
    assert look["stdout"].partition("<network")[2] == before["stdout"].partition("<network")[2]
    assert not again["changed"]


def test_records_that_somebody_left_and_dnsmasq_does_not_take_are_removed(hosts, where):
    wish = task("virt_network", BASE)
    leave = shell(f'virsh net-update red add dns-srv "{BY_HAND}" --live', ignore_errors=True)
    never = task("virt_network", {**BASE, "restart": "never"})
    _made, _left, told, real, look, again = run(hosts, where, wish, leave, info(), never, shell(LOOK), wish)
    assert told["details"]["red"]["dnsmasq"] == "broken"
    assert [step["section"] for step in real["steps"]] == ["dns-srv"]
    assert runs(look)
    assert BY_HAND[:30] not in look["stdout"]
    assert not again["changed"]


def test_a_definition_that_dnsmasq_does_not_take_is_not_called_unchanged(hosts, where):
    """Nor is the network stopped, which could not start again."""
    wish = task("virt_network", BASE, ignore_errors=True)
    leave = shell(f'virsh net-update red add dns-srv "{BY_HAND}" --live --config', ignore_errors=True)
    _made, _left, said, look = run(hosts, where, wish, leave, wish, shell(LOOK, ignore_errors=True))
    assert said["failed"]
    assert said["code"] == "DNSMASQ_DEAD"
    assert "<network" in look["stdout"]


def test_a_plan_says_about_how_long_it_takes(hosts, where):
    hosts_ = [{"mac": f"52:54:00:77:00:{n:02x}", "ip": f"10.77.0.{n + 60}"} for n in range(60)]
    dhcp = {**BASE["ips"][0]["dhcp"], "hosts": hosts_}
    wish = {**BASE, "ips": [{**BASE["ips"][0], "dhcp": dhcp}]}
    _made, check, real, again = run(
        hosts,
        where,
        task("virt_network", BASE),
        task("virt_network", wish, True),
        task("virt_network", wish),
        task("virt_network", wish),
    )
    assert check["estimated_seconds"] == real["estimated_seconds"] < 10
    assert [step["action"] for step in real["steps"]] == ["define", "destroy", "start"]
    assert not again["changed"]
