# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of a replug with a bypass meets faults: every tap ends in the right bridge, no link stays."""

from __future__ import annotations

import pytest
from harness import EVERYWHERE
from replug.bench import BRIDGE, CONTAINER, HOST, NAME, Bench, guests, seen_bridge, without_generated
from seamless.company import assert_whole, prepare

pytestmark = pytest.mark.lab

CHANGES = {
    "MTU": {"mtu": 1400, "autostart": True, "restart": "seamless"},
    "bridge's name": {"bridge": {"name": "virbr39", "stp": False}, "restart": "seamless"},
}
# When a step meets it, and how.
FAULTS = [
    (when, how) for how in ("error", "kill", "SIGTERM", "daemon") for when in ("before", "after")
]  # fmt: skip
# Functions, and in which of their calls the run is killed.
POINTS = {
    "MTU": [
        ("bypass._write_ipv6", 0), ("bypass._write_ipv6", 2), ("bypass._await_forwarding", 0), ("plug_in.plug_in", 3),
        ("plug_in.set_up_port", 4), ("bypass._await_forwarding", 1), ("bypass._await_carrier", 0),
        ("plug_in.set_up_port", 7),
    ],
    "bridge's name": [("move._update", 0), ("move._update", 1), ("plug_in.set_up_port", 5)],
}  # fmt: skip
UNDONE = {"error": "LIBVIRT_REFUSED", "SIGTERM": "INTERRUPTED"}
AGEING = "12300"
JOURNAL = "/var/lib/virtfleet-network/system.journal"
OTHER_TASK = {"autostart": True}


@pytest.mark.parametrize("kind", CHANGES)
def test_faults(fault_bench, kind):
    bench = fault_bench
    change = CHANGES[kind]
    before = prepared(bench)
    steps = bench.apply(change)["steps"]
    after = bench.look()
    assert {"bypass", "aside", "settings", "join", "unbypass"} <= set(steps)
    assert_whole(after)
    for number, step in enumerate(steps):
        for when, how in faults_at(number):
            start = prepared(bench)
            assert without_generated(start) == without_generated(before)
            said = bench.apply(change, {"step": number, "when": when, "how": how})
            if how == "daemon":
                bench.start_daemon()
            there = bench.look()
            if how in UNDONE:
                assert said["code"] == UNDONE[how], (step, when, how, said)
                assert said["left"] == [], (step, when, how, said)
                assert there == start, (step, when, how, said)
                outcome = "undone"
            else:
                again = bench.apply(change)
                assert "code" not in again, (step, when, how, again)
                there = bench.look()
                assert without_generated(there) == without_generated(after), (step, when, how, again)
                assert bench.apply(change)["steps"] == []
                outcome = "converged by the next run"
            assert_whole(there)
            assert bench.hosts.on(bench.host, "cat", ageing_of(there)).strip() == AGEING
            print(f"{bench.host} {kind:14} {number} {step:10} {when:6} {how:8} {outcome}", flush=True)


def prepared(bench: Bench) -> dict:
    """With a setting of the bridge that the network's definition does not have."""
    seen = prepare(bench, BRIDGE)
    bench.hosts.on(bench.host, "sh", "-c", f"echo {AGEING} >{ageing_of(seen)}")
    return seen


def ageing_of(seen: dict) -> str:
    return f"/sys/class/net/{seen_bridge(seen)}/bridge/ageing_time"


def faults_at(number: int) -> list[tuple[str, str]]:
    """Every fault with IT_EVERYWHERE, else one at each step, in turn."""
    return FAULTS if EVERYWHERE else [FAULTS[3 * number % len(FAULTS)]]


