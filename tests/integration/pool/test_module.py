# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_iface_pool as Ansible runs it: the quartet, bad input, and what virt_network_info shows of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.playbook import PROGRAM, environment

from .conftest import Host, network

pytestmark = pytest.mark.lab


def play(inventory: Path, directory: Path, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks' results, in order; none of them stops the others."""
    playbook, lines = directory / "play.yml", directory / "lines.jsonl"
    named = [{"name": str(number), "ignore_errors": True, **task} for number, task in enumerate(tasks)]
    playbook.write_text(json.dumps([{"hosts": "kvm1", "gather_facts": False, "tasks": named}]))
    done = subprocess.run(
        [str(PROGRAM), "-i", str(inventory), str(playbook)],
        env=environment(lines), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert lines.exists(), done.stdout + done.stderr
    entries = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(entries) == len(tasks), done.stdout
    return [{**entry["result"], "failed": entry["status"] == "failed"} for entry in entries]


def pool(check: bool = False, **options: Any) -> dict[str, Any]:
    return {"virtfleet.network.virt_iface_pool": {"name": "net", **options}, "check_mode": check, "diff": True}


CASES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "passthrough by name": ("passthrough", {"members": ["p[2-3]"]}, ["p0", "p1", "p2", "p3"]),
    "bridge with a limit": ("bridge", {"members": ["p2"], "max_guests": 4}, ["p0", "p1", "p2"]),
    "vepa by glob": ("vepa", {"match": {"name": "p6?", "carrier": True}}, ["p0", "p1", "p60", "p61", "p62", "p63"]),
    "private by regex, exclusive": ("private", {"match": {"regex": "p[0-2]"}, "exclusive": True}, ["p0", "p1", "p2"]),
    "speed and driver": (
        "passthrough",
        {"match": {"driver": "veth", "speed": 10000, "regex": "p[0-9]", "in_bridge": False}},
        [f"p{number}" for number in range(10)],
    ),
    "out again": ("passthrough", {"members": ["p1"], "state": "absent"}, ["p0"]),
    "the last one too": ("private", {"match": {"name": "p*"}, "state": "absent"}, []),
    "none but these": ("vepa", {"members": ["p5"], "exclusive": True}, ["p5"]),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_quartet(case: str, kvm1: Host, inventory: Path, tmp_path: Path) -> None:
    mode, options, expected = CASES[case]
    kvm1.tell("define", xml=network(mode, ["p0", "p1"]))
    check, shown, real, again, again_check, after = play(
        inventory,
        tmp_path,
        pool(check=True, **options),
        {"virtfleet.network.virt_network_info": {"name": "net"}},
        pool(**options),
        pool(**options),
        pool(check=True, **options),
        {"virtfleet.network.virt_network_info": {"name": "net"}},
    )
    for result in (check, real, again, again_check):
        assert not result["failed"], result
    assert (check["changed"], check["diff"], check["steps"]) == (real["changed"], real["diff"], real["steps"])
    assert real["changed"]
    assert real["diff"]["before"] != real["diff"]["after"]
    assert [member["name"] for member in shown["pools"]["net"]["members"]] == ["p0", "p1"], "check mode did something"
    assert (again["changed"], again_check["changed"]) == (False, False)
    assert sorted(member["name"] for member in real["pool"]["members"]) == sorted(expected)
    assert sorted(kvm1.books()["members"]) == sorted(expected)
    inactive = kvm1.run("virsh", "net-dumpxml", "--inactive", "net")
    assert inactive.count("<interface dev=") == len(expected)
    if expected:
        assert after["pools"]["net"] == again["pool"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown network": ({"name": "nowhere", "members": ["p2"]}, "NETWORK_MISSING"),
    "a network without a pool": ({"name": "lan", "members": ["p2"]}, "NO_POOL"),
    "a member twice": ({"members": ["p2", "p2"]}, "MEMBER_TWICE"),
    "a match that matches nothing": ({"match": {"driver": "ixgbe"}}, "MATCH_EMPTY"),
    "a regex that does not compile": ({"match": {"regex": "p(["}}, "REGEX_INVALID"),
    "a name of 16 characters": ({"members": ["p" * 16]}, "DEVICE_NAME_INVALID"),
    "a PF without VFs": ({"pf": "p2"}, "PF_NO_VFS"),
    "a PF that is not there": ({"pf": "ens9"}, "PF_MISSING"),
    "a range backwards": ({"members": ["p[3-1]"]}, "RANGE_INVALID"),
    "a PCI address in a macvtap pool": ({"members": ["0000:03:10.1"]}, "MEMBER_INVALID"),
    "nothing asked": ({}, "OPTIONS_INVALID"),
    "an empty match": ({"match": {}}, "OPTIONS_INVALID"),
    "a match that is no mapping": ({"match": ["p*"]}, "OPTIONS_INVALID"),
    "vfs without pf": ({"members": ["p2"], "vfs": "1"}, "OPTIONS_INVALID"),
    "a limit below zero": ({"members": ["p2"], "max_guests": -1}, "OPTIONS_INVALID"),
    "exclusive and absent": ({"members": ["p2"], "exclusive": True, "state": "absent"}, "OPTIONS_INVALID"),
}


def test_bad_input_is_one_sentence_each_and_changes_nothing(kvm1: Host, inventory: Path, tmp_path: Path) -> None:
    kvm1.tell("define", xml=network("passthrough", ["p0", "p1"]))
    kvm1.tell("define", xml="<network><name>lan</name></network>")
    kvm1.tell("start", name="g0", of="net")
    before = kvm1.books(), kvm1.run("virsh", "net-dumpxml", "--inactive", "net")
    tasks = [pool(check=check, **options) for options, _code in BAD.values() for check in (True, False)]
    results = play(inventory, tmp_path, *tasks)
    codes = [code for _options, code in BAD.values() for _check in (True, False)]
    for task, result, code in zip(tasks, results, codes):
        message = result["msg"]
        assert result["failed"], task
        assert result["code"] == code, (task, message)
        assert "\n" not in message
        assert message.endswith(".")
        assert "Traceback" not in json.dumps(result)
    assert (kvm1.books(), kvm1.run("virsh", "net-dumpxml", "--inactive", "net")) == before
