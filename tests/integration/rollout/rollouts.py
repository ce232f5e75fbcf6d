# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout over the lab's hosts, with a command that runs in the middle of it, and what it says at its end."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from batch import Hosts
from harness.playbook import CALLBACKS, PROGRAM, environment

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
    """summary: the JSON file, None without one; table: what people see; results: of all tasks."""

    code: int
    output: str
    summary: Optional[dict[str, Any]]
    table: list[str]
    results: list[dict[str, Any]]

    def states(self) -> tuple[list[str], list[str], list[str]]:
        """The hosts that are new, old and unknown."""
        assert self.summary is not None, self.output
        return self.summary["new"], self.summary["old"], self.summary["unknown"]

    def failed(self) -> set[str]:
        """The hosts on which Ansible counts a failure."""
        recap = self.output.rpartition("PLAY RECAP")[2].splitlines()
        return {line.split()[0] for line in recap if "failed=" in line and "failed=0" not in line}


def rollout(
    hosts: Hosts, *args: str, lost: str = "", at: str = MAKE, by: str = "sshd", own: str = "", run: str = "",
    playbook: Any = None,
) -> Told:  # fmt: skip
    """lost: the host that is lost by the end of its sshd or init, or on which the shell command run is run, when the
    task of that name begins on it; own: the strategy of a play that only configures."""
    base = hosts.directory / f"{len(list(hosts.directory.iterdir()))}"
    lines, saved = base.with_suffix(".jsonl"), base.with_suffix(".json")
    named: str | Path = "virtfleet.network.rollout"
    if own or playbook:
        named = base.with_suffix(".yml")
        named.write_text(json.dumps(playbook or OWN_PLAY))
    variables = {**VARIABLES, "own_strategy": own, "networks_output": str(saved)}
    # The end of the sshd that listens leaves connections alone, so they are ended as well.
    command = hosts.argv("exec", lost, "--", "pkill", "-KILL", "-x", "sshd")
    if by == "init":
        command = hosts.argv("kill", lost, "init")
    if run:
        script = base.with_suffix(".sh")
        script.write_text(run)
        command = ["/bin/sh", str(script)]
    env = {
        **environment(lines, ""),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "result_lines,lose_host",
        "ANSIBLE_TIMEOUT": "3",
        "LOSE_HOST": lost,
        "LOSE_AT": at,
        "LOSE_BY": " ".join(command),
    }
    done = subprocess.run(
        [str(PROGRAM), "-i", str(hosts.inventory), str(named), "-e", json.dumps(variables), *args],
        env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    results = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    tables = [e["result"]["msg"] for e in results if e["task"].endswith("Show the state of all hosts")]
    assert len(tables) < 2, tables
    summary = json.loads(saved.read_text()) if saved.exists() else None
    return Told(done.returncode, done.stdout + done.stderr, summary, tables[0] if tables else [], results)


def having(hosts: Hosts, network: str = "lab") -> list[str]:
    """The hosts that have the network, as libvirt says."""
    hosts.boot()
    return [host for host in HOSTS if network in hosts.virsh(host, "net-list", "--all", "--name").split()]


def waiting(hosts: Hosts) -> list[str]:
    """The hosts on which a change still waits for a decision."""
    look = ("sh", "-c", "ls /var/lib/virtfleet-network")
    return [host for host in HOSTS if "journal" in hosts.on(host, *look, check=False)]
