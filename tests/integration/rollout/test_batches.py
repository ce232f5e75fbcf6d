# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All hosts plan before the first one changes, and the hosts of a batch keep their changes together or not at all."""

from __future__ import annotations

import json
import shlex
import time

import pytest

from .rollouts import HOSTS, MAKE, VARIABLES, having, rollout, waiting

pytestmark = pytest.mark.lab

VERIFY = "Verify that the change can be confirmed"
FOREIGN = "<network><name>mine</name><bridge name='virbr60'/></network>"


def on(hosts, host: str, command: str) -> str:
    """For the middle of a rollout: a shell command on a host."""
    return shlex.join(hosts.argv("exec", host, "--", "sh", "-c", command))


def taking_the_bridge(hosts, host: str) -> str:
    """Another network gets the bridge after the plan, so that only the run is refused."""
    return on(hosts, host, f"printf %s {shlex.quote(FOREIGN)} >/run/mine.xml && virsh net-define /run/mine.xml")


def calls(told, task: str) -> int:
    return len([entry for entry in told.results if entry["task"].endswith(task) and entry["status"] != "skipped"])


def test_all_goes_well_and_the_second_run_only_plans(hosts):
    told = rollout(hosts, "-e", "networks_serial=2")
    assert told.code == 0, told.output
    assert told.states() == (list(HOSTS), [], [])
    assert told.table == ["Hosts: 4; new 4, old 0, unknown 0.", "new      kvm1-kvm4", "         +1 network: lab"]
    assert having(hosts) == list(HOSTS)
    assert waiting(hosts) == []
    assert calls(told, MAKE) == len(HOSTS)
    again = rollout(hosts)
    assert "changed=0" in again.output
    assert "changed=1" not in again.output
    assert calls(again, MAKE) == 0
    assert again.table[-1].strip() == "nothing to change"


@pytest.mark.parametrize("check", [False, True])
def test_a_refusal_on_one_host_changes_none(hosts, check):
    hosts.define("kvm3", FOREIGN)
    before = {host: hosts.snapshot(host) for host in HOSTS}
    told = rollout(hosts, "-e", "networks_canary=1", *(["--check"] if check else []))
    assert told.code, told.output
    assert told.failed() == {"kvm3"}
    assert told.states() == ([], list(HOSTS), [])
    assert told.summary["hosts"]["kvm3"]["code"] == "BRIDGE_NAME_TAKEN"
    assert {host: hosts.snapshot(host) for host in HOSTS} == before
    # Without it, the others are rolled out.
    assert rollout(hosts, "--limit", "!kvm3").code == 0
    assert having(hosts) == ["kvm1", "kvm2", "kvm4"]


def test_a_fault_of_a_binding_fails_its_own_host(hosts):
    bindings = "{{ {'lab': {'mtu': 'much'}} if inventory_hostname == 'kvm3' else {'lab': {}} }}"
    told = rollout(hosts, "-e", f'{{"networks_bindings": "{bindings}"}}')
    assert told.code, told.output
    assert told.failed() == {"kvm3"}
    assert told.summary["hosts"]["kvm3"]["code"] == "BINDING_INVALID"
    assert having(hosts) == []


@pytest.mark.parametrize(
    ("contract", "told"),
    [("lab", "must be a list"), ([{"name": "lab", "reach": "nat", "hosts": ["rack9"]}], "'rack9'")],
)
def test_a_fault_of_the_contract_is_said_once(hosts, contract, told):
    done = rollout(hosts, "-e", json.dumps({"networks_contract": contract}))
    assert done.code, done.output
    assert done.failed() == {"kvm1"}
    assert done.states() == ([], list(HOSTS), [])
    assert done.summary["hosts"]["kvm1"]["code"] == "CONTRACT_INVALID"
    assert told in done.output
    assert "Finalization" not in done.output
    assert calls(done, "Plan the networks of the contract") == 0
    assert having(hosts) == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (
            "networks_canry=kvm3",
            "networks_canry is not a variable of this collection; the closest one is networks_canary.",
        ),
        ("networks_serial=0", "networks_serial (0) must be a number of hosts"),
        ("networks_serial=some", "networks_serial (some) must be a number of hosts"),
    ],
)
def test_options_that_are_none_are_refused_before_the_plan(hosts, args, told):
    done = rollout(hosts, "-e", args)
    assert done.code, done.output
    assert told in " ".join(done.output.split())
    assert calls(done, "Read the links of the host") == 0


def test_a_canary_that_is_unreachable_leaves_all_as_they_were(hosts):
    inventory = hosts.directory / "gone.ini"
    inventory.write_text("[kvm]\nkvm9 ansible_host=192.0.2.1\n")
    told = rollout(hosts, "-i", str(inventory), "-e", "networks_canary=kvm9")
    assert told.code, told.output
    assert told.failed() == {"kvm9"}
    assert told.states() == ([], [*HOSTS, "kvm9"], [])
    assert having(hosts) == []


