# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is lost in the middle of a rollout: no batch after its own is begun, and what each host has is said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from batch import Hosts, hosts_of
from harness.playbook import CALLBACKS, PROGRAM, environment

pytestmark = pytest.mark.lab

HOSTS = ("kvm1", "kvm2", "kvm3", "kvm4")
MAKE = "Configure the networks of the contract"
VARIABLES = {
    "networks_contract": [{"name": "lab", "reach": "isolated"}],
    "networks_bindings": {"lab": {"bridge": {"name": "virbr60"}}},
}
OWN_PLAY = [
    {
        "hosts": "kvm",
        "gather_facts": False,
        "strategy": "ansible.builtin.{{ own_strategy }}",
        "serial": "{{ networks_serial | default('100%') }}",
        "any_errors_fatal": True,
        "tasks": [{"import_role": {"name": "virtfleet.network.networks", "tasks_from": "configure"}}],
    }
]


@dataclass(frozen=True)
class Told:
    """new, old, unknown: what the summary said; None without one."""

    code: int
    output: str
    summary: dict | None


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Hosts]:
    with hosts_of("rollout", tmp_path_factory.mktemp("rollout"), number=len(HOSTS)) as hosts:
        yield hosts


@pytest.fixture(autouse=True)
def clean(hosts):
    hosts.lab("up", timeout=300)
    for host in HOSTS:
        hosts.clean(host)


def rollout(hosts: Hosts, *args: str, lost: str = "", at: str = MAKE, by: str = "sshd", own: str = "") -> Told:
    lines = hosts.folder / f"{len(list(hosts.folder.iterdir()))}.jsonl"
    playbook: str | Path = "virtfleet.network.rollout"
    if own:
        playbook = hosts.folder / "own.yml"
        playbook.write_text(json.dumps(OWN_PLAY))
    variables = {**VARIABLES, "own_strategy": own}
    # The end of the sshd that listens leaves connections alone, so they are ended as well.
    kill = " ".join(hosts.argv("kill", lost, "init"))
    if by == "sshd":
        kill = " ".join(hosts.argv("exec", lost, "--", "pkill", "-KILL", "-x", "sshd"))
    env = {
        **environment(lines, ""),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "result_lines,lose_host",
        "ANSIBLE_TIMEOUT": "3",
        "LOSE_HOST": lost,
        "LOSE_AT": at,
        "LOSE_BY": kill,
    }
    done = subprocess.run(
        [str(PROGRAM), "-i", str(hosts.inventory), str(playbook), "-e", json.dumps(variables), *args],
        env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    entries = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    told = [
        e["result"]["msg"] for e in entries if e["task"].endswith("Show the state of all hosts") and e["status"] == "ok"
    ]
    assert len(told) < 2, told
    return Told(done.returncode, done.stdout + done.stderr, told[0] if told else None)


def having(hosts: Hosts) -> list[str]:
    """The hosts that have the network, whoever says so."""
    hosts.lab("up", timeout=300)
    return [host for host in HOSTS if "lab" in hosts.virsh(host, "net-list", "--all", "--name").split()]


@pytest.mark.parametrize("by", ["sshd", "init"])
@pytest.mark.parametrize(
    ("serial", "lost", "new", "old"),
    [
        ("1", "kvm2", ["kvm1"], ["kvm3", "kvm4"]),
        ("1", "kvm4", ["kvm1", "kvm2", "kvm3"], []),
        ("2", "kvm2", ["kvm1"], ["kvm3", "kvm4"]),
        ("50%", "kvm1", ["kvm2"], ["kvm3", "kvm4"]),
        ("3", "kvm4", ["kvm1", "kvm2", "kvm3"], []),
        ("100%", "kvm3", ["kvm1", "kvm2", "kvm4"], []),
    ],
)
def test_no_batch_is_begun_after_the_one_that_lost_a_host(hosts, serial, lost, new, old, by):
    told = rollout(hosts, "-e", f"networks_serial={serial}", lost=lost, by=by)
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert (told.summary["new"], told.summary["old"], told.summary["unknown"]) == (new, old, [lost])
    there = having(hosts)
    assert set(new) <= set(there)
    assert not set(old) & set(there)
    assert MAKE in told.output


@pytest.mark.parametrize("forks", ["1", "5"])
@pytest.mark.parametrize(
    ("serial", "old"), [("1", ["kvm3", "kvm4"]), ("2", ["kvm3", "kvm4"]), ("50%", ["kvm3", "kvm4"])]
)
def test_so_it_is_with_the_free_strategy(hosts, serial, old, forks):
    told = rollout(hosts, "--forks", forks, "-e", f"networks_serial={serial}", lost="kvm2", own="free")
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert told.summary["old"] == old
    assert "kvm2" in told.summary["unknown"]
    assert not set(old) & set(having(hosts))


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_so_it_is_with_limit_and_check(hosts, strategy):
    told = rollout(hosts, "--check", "--limit", "!kvm4", "-e", "networks_serial=1", lost="kvm1", own=strategy)
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert (told.summary["new"], told.summary["old"], told.summary["unknown"]) == ([], ["kvm2", "kvm3"], ["kvm1"])
    assert "nothing was changed" in told.summary["stopped"]
    assert having(hosts) == []


@pytest.mark.parametrize("serial", ["1", "2", "100%"])
def test_a_host_that_is_lost_while_the_fleet_is_judged_stops_all(hosts, serial):
    told = rollout(hosts, "-e", f"networks_serial={serial}", lost="kvm2", at="Read the links of the host")
    assert told.code, told.output
    assert having(hosts) == []


def test_a_change_that_could_not_be_confirmed_is_not_known(hosts):
    at = "Confirm that the host is still reachable"
    told = rollout(hosts, "-e", "networks_serial=1", "-e", "networks_confirm_timeout=15", lost="kvm2", at=at)
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert told.summary["unknown"] == ["kvm2"]
    assert told.summary["old"] == ["kvm3", "kvm4"]


def test_a_host_that_refuses_stops_those_after_it_and_is_as_it_was(hosts):
    hosts.define("kvm2", "<network><name>mine</name><bridge name='virbr60'/></network>")
    told = rollout(hosts, "-e", "networks_serial=2")
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert told.summary["old"] == ["kvm2", "kvm3", "kvm4"]
    assert told.summary["unknown"] == []
    assert having(hosts) == told.summary["new"]


@pytest.mark.parametrize("args", [("-e", "networks_hosts=nobody"), ("--limit", "localhost"), ("--limit", "kvm1:!kvm1")])
def test_nobody_to_work_on_is_an_error(hosts, args):
    told = rollout(hosts, *args)
    assert told.code, told.output
    assert having(hosts) == []


def test_all_goes_well(hosts):
    told = rollout(hosts, "-e", "networks_serial=2")
    assert told.code == 0, told.output
    assert told.summary is None
    assert having(hosts) == list(HOSTS)
    assert "changed=0" in rollout(hosts).output