@pytest.mark.parametrize("kind", CHANGES)
def test_killed_within_a_step(bench, kind):
    """Another task, which wants nothing of the network's restart, recovers it."""
    for inside, call in POINTS[kind]:
        start = prepare(bench, BRIDGE, isolated=True)
        bench.apply(CHANGES[kind], {"inside": inside, "step": call, "how": "kill"})
        assert bench.look()["journals"], f"nothing was killed in {inside}, so this shows nothing"
        again = bench.apply(OTHER_TASK)
        assert "was interrupted" in again["warnings"][0], (inside, call, again)
        there = bench.look()
        assert_whole(there)
        assert [tap[1:] for tap in there["taps"].values()] == [tap[1:] for tap in start["taps"].values()], (
            inside,
            call,
        )


@pytest.mark.parametrize("step", ["aside", "join"])
def test_what_no_journal_knows_of_is_put_right(bench, step):
    """The next run of any task does it, after check mode has announced it."""
    start = prepare(bench, BRIDGE, isolated=True)
    number = ("define", "autostart", "bypass", "aside", "destroy", "start", "join").index(step)
    bench.apply(CHANGES["MTU"], {"step": number, "when": "after", "how": "kill"})
    left = bench.look()
    assert left["bypasses"]
    bench.hosts.on(HOST, "rm", JOURNAL)
    announced = bench.apply({**OTHER_TASK, "check": True})
    assert "a real run removes it" in announced["warnings"][0], announced
    assert bench.look()["masters"] == left["masters"]
    done = bench.apply({**OTHER_TASK, "restart": "replug"})
    assert "temporary bridge" in done["warnings"][0], done
    there = bench.look()
    assert there["bypasses"] == []
    assert set(there["masters"].values()) == {"virbr30"}
    assert [tap[2:] for tap in there["taps"].values()] == [tap[2:] for tap in start["taps"].values()]


@pytest.mark.parametrize("step", ["bypass", "aside", "join"])
def test_a_guest_comes_or_goes_in_the_middle(bench, step):
    number = ("define", "bypass", "aside", "destroy", "start", "join").index(step)
    change = {"mtu": 1400, "restart": "seamless"}
    for how in ("destroy web1", "create --paused /run/web3.xml", f"!ip link del {CONTAINER}"):
        prepare(bench, BRIDGE)
        xml = guests.domain_xml("web3", [guests.network_interface(NAME, "52:54:00:30:00:03")])
        bench.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web3.xml', "sh", xml)
        done = bench.apply(change, {"step": number, "when": "after", "how": how})
        assert "code" not in done, (how, done)
        there = bench.look()
        running = bench.hosts.virsh(HOST, "list", "--name").split()
        assert len(there["ports"]) == len(running), (how, running, there)
        assert len(there["masters"]) == len(running) + (CONTAINER in there["masters"])
        assert set(there["masters"].values()) == {"virbr30"}, (how, there)
        assert there["bypasses"] == []
        assert bench.apply(change)["steps"] == []


def test_several_networks_exchange_their_bridges(bench: Bench):
    """Each with its own bypass, at the same time."""
    prepare(bench, BRIDGE)
    blue = {"name": "blue", "forward": {}, "bridge": {"name": "virbr31", "stp": False}}
    assert "code" not in bench.apply({"networks": [blue]})
    for number in (3, 4):
        bench.start_guest(f"web{number}", guests.network_interface("blue", f"52:54:00:30:00:0{number}"))
    swapped = [{"name": NAME, "bridge": {"name": "virbr31"}}, {"name": "blue", "bridge": {"name": "virbr30"}}]
    done = bench.apply({"networks": swapped, "restart": "seamless"})
    assert "code" not in done, done
    assert done["steps"].count("bypass") == 2
    there = bench.look()
    listed = {name: bench.hosts.virsh(HOST, "domiflist", name).split()[0] for name in ("web1", "web2", "web3", "web4")}
    assert [there["masters"][tap] for tap in listed.values()] == ["virbr31", "virbr31", "virbr30", "virbr30"]
    assert there["bypasses"] == []
    assert len(there["ports"]) == 4
