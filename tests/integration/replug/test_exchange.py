# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that take what others give up in the same call, whose steps meet faults."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import guests
import pytest
from harness import EVERYWHERE
from replug.bench import FAULTS, Bench, without_generated

pytestmark = pytest.mark.lab

MACS = {"red": "52:54:00:30:01:01", "blue": "52:54:00:30:01:02"}


def virtual(name: str, bridge: int, net: int, mac: int) -> dict:
    return {
        "name": name,
        "forward": {"mode": "nat"},
        "bridge": {"name": f"virbr{bridge}", "stp": False},
        "mac": f"52:54:00:aa:01:{mac}",
        "ips": [{"address": f"10.90.{net}.1", "prefix": 24}],
    }


RED, BLUE, GREEN = virtual("red", 31, 1, 31), virtual("blue", 32, 2, 32), virtual("green", 33, 3, 33)
# Kind -> the networks before, those with a guest, and what is asked for.
KINDS: dict[str, tuple[list[dict], list[str], dict]] = {
    "rename": ([RED], [], {"networks": [{**RED, "name": "new"}, {"name": "red", "state": "absent"}]}),
    "two swap bridges": (
        [RED, BLUE],
        ["red", "blue"],
        {"networks": [{**RED, "bridge": BLUE["bridge"]}, {**BLUE, "bridge": RED["bridge"]}], "restart": "replug"},
    ),
    "two swap subnets": (
        [RED, BLUE],
        ["red"],
        {"networks": [{**RED, "ips": BLUE["ips"]}, {**BLUE, "ips": RED["ips"]}], "restart": "replug"},
    ),
    "three swap all": (
        [RED, BLUE, GREEN],
        [],
        {
            "networks": [
                {**RED, "ips": BLUE["ips"], "bridge": GREEN["bridge"]},
                {**BLUE, "ips": GREEN["ips"], "bridge": RED["bridge"]},
                {**GREEN, "ips": RED["ips"], "bridge": BLUE["bridge"]},
            ]
        },
    ),
    "a chain": (
        [RED, BLUE],
        [],
        {"networks": [{**BLUE, "ips": RED["ips"]}, {**RED, **virtual("red", 34, 4, 31)}, virtual("new", 31, 2, 35)]},
    ),
}


@pytest.fixture(scope="module", params=["kvm1", "kvm2"])
def bench(hosts, request) -> Iterator[Bench]:
    bench = Bench(hosts, request.param)
    yield bench
    bench.prepare(None, guest=False)


def prepare(bench: Bench, networks: list[dict], used: list[str]) -> dict:
    bench.prepare(None, guest=False)
    done = bench.ask("apply", json.dumps({"networks": networks}))
    assert "code" not in done, done
    for name in used:
        bench.start_guest(f"web-{name}", guests.network_interface(name, MACS[name]))
    return bench.look()


@pytest.mark.parametrize("kind", KINDS)
def test_exchange(bench, kind):
    networks, used, change = KINDS[kind]
    before = prepare(bench, networks, used)
    if used:
        refused = bench.ask("apply", json.dumps({**change, "restart": "idle"}))
        assert refused["code"] == "IN_USE"
        assert all(f"web-{name}" in json.dumps(refused) for name in used)
        assert bench.look() == before
    done = bench.ask("apply", json.dumps(change))
    assert "code" not in done, done
    after = bench.look()
    assert after["journals"] == []
    assert len(after["ports"]) == len(used)
    assert sorted(after["masters"].values()) == sorted(bridge_of(after, name) for name in used)
    assert bench.ask("apply", json.dumps(change))["steps"] == []
    for number, (when, how) in chosen(len(done["steps"]), f"{kind} {bench.host}"):
        step = done["steps"][number]
        start = prepare(bench, networks, used)
        fault = {"step": number, "when": when, "how": how}
        said = bench.ask("apply", json.dumps({**change, "fault": fault}), check=False)
        if how == "daemon":
            bench.start_daemon()
        there = bench.look()
        if how == "error":
            assert said["code"] == "LIBVIRT_REFUSED", said
            assert without_taps(there) == without_taps(start), f"{step} failed, and not all was undone: {said}"
        else:
            again = bench.ask("apply", json.dumps(change))
            assert "code" not in again, (number, step, when, how, again)
            assert without_generated(bench.look()) == without_generated(after), (number, step, when, how, again)
            assert bench.ask("apply", json.dumps(change))["steps"] == []


def chosen(steps: int, seed: str) -> list[tuple[int, tuple[str, str]]]:
    """Which step meets which fault: every one with IT_EVERYWHERE, which takes half an hour, else as many as FAULTS."""
    every = [(number, fault) for number in range(steps) for fault in FAULTS]
    return every if EVERYWHERE else random.Random(seed).sample(every, len(FAULTS))


def bridge_of(seen: dict, name: str) -> str:
    return str(seen["networks"][name]["live"]).partition("<bridge name='")[2].partition("'")[0]


def without_taps(seen: dict) -> dict:
    return {**seen, "masters": sorted(seen["masters"].values(), key=str)}
