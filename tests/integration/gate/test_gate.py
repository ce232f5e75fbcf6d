# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that migrate by plain virsh to hosts with the gate: trixie, and bookworm with modular daemons."""

from __future__ import annotations

import json
import time
from uuid import uuid4

import pytest
from batch import assert_refused, hosts_of, task
from guests import domain_xml, network_interface
from harness import every_nth

SOURCE, HOST = "kvm1", "kvm2"
DESTINATIONS = (HOST, "kvm3")
HOOK = "/etc/libvirt/hooks/qemu.d/50-virtfleet-gate"
DIRECTORY = "/var/lib/virtfleet-network-gate"
FACTS = f"{DIRECTORY}/facts.json"
NAT = (
    "<network><name>{}</name><forward mode='nat'/><bridge name='virbr{}'/>"
    "<ip address='192.0.{}.1' netmask='255.255.255.0'/></network>"
)
PROD = NAT.format("prod", 7, 2)
BRIDGED = "<network><name>prod</name><forward mode='bridge'/><bridge name='{}'/></network>"
SENTENCE = "virtfleet.network refuses the guest: "


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    directory = tmp_path_factory.mktemp("gate")
    releases, daemons = ("bookworm", "trixie", "bookworm"), ("monolithic", "monolithic", "modular")
    with hosts_of("gate", directory, releases, 3, daemons) as hosts:
        for host in (SOURCE, *DESTINATIONS):
            hosts.on(host, "sh", "-c", "ip link add br7 type bridge; ip link set br7 up")
        yield hosts


@pytest.fixture
def guarded(lab):
    """On every host the network prod. The gates are as the test before left them."""
    for host in (SOURCE, *DESTINATIONS):
        for guest in lab.virsh(host, "list", "--all", "--name").split():
            lab.virsh(host, "destroy", guest, check=False)
            lab.virsh(host, "undefine", guest, check=False)
        lab.clean(host)
        start(lab, host, PROD)
    return lab


def start(lab, host, xml, name="prod"):
    lab.define(host, xml)
    lab.virsh(host, "net-start", name)


def gate(lab, host, state="present", check=False, **options):
    return lab.run(host, [task("virt_migrate_gate", {"state": state, **options}, check)])[0]


def migrate(lab, host):
    """A new guest with a NIC in prod, from the source to this host. What virsh says, and where the guest runs then."""
    name = f"g{uuid4().hex[:8]}"
    xml = domain_xml(name, [network_interface("prod")])
    lab.on(SOURCE, "sh", "-c", f'printf %s "$1" >/run/{name}.xml', "sh", xml)
    lab.virsh(SOURCE, "create", f"/run/{name}.xml")
    way = ("virsh", "-q", "migrate", "--live", "--p2p", name, f"qemu+tcp://{host}/system")
    done = lab.lab("exec", SOURCE, "--", *way, check=False)
    there = [one for one in (SOURCE, host) if name in lab.virsh(one, "list", "--name").split()]
    return done.stdout + done.stderr, there


def assert_passes(lab, host):
    said, there = migrate(lab, host)
    assert there == [host], said


def assert_refuses(lab, host, code):
    said, there = migrate(lab, host)
    assert f"{SENTENCE}{code}" in " ".join(said.split()), said
    # It runs on where it was, and nothing of it is left here.
    assert there == [SOURCE]


def gone(lab, host):
    lab.clean(host)


def inactive(lab, host):
    lab.virsh(host, "net-destroy", "prod")


def bridge_missing(lab, host):
    lab.clean(host)
    start(lab, host, BRIDGED.format("br8"))


@pytest.mark.parametrize(
    ("host", "fault", "code"),
    every_nth(
        2,
        [
            ("kvm2", bridge_missing, "BRIDGE_MISSING"),
            ("kvm2", gone, "NET_MISSING"),
            ("kvm3", gone, "NET_MISSING"),
            ("kvm2", inactive, "NET_INACTIVE"),
        ],
    ),
)
def test_a_blocked_guest_is_refused_and_comes_once_it_is_mended(guarded, host, fault, code):
    gate(guarded, host, without_facts="refuse", max_age=3600)
    assert_passes(guarded, host)
    fault(guarded, host)
    # The facts are older than the change.
    gate(guarded, host, without_facts="refuse", max_age=3600)
    assert_refuses(guarded, host, code)
    guarded.clean(host)
    start(guarded, host, PROD)
    gate(guarded, host, without_facts="refuse", max_age=3600)
    assert_passes(guarded, host)


def test_what_the_guest_may_not_have_had_either(guarded):
    for host in (SOURCE, HOST):
        guarded.clean(host)
        start(guarded, host, BRIDGED.format("br7"))
    gate(guarded, HOST, without_facts="refuse")
    assert_passes(guarded, HOST)
    gate(guarded, HOST, without_facts="refuse", assume_connected=True)
    assert_refuses(guarded, HOST, "UPLINK_MISSING")


def test_a_link_that_has_gone_since_the_facts(guarded):
    for host in (SOURCE, HOST):
        guarded.clean(host)
        guarded.on(host, "sh", "-c", "ip link add br9 type bridge; ip link set br9 up")
        start(guarded, host, BRIDGED.format("br9"))
    gate(guarded, HOST, without_facts="refuse")
    assert_passes(guarded, HOST)
    for guest in guarded.virsh(HOST, "list", "--name").split():
        guarded.virsh(HOST, "destroy", guest)
    guarded.on(HOST, "ip", "link", "del", "br9")
    assert_refuses(guarded, HOST, "BRIDGE_MISSING")


