# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the runbook, in the order of a fleet's life: changed, failed halfway, taken back, a host replaced, a
network withdrawn, from CI and by ansible-runner. Its prepare.yml needs systemd and runs in tests/integration/bare_host;
the playbook evacuate runs in tests/evacuate.
"""

from __future__ import annotations

import json
import shutil
from xml.etree import ElementTree

import pytest
import yaml
from harness.playbook import ROOT

from .page import Page, Reader

pytestmark = pytest.mark.lab

RUNBOOK = Page("docs/runbook.md")
EXTRA = {"name": "extra", "reach": "isolated"}
NAMES = ("group_vars/kvm.yml", "host_vars/kvm2.yml", "inventory.yml")


@pytest.fixture(scope="module")
def operator(tmp_path_factory, hosts) -> Reader:
    """With the README's fleet, in git; kvm2 is rolled out, kvm1 not yet."""
    for host in ("kvm1", "kvm2"):
        hosts.clean(host)
    readme = Page("README.md").files
    files = {name: readme[name] for name in NAMES}
    return Reader.of(tmp_path_factory.mktemp("operator"), hosts, files, str(ROOT / ".cache/collections"))


def change(operator: Reader, edit) -> None:
    for name in ("group_vars/kvm.yml", "host_vars/kvm2.yml"):
        path = operator.directory / name
        values = yaml.safe_load(path.read_text())
        edit(values)
        path.write_text(json.dumps(values))
    operator.commit(".", "a change")


def networks(hosts, host: str) -> set[str]:
    return set(hosts.virsh(host, "net-list", "--all", "--name").split())


def test_changing_the_fleet(operator, hosts):
    operator.commit(".", "the fleet")
    check, _ci = RUNBOOK.find("rollout --check --diff")
    assert check == _ci
    operator.run(check)
    assert not networks(hosts, "kvm1")
    (command,) = RUNBOOK.find("networks_canary")
    operator.run(command)
    assert json.loads((operator.directory / "rollout.json").read_text())["new"] == ["kvm1", "kvm2"]
    assert {"red", "lab"} <= networks(hosts, "kvm1") & networks(hosts, "kvm2")


def test_a_host_that_is_down_and_back(operator, hosts):
    def with_extra(values):
        values.get("networks_contract", []).append(EXTRA)
        values["networks_bindings"]["extra"] = {}

    change(operator, with_extra)
    hosts.lab("stop", "kvm2", "sshd")
    hosts.on("kvm2", "pkill", "-KILL", "-x", "sshd", check=False)  # connections outlive the daemon
    try:
        (without,) = RUNBOOK.find("--limit !kvm2")
        operator.run(without)
        audit = RUNBOOK.find("audit")[0]
        assert "HOST_UNKNOWN: kvm2" in operator.run(audit)
    finally:
        hosts.lab("start", "kvm2", "sshd")
    assert "extra" in networks(hosts, "kvm1")
    found = operator.run(audit, check=False)
    assert "NETWORK_MISSING: kvm2" in found, found


def test_going_back(operator, hosts):
    (back,) = RUNBOOK.find("git checkout")
    operator.run(back)
    plain = "ansible-playbook -i inventory.yml virtfleet.network.rollout"
    assert plain in RUNBOOK.commands
    operator.run(f"{plain} -e networks_purge=true")
    assert "extra" not in networks(hosts, "kvm1")


def test_replacing_a_host(operator, hosts):
    hosts.clean("kvm2")
    (command,) = RUNBOOK.find("rollout --limit kvm2")
    operator.run(command)
    assert {"red", "lab"} <= networks(hosts, "kvm2")


def test_withdrawing_a_network(operator, hosts):
    def without_lab(values):
        values["networks_bindings"].pop("lab")
        if "networks_contract" in values:
            values["networks_contract"] = [one for one in values["networks_contract"] if one["name"] != "lab"]

    change(operator, without_lab)
    check, command = sorted(RUNBOOK.find("networks_purge=true"), key=len, reverse=True)
    operator.run(check)
    assert "lab" in networks(hosts, "kvm1")
    operator.run(command)
    assert networks(hosts, "kvm1") == networks(hosts, "kvm2") == {"red"}


def test_in_ci(operator, hosts):
    (command,) = RUNBOOK.find("audit_output=audit.xml")
    operator.run(command, check=False)
    suites = {suite.get("name") for suite in ElementTree.parse(operator.directory / "audit.xml").iter("testsuite")}
    assert suites == {"kvm1", "kvm2"}
    hosts.virsh("kvm1", "net-destroy", "red")
    assert "NETWORK_INACTIVE" in operator.run(command, check=False)


def test_by_ansible_runner(operator, hosts):
    runner = operator.directory / "runner"
    for name in NAMES:
        target = runner / "inventory" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(operator.directory / name, target)
    (command,) = RUNBOOK.find("ansible-runner")
    assert "changed=" in operator.run(command)
    assert "red" in hosts.virsh("kvm1", "net-list", "--name").split()
    events = [json.loads(path.read_text()) for path in (runner / "artifacts").glob("*/job_events/*.json")]
    (stats,) = (event for event in events if event["event"] == "playbook_on_stats")
    assert (stats["event_data"]["failures"], stats["event_data"]["dark"]) == ({}, {})


def test_every_command_is_tried_here_or_elsewhere():
    words = (
        "rollout --check --diff", "networks_canary", "virtfleet.network.audit", "--limit !kvm2", "git checkout",
        "--limit kvm2", "networks_purge=true", "ansible-runner",
    )  # fmt: skip
    plain = "ansible-playbook -i inventory.yml virtfleet.network.rollout"
    rest = [command for command in RUNBOOK.commands if command != plain and not any(word in command for word in words)]
    assert rest == []
    assert all("prepare.yml" in command for command in RUNBOOK.find("prepare.yml"))
