# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts the playbooks work on: those of a pattern within the limit, the canary first, and never none."""

from __future__ import annotations

import json
import subprocess

import pytest
from harness.playbook import PROGRAM, ROOT, environment

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
INVENTORY = {"kvm": {"hosts": {"kvm1": {}, "kvm2": {}, "kvm10": {}}}, "few": {"hosts": {"kvm2": {}, "other": {}}}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("playbooks")
    (directory / "inventory.yml").write_text(json.dumps(INVENTORY))
    (directory / "empty.ini").write_text("")
    (directory / "limit").write_text("kvm2\n")

    def run(playbook: str, *args: str, inventory: str = "inventory.yml") -> tuple[int, str]:
        done = subprocess.run(
            [str(PROGRAM), "-i", inventory, f"virtfleet.network.{playbook}", *args],
            env=environment(directory / "lines"), cwd=directory,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_pattern_without_hosts_is_an_error(run, playbook):
    variable = "networks_hosts" if playbook in ("adopt", "audit", "rollout") else "migrate_hosts"
    code, output = run(playbook, "-e", f"{variable}=zz")
    assert code
    assert f"{variable} (zz) matches no host of the inventory within the limit." in output


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_inventory_without_hosts(run, playbook):
    code, output = run(playbook, inventory="empty.ini")
    assert code
    assert "The inventory has no host." in output
    code, output = run(playbook, "--syntax-check", inventory="empty.ini")
    assert code == 0, output


@pytest.mark.parametrize(
    ("args", "hosts"),
    [
        ((), {"kvm1", "kvm2", "kvm10"}),
        (("-e", "networks_hosts=few"), {"kvm2", "other"}),
        (("--limit", "!kvm2"), {"kvm1", "kvm10"}),
        (("--limit", "@limit"), {"kvm2"}),
        (("-e", "networks_canary=kvm10"), {"kvm1", "kvm2", "kvm10"}),
        (("-e", "networks_canary=2"), {"kvm1", "kvm2", "kvm10"}),
    ],
)
def test_the_hosts_of_a_rollout(run, args, hosts):
    code, output = run("rollout", "--list-hosts", *args)
    assert code == 0, output
    assert output.count(f"hosts ({len(hosts)}):") == 2
    assert all(output.count(f" {host}") >= 2 for host in hosts)


@pytest.mark.parametrize("args", [("-e", "networks_canary=zz"), ("-e", "networks_canary=kvm2", "--limit", "!kvm2")])
def test_a_canary_without_hosts_is_an_error(run, args):
    code, output = run("rollout", *args)
    assert code
    assert "matches no host of kvm within the limit." in output