def test_a_policy(guarded):
    """libvirt refuses the guest then, and not the gate."""
    guarded.clean(HOST)
    gate(guarded, HOST, policy={"NET_MISSING": "warning"})
    said, there = migrate(guarded, HOST)
    assert there == [SOURCE]
    assert SENTENCE not in said
    assert "network" in said.lower()


SPOILED = {
    "missing": f"rm {FACTS}",
    "empty": f": >{FACTS}",
    "cut": f"head -c 500 {FACTS} >{FACTS}.cut; mv {FACTS}.cut {FACTS}",
    "no JSON": f"head -c 5000 /dev/urandom >{FACTS}",
    "deep": f"python3 -c \"print('[' * 200000)\" >{FACTS}",
    "another's": f'echo \'{{"host": {{"gathered": 1e99}}}}\' >{FACTS}',
    "old": f'sed -i \'s/"gathered": [0-9]*/"gathered": 1000/\' {FACTS}',
    "from the future": f'sed -i \'s/"gathered": [0-9]*/"gathered": 99999999999/\' {FACTS}',
    "settings cut": f"cd {DIRECTORY}; head -c 9 settings.json >s; mv s settings.json",
    "no code": f"rm -r {DIRECTORY}/code-*",
    "hangs": f"for f in {DIRECTORY}/code-*/gate.py; do echo 'import time; time.sleep(1000)' >$f; done",
}


def test_without_usable_facts_the_setting_decides(guarded):
    for how, spoil in SPOILED.items():
        gate(guarded, HOST, without_facts="refuse", timeout=2)
        guarded.on(HOST, "sh", "-c", spoil)
        said, there = migrate(guarded, HOST)
        assert f"{SENTENCE}GATE_" in " ".join(said.split()), f"{how}: {said}"
        assert there == [SOURCE], how
    # The daemon goes on, and the next run mends the gate, whatever is left of it.
    assert "prod" in guarded.virsh(HOST, "net-list", "--name")
    assert gate(guarded, HOST, without_facts="refuse", timeout=2)["changed"]
    assert gate(guarded, HOST, without_facts="pass", timeout=2)["changed"]
    assert_passes(guarded, HOST)
    for how in ("missing", "settings cut", "hangs"):
        guarded.on(HOST, "sh", "-c", SPOILED[how])
        assert_passes(guarded, HOST)


def test_the_role(guarded):
    host = "kvm3"

    def run(check=False, **options):
        variables = {f"migrate_gate_{key}": value for key, value in options.items()}
        role = {"name": "virtfleet.network.migrate_gate", "apply": {"check_mode": check}}
        included = {"ansible.builtin.include_role": role, "vars": variables}
        results = guarded.results(*guarded.start(host, [included]))
        assert not [result for result in results if result["failed"]], results
        return any(result.get("changed") for result in results)

    assert run(state="absent")
    assert not run()
    assert guarded.on(host, "sh", "-c", f"ls -d {HOOK} {DIRECTORY} 2>/dev/null", check=False) == ""
    assert run(check=True, state="present")
    assert guarded.on(host, "sh", "-c", f"ls -d {HOOK} {DIRECTORY} 2>/dev/null", check=False) == ""
    assert run(state="present")
    gathered = json.loads(guarded.on(host, "cat", FACTS))["host"]["gathered"]
    while time.time() < gathered + 1:
        time.sleep(0.1)
    assert not run(check=True, state="present")
    assert not run(state="present")
    # Facts are gathered again, which is no change.
    assert json.loads(guarded.on(host, "cat", FACTS))["host"]["gathered"] > gathered
    assert guarded.on(host, "stat", "-c", "%U %a", FACTS).strip() == "root 600"
    assert run(state="present", max_age=60)
    assert len(guarded.on(host, "sh", "-c", f"ls -d {DIRECTORY}/code-*").split()) == 1
    guarded.clean(host)
    run(state="present")
    assert_refuses(guarded, host, "NET_MISSING")
    assert run(state="absent")
    assert not run(state="absent")
    said, there = migrate(guarded, host)
    assert (SENTENCE in said, there) == (False, [SOURCE])


def test_facts_are_gathered_on_the_host_itself(guarded):
    command = gate(guarded, HOST, without_facts="refuse")["refresh_command"]
    guarded.clean(HOST)
    guarded.on(HOST, *command)
    assert_refuses(guarded, HOST, "NET_MISSING")


def test_refusals_of_options(guarded):
    before = guarded.on(HOST, "sh", "-c", f"cat {HOOK} {DIRECTORY}/settings.json")
    for options, word in (
        ({"max_age": 0}, "max_age"),
        ({"timeout": -1}, "timeout"),
        ({"policy": {"X": "ok"}}, "policy"),
    ):
        assert_refused(gate(guarded, HOST, **options), "OPTIONS_INVALID", word)
    assert guarded.on(HOST, "sh", "-c", f"cat {HOOK} {DIRECTORY}/settings.json") == before