@pytest.mark.parametrize(("canary", "first"), [("kvm3", "kvm3"), ("1", "kvm1"), ("few", "kvm4")])
def test_a_canary_that_fails_leaves_the_others_as_they_were(hosts, canary, first):
    inventory = hosts.directory / "few.ini"
    inventory.write_text("[few]\nkvm4\n")
    args = ("-i", str(inventory), "-e", f"networks_canary={canary}")
    told = rollout(hosts, *args, lost=first, run=taking_the_bridge(hosts, first))
    assert told.code, told.output
    assert told.failed() == {first}
    assert told.states() == ([], list(HOSTS), [])
    assert told.summary["hosts"][first]["code"] == "BRIDGE_NAME_TAKEN"
    assert calls(told, MAKE) == 1
    assert having(hosts) == []


def test_a_canary_that_is_well_goes_before_the_others(hosts):
    told = rollout(hosts, "-e", "networks_canary=kvm3")
    assert told.code == 0, told.output
    assert next(entry["host"] for entry in told.results if entry["task"].endswith(MAKE)) == "kvm3"
    assert having(hosts) == list(HOSTS)


@pytest.mark.parametrize("args", [("-e", "networks_canary=nobody"), ("-e", "networks_canary=kvm4", "--limit", "!kvm4")])
def test_a_canary_that_matches_no_host_is_an_error(hosts, args):
    told = rollout(hosts, *args)
    assert told.code, told.output
    assert "networks_canary" in told.output
    assert having(hosts) == []


def test_a_member_that_fails_in_the_middle_leaves_its_batch_as_before(hosts):
    first = rollout(hosts, "--limit", "kvm1")
    assert first.code == 0, first.output
    before = {host: hosts.snapshot(host) for host in ("kvm1", "kvm2", "kvm4")}
    more = {**VARIABLES["networks_bindings"], "two": {}}
    contract = [*VARIABLES["networks_contract"], {"name": "two", "reach": "isolated"}]
    args = ("-e", str({"networks_bindings": more, "networks_contract": contract}))
    told = rollout(hosts, *args, "-e", "networks_serial=3", lost="kvm3", run=taking_the_bridge(hosts, "kvm3"))
    assert told.code, told.output
    assert told.failed() == {"kvm3"}
    assert told.states() == ([], list(HOSTS), [])
    assert told.summary["hosts"]["kvm1"]["reason"] == "Rolled back, because its batch failed on kvm3."
    assert waiting(hosts) == []
    assert {host: hosts.snapshot(host) for host in before} == before


def test_a_host_that_is_lost_rolls_back_by_itself_and_the_others_at_once(hosts):
    told = rollout(hosts, "-e", "networks_confirm_timeout=30", lost="kvm2", at=VERIFY)
    began = time.monotonic()
    assert told.code, told.output
    assert told.states() == ([], ["kvm1", "kvm3", "kvm4"], ["kvm2"])
    assert not {"kvm1", "kvm3", "kvm4"} & {*having(hosts), *waiting(hosts)}
    while "kvm2" in having(hosts) and time.monotonic() - began < 60:
        time.sleep(1)
    assert having(hosts) == []
    assert rollout(hosts).code == 0
    assert having(hosts) == list(HOSTS)


def test_a_batch_is_not_confirmed_when_the_reach_is_lost_after_its_change(hosts):
    for number, host in enumerate(HOSTS, 1):
        hosts.on(host, "sh", "-c", f"ip link set p0 up; ip addr replace 10.99.0.{number}/24 dev p0")
    args = ("--limit", "kvm1:kvm2", "-e", '{"networks_verify_reach": ["10.99.0.4"]}')
    told = rollout(hosts, *args, lost="kvm1", at=VERIFY, run=on(hosts, "kvm4", "ip addr flush dev p0"))
    assert told.code, told.output
    assert told.states() == ([], ["kvm1", "kvm2"], [])
    assert told.summary["hosts"]["kvm1"]["code"] == "REACH_LOST"
    assert having(hosts) == []
    assert waiting(hosts) == []


def test_tags_of_the_play_that_imports_it(hosts):
    site = [{"import_playbook": "virtfleet.network.rollout", "tags": ["net"]}]
    assert rollout(hosts, "--tags", "other", playbook=site).code == 0
    assert having(hosts) == []
    told = rollout(hosts, "--tags", "net", playbook=site)
    assert told.code == 0, told.output
    assert told.states() == (list(HOSTS), [], [])
    assert having(hosts) == list(HOSTS)


# The lab's sshd lets nobody in who has a locked password.
OPERATOR = r"""
id ops >/dev/null 2>&1 || { useradd -m -s /bin/sh ops && usermod -p '*' ops; }
mkdir -p -m 700 ~ops/.ssh && cp /root/.ssh/authorized_keys ~ops/.ssh/ && chown -R ops ~ops/.ssh
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops && chmod 440 /etc/sudoers.d/ops
"""


def test_as_a_user_who_becomes_root_by_sudo(hosts):
    for host in HOSTS:
        hosts.on(host, "sh", "-c", OPERATOR)
    alone = rollout(hosts, "-e", "ansible_user=ops")
    assert alone.code, alone.output
    assert alone.states() == ([], list(HOSTS), [])
    assert having(hosts) == []
    told = rollout(hosts, "-e", "ansible_user=ops", "--become")
    assert told.code == 0, told.output
    assert told.states() == (list(HOSTS), [], [])
    assert having(hosts) == list(HOSTS)
    assert waiting(hosts) == []
