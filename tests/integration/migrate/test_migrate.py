# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules and the playbooks of the migration check on real hosts. Verdicts are held against reality elsewhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from guests import MACHINE, domain_xml, network_interface
from harness.agent import Agent
from harness.playbook import PROGRAM, environment

from .conftest import LAB

pytestmark = pytest.mark.lab

RED = "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/></network>"
LAN = (
    "<network><name>lan</name><forward mode='nat'/><ip address='10.20.0.1' prefix='24'><dhcp>"
    "<range start='10.20.0.50' end='10.20.0.99'/></dhcp></ip><portgroup name='eng'/></network>"
)


def guest(name: str = "web1", number: int = 1) -> str:
    """Emulated, so that it migrates on every machine."""
    nics = [
        network_interface("red", f"52:54:00:00:{number:02x}:01"),
        network_interface("lan", f"52:54:00:00:{number:02x}:02", "eng"),
    ]
    return domain_xml(name, nics)


def ansible(inventory: Path, directory: Path, playbook: str, *arguments: str) -> tuple[int, str]:
    """On three of the hosts unless the arguments say on which."""
    limit = () if "--limit" in arguments else ("--limit", "kvm1,kvm2,kvm3")
    done = subprocess.run(
        [str(PROGRAM), "-i", str(inventory), playbook, *limit, *arguments],
        env=environment(directory / "lines.jsonl"),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def play(inventory: Path, directory: Path, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of tasks on kvm1, in order; none of them stops the others."""
    playbook, lines = directory / "play.json", directory / "lines.jsonl"
    lines.unlink(missing_ok=True)
    named = [{"name": str(number), "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    playbook.write_text(json.dumps([{"hosts": "kvm1", "gather_facts": False, "tasks": named}]))
    _code, output = ansible(inventory, directory, str(playbook))
    entries = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(entries) == len(tasks), output
    return [{**entry["result"], "failed": entry["status"] == "failed"} for entry in entries]


def matrix(output: str) -> list[str]:
    """The lines that the playbook showed."""
    shown = output[output.index('"msg": [') : output.index("\n    ]", output.index('"msg": ['))]
    return json.loads("[" + shown.partition("[")[2] + "]")


def everywhere(hosts: dict[str, Agent]) -> None:
    for agent in hosts.values():
        agent.tell("network", xml=RED)
        agent.tell("network", xml=LAN)


INFO = {"virtfleet.network.virt_guest_info": {}, "register": "found"}


def check(on: str = "kvm2", **options: Any) -> dict[str, Any]:
    return {
        "virtfleet.network.virt_migrate_check": {"guests": "{{ found.guests }}", **options},
        "delegate_to": on,
    }


def test_a_guest_is_described_with_its_settings(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    hosts["kvm1"].tell("define", xml=guest("web2", 2))
    (found,) = play(inventory, tmp_path, INFO)
    running, defined = found["guests"]
    assert (running["name"], running["running"], running["persistent"]) == ("web1", True, False)
    assert (defined["name"], defined["running"], defined["persistent"]) == ("web2", False, True)
    assert running["host"]["name"] == "kvm1"
    assert (running["type"], running["memory"], running["machine"]) == ("qemu", 16384, MACHINE)
    for facts, plugged in ((running, ["bridge", "network"]), (defined, [None, None])):
        red, lan = facts["nics"]
        assert [nic["plugged_as"] for nic in facts["nics"]] == plugged
        assert (red["network"], red["settings"]["reach"], red["settings"]["uplink"]["state"]) == ("red", "l2", "up")
        assert (lan["portgroup"], lan["settings"]["portgroup"]) == ("eng", {"name": "eng"})
        assert (lan["settings"]["reach"], lan["settings"]["addresses"]) == ("nat", ["10.20.0.1/24"])
        assert [nic["settings"]["mtu"] for nic in facts["nics"]] == [1500, 1500]
    assert [nic["attached"] for nic in running["nics"]] == [True, True]


def test_check_saved_remote_and_check_mode_agree(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    hosts["kvm2"].run("virsh", "net-destroy", "lan")
    lookups = "{{ found.guests | virtfleet.network.migrate_lookups }}"
    saved = {"virtfleet.network.virt_network_info": {"lookups": lookups}, "delegate_to": "kvm2", "register": "there"}
    before = hosts["kvm2"].run("virsh", "net-list", "--all")
    _info, _there, real, checked, offline, stale, remote, policy, never = play(
        inventory,
        tmp_path,
        INFO,
        saved,
        check(),
        {**check(), "check_mode": True},
        check("localhost", destination="{{ there }}"),
        check(
            "localhost",
            destination="{{ there | combine({'host': there.host | combine({'gathered': 7})}) }}",
            max_age=60,
        ),
        check("kvm3", uri="qemu+tcp://kvm2/system"),
        check(policy={"NET_INACTIVE": "warning"}),
        check(fail_on="never"),
    )
    assert hosts["kvm2"].run("virsh", "net-list", "--all") == before
    for result in (real, checked, offline):
        assert (result["failed"], result["code"], result["changed"]) == (True, "NOT_ADVISED", False), result
        assert result["msg"] == "web1 is blocked: Network 'lan' on kvm2 is not active."
        assert result["verdicts"] == real["verdicts"]
    assert [finding["code"] for finding in real["verdicts"][0]["findings"]] == ["NET_INACTIVE"]
    assert {finding["code"] for finding in stale["verdicts"][0]["findings"]} == {"NET_INACTIVE", "STALE"}
    not_seen = {"NET_INACTIVE", "UNKNOWN", "MIGRATION_SETTINGS_UNKNOWN"}  # of a host that is only spoken to
    assert {finding["code"] for finding in remote["verdicts"][0]["findings"]} == not_seen
    assert (policy["failed"], policy["verdict"]) == (False, "warning")
    assert (never["failed"], never["verdict"]) == (False, "blocked")
    assert "guests" not in never["invocation"]["module_args"]


def test_bad_input_is_one_sentence(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    hosts["kvm3"].lab("stop", "libvirtd")
    try:
        results = play(
            inventory,
            tmp_path,
            {"virtfleet.network.virt_guest_info": {"names": ["nobody"]}},
            INFO,
            check("kvm1"),
            check("kvm3"),
            check(guests=["{{ found.guests[0] | combine({'format': 9}) }}"]),
            check(guests=["{{ found.guests[0] | dict2items | rejectattr('key', 'eq', 'nics') | items2dict }}"]),
            check("localhost", destination={"host": {}}),
            check("localhost", destination={"format": 9, "host": {}, "networks": []}),
            check(policy={"NET_MISING": "ok"}),
            check(policy={"NET_MISSING": "fine"}),
        )
    finally:
        hosts["kvm3"].lab("start", "libvirtd")
    nobody, _info, home, silent, version, half, no_info, old_info, no_code, no_rating = results
    assert (nobody["failed"], nobody["code"], nobody["msg"]) == (
        True, "GUEST_MISSING", "Guest 'nobody' does not exist on this host.",
    )  # fmt: skip
    assert {finding["code"] for finding in home["verdicts"][0]["findings"]} == {"SAME_HOST", "GUEST_EXISTS"}
    assert (silent["failed"], silent["verdict"]) == (False, "unknown")
    assert [finding["code"] for finding in silent["verdicts"][0]["findings"]] == ["DAEMON_UNREACHABLE"]
    for result, word in ((version, "has format 9"), (half, "it lacks nics")):
        assert (result["failed"], result["verdict"]) == (False, "unknown")
        assert word in result["verdicts"][0]["findings"][0]["sentence"]
    for result, code in ((no_info, "DESTINATION_INVALID"), (old_info, "DESTINATION_INVALID"),
                         (no_code, "OPTIONS_INVALID"), (no_rating, "OPTIONS_INVALID")):  # fmt: skip
        assert (result["failed"], result["code"]) == (True, code)
        assert "\n" not in result["msg"]


DROP_GROUP = ("virsh", "net-update", "lan", "delete", "portgroup", "<portgroup name='eng'/>", "--live", "--config")
# Commands on kvm2 and kvm3, and what the matrix has for them. kvm1 is where the guest is.
FAULTS = {
    "inactive, and a bridge that is down": (
        [("virsh", "net-destroy", "lan"), ("virsh", "net-autostart", "--disable", "lan")],
        [("ip", "link", "set", "br7", "down")],
        "x NET_INACTIVE +1  x BRIDGE_DOWN",
    ),
    "missing, and without a portgroup, an uplink and its MTU": (
        [("virsh", "net-destroy", "lan"), ("virsh", "net-undefine", "lan")],
        [DROP_GROUP, ("ip", "link", "set", "p1", "down"), ("ip", "link", "set", "br7", "mtu", "1300")],
        "x NET_MISSING  x MTU_TOO_SMALL +2",
    ),
    "another subnet, and no boot": (
        [("virsh", "net-destroy", "lan"), ("virsh", "net-undefine", "lan"), ("virsh", "net-define", "/run/other.xml"),
         ("virsh", "net-start", "lan")],
        [("virsh", "net-autostart", "--disable", "lan"), ("virsh", "net-destroy", "red")],
        "x SUBNET_DIFFERS +2  x NET_INACTIVE +1",
    ),
}  # fmt: skip


def repaired(inventory: Path, directory: Path, *arguments: str) -> None:
    """What the check says would help is done, by the role that says it."""
    role = "virtfleet.network.migrate_check"
    tasks = [
        {"import_role": {"name": role}, "vars": {"migrate_check_strict": False}},
        {"include_role": {"name": role, "tasks_from": "repair"}, "vars": {"migrate_check_repair_links": True}},
    ]
    repair = directory / "repair.yml"
    repair.write_text(json.dumps([{"hosts": "kvm", "gather_facts": False, "tasks": tasks}]))
    code, output = ansible(inventory, directory, str(repair), *arguments)
    assert code == 0, output


# One fault on each of five hosts.
ONE_EACH = {
    "kvm1": DROP_GROUP,
    "kvm2": ("virsh", "net-destroy", "lan"),
    "kvm3": ("ip", "link", "set", "br7", "down"),
    "kvm4": ("sh", "-c", "virsh net-destroy red && virsh net-undefine red"),
    "kvm5": ("ip", "link", "set", "br7", "mtu", "1300"),
}
ALL = ("--limit", "kvm")
STRICT = ("-e", "migrate_check_strict=true")


def test_five_hosts_with_one_fault_each(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    hosts["kvm5"].tell("guest", xml=guest("web5", 5))
    for host, command in ONE_EACH.items():
        hosts[host].run(*command)
    code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", *ALL)
    assert code == 0, output
    code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", *ALL, *STRICT)
    assert code != 0
    assert "web1 on kvm1 cannot migrate to any host" in output
    rows = {row.split()[0]: row for row in matrix(output) if row.startswith("web")}
    for host, shown in (("kvm2", "x NET_INACTIVE"), ("kvm3", "x BRIDGE_DOWN"), ("kvm4", "x NET_MISSING"),
                        ("kvm5", "x MTU_TOO_SMALL")):  # fmt: skip
        assert shown in rows["web1"], (host, rows)
    assert "! PORTGROUP_MISSING" in rows["web5"], rows
    repaired(inventory, tmp_path, *ALL)
    code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", *ALL)
    assert code == 0, output
    for row in matrix(output):
        if row.startswith(("web1 ", "web5 ")):
            assert row.split()[2:] == (["=", *["+", "ok"] * 4] if "kvm1" in row.split()[1] else [*["+", "ok"] * 4, "="])


@pytest.mark.parametrize("case", FAULTS, ids=list(FAULTS))
def test_faults_are_found_repaired_and_found_no_more(case, hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    other = LAN.replace("10.20.0.", "10.21.0.").replace("<portgroup name='eng'/>", "")
    hosts["kvm2"].run("sh", "-c", f'echo "{other}" > /run/other.xml')
    on_kvm2, on_kvm3, shown = FAULTS[case]
    for host, commands in (("kvm2", on_kvm2), ("kvm3", on_kvm3)):
        for command in commands:
            hosts[host].run(*command)
    code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", *STRICT)
    assert code != 0
    assert " ".join(matrix(output)[2].split()) == " ".join(f"web1 kvm1 = {shown}".split())
    assert "web1 on kvm1 cannot migrate to any host" in output
    repaired(inventory, tmp_path)
    for arguments in ((), ("--check",), ("--limit", "kvm1,kvm3"), ("-e", "guest=web1", "-e", "destination=kvm3")):
        code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", *arguments)
        assert code == 0, output
        row = matrix(output)[2]
        assert row.split()[:2] == ["web1", "kvm1"]
        assert row.endswith("+ ok"), row
        assert "changed=0" in output


def test_a_host_that_is_gone_is_unknown(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("guest", xml=guest())
    hosts["kvm3"].lab("stop", "libvirtd")
    try:
        code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check")
        assert code == 0, output
        assert matrix(output)[2].split() == ["web1", "kvm1", "=", "+", "ok", "?", "DAEMON_UNREACHABLE"]
        code, output = ansible(
            inventory, tmp_path, "virtfleet.network.migrate_check", "-e", "guest=web1", "-e", "destination=kvm3"
        )
        assert code != 0
    finally:
        hosts["kvm3"].lab("start", "libvirtd")
    code, output = ansible(inventory, tmp_path, "virtfleet.network.migrate_check", "-e", "guest=nobody")
    assert code != 0
    assert "Guests not found: nobody. Hosts checked: kvm1, kvm2, kvm3." in output


def test_a_migration_is_checked_before_and_after(hosts, inventory, tmp_path):
    everywhere(hosts)
    hosts["kvm1"].tell("define", xml=guest())
    hosts["kvm1"].run("virsh", "start", "web1")
    hosts["kvm2"].run("virsh", "net-destroy", "lan")
    move = ("virtfleet.network.migrate", "-e", "guest=web1", "-e", "destination=kvm2")
    code, output = ansible(inventory, tmp_path, *move)
    assert code != 0
    assert "web1 cannot migrate to kvm2: Network 'lan' on kvm2 is not active." in output
    assert hosts["kvm1"].run("virsh", "list", "--name").split() == ["web1"]
    hosts["kvm2"].run("virsh", "net-start", "lan")
    code, output = ansible(inventory, tmp_path, *move, "--check")
    assert code == 0, output
    assert hosts["kvm1"].run("virsh", "list", "--name").split() == ["web1"]
    code, output = ansible(inventory, tmp_path, *move)
    assert code == 0, output
    assert "NIC 52:54:00:00:01:02 of web1: network lan portgroup eng (network) on kvm1, network lan" in output
    assert hosts["kvm1"].run("virsh", "list", "--all", "--name").split() == []
    assert hosts["kvm2"].run("virsh", "list", "--name").split() == ["web1"]
    assert "Persistent:     yes" in hosts["kvm2"].run("virsh", "dominfo", "web1")
    code, output = ansible(inventory, tmp_path, *move)
    assert code == 0, output
    assert "changed=1" not in output


def test_a_host_is_emptied_and_filled_again(hosts, inventory, tmp_path):
    everywhere(hosts)
    for number in (1, 2):
        hosts["kvm1"].tell("define", xml=guest(f"web{number}", number))
        hosts["kvm1"].run("virsh", "start", f"web{number}")
    hosts["kvm1"].run("virsh", "autostart", "web1")
    evacuate = ("virtfleet.network.evacuate", "-e", "source=kvm1")
    code, output = ansible(inventory, tmp_path, *evacuate, "--check")
    assert code == 0, output
    assert hosts["kvm1"].run("virsh", "list", "--name").split() == ["web1", "web2"]
    code, output = ansible(inventory, tmp_path, *evacuate)
    assert code == 0, output
    assert hosts["kvm1"].run("virsh", "list", "--all", "--name").split() == []
    places = {name: host for host in ("kvm2", "kvm3") for name in hosts[host].run("virsh", "list", "--name").split()}
    assert sorted(places) == ["web1", "web2"]
    assert "Autostart:      enable" in hosts[places["web1"]].run("virsh", "dominfo", "web1")
    for name, host in places.items():
        assert ' origin="kvm1"' in hosts[host].run("virsh", "dumpxml", "--inactive", name)
    code, output = ansible(inventory, tmp_path, "virtfleet.network.return", "-e", "host=kvm1")
    assert code == 0, output
    assert sorted(hosts["kvm1"].run("virsh", "list", "--name").split()) == ["web1", "web2"]
    for name in places:
        assert "origin=" not in hosts["kvm1"].run("virsh", "dumpxml", name)
        assert [row.split()[2] for row in hosts["kvm1"].run("virsh", "domiflist", name).splitlines()[2:] if row] == [
            "red", "lan",
        ]  # fmt: skip
    subprocess.run([*LAB, "status"], check=True)
