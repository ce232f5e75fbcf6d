# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever ends a run in the middle: it rolls back, or the next run puts right what it left."""

from __future__ import annotations

import pytest
from harness import every_nth
from replug.bench import HOST, MAC, NAME, guests

pytestmark = pytest.mark.lab

# With STP on, as libvirt has it by default.
NETWORK = {"forward": {}, "bridge": {"name": "virbr30"}, "mac": "52:54:00:aa:00:30"}
REPLUG = {"mtu": 1400, "restart": "replug"}
MOVED = {"bridge": {"name": "virbr39"}, "restart": "replug"}
# What another run does than the one that was broken off.
OTHER_TASK = {"autostart": True}
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
ERRORS = ("OSError", "MemoryError", "RuntimeError", "KeyboardInterrupt", "SystemExit")
CODES = {"OSError": "HOST_FAILED", "MemoryError": "HOST_FAILED", "RuntimeError": "UNEXPECTED"}
PENDING = "<network><name>red</name><bridge name='virbr30'/><mac address='52:54:00:aa:00:30'/><domain name='by.hand'/>"


def seen(bench) -> dict:
    there = bench.look()
    return {**there, "taps": list(there["taps"].values()), "masters": list(there["masters"].values())}


def prepare(bench) -> dict:
    bench.prepare(NETWORK, guest=True)
    isolate(bench)
    return seen(bench)


def isolate(bench) -> None:
    """Settings of a tap that a change must not lose."""
    tap = next(iter(bench.look()["masters"]))
    bench.hosts.on(HOST, "sh", "-c", f"cd /sys/class/net/{tap}/brport; echo 1 >isolated; echo 1 >hairpin_mode")


@pytest.mark.parametrize("how", [*SIGNALS, *ERRORS])
def test_signals_and_errors_roll_back(bench, how):
    """Two signals at a time: the second finds the rollback at work."""
    start = prepare(bench)
    number = (*SIGNALS, *ERRORS).index(how)
    # define, destroy, start, attach, reclaim: each meets two of them, and all meet a stopped network.
    for step, when in sorted({(1, "after"), (number % 5, "before" if number % 2 else "after")}):
        said = bench.apply(REPLUG, [{"step": step, "when": when, "how": how}])
        assert said["code"] == CODES.get(how, "INTERRUPTED"), (step, when, said)
        assert said["left"] == []
        assert seen(bench) == start, (step, when, said)


@pytest.mark.parametrize("change", [REPLUG, MOVED], ids=["attach", "move"])
def test_killed_while_stp_is_off(bench, change):
    for inside in ("plug_in.plug_in", "move._update") if change is MOVED else ("plug_in.plug_in",):
        start = prepare(bench)
        assert start["stp"] == {"virbr30": "1"}
        bench.apply(change, [{"inside": inside, "step": 0, "how": "kill"}])
        assert list(bench.look()["stp"].values()) == ["0"], "it was not killed there, so this shows nothing"
        again = bench.apply(OTHER_TASK)
        assert "was interrupted" in again["warnings"][0], again
        there = seen(bench)
        assert list(there["stp"].values()) == ["1"]
        assert [tap[1:] for tap in there["taps"]] == [tap[1:] for tap in start["taps"]]
        assert there["masters"] == list(there["stp"])
        assert there["journals"] == []


# What comes after a run that was killed: nothing to do, a stop that guests forbid, a replug, a removal.
NEXT = ({}, {"mtu": 1300}, {"mtu": 1300, "restart": "replug"}, {"mtu": 1400}, {"state": "absent"})


# define, destroy, start, attach, reclaim; or move in place of both.
KILLS = [(REPLUG, step) for step in range(5)] + [(MOVED, step) for step in range(4)]


@pytest.mark.parametrize(("change", "step"), every_nth(3, KILLS))
def test_check_mode_after_a_kill_tells_what_the_run_does(bench, change, step):
    """It does not recover, and plans on what the recovery leaves."""
    for place, then in enumerate(NEXT[step % 2 :: 2]):
        prepare(bench)
        bench.apply(change, [{"step": step, "when": ("before", "after")[place % 2], "how": "kill"}])
        left = bench.look()
        assert left["journals"], "it was not killed there, so this shows nothing"
        told = bench.apply({**then, "check": True}, {"step": 99, "when": "after", "how": "kill"})
        assert bench.look() == left
        done = bench.apply(then, {"step": 99, "when": "after", "how": "kill"})
        assert told.get("code") == done.get("code"), (told, done)
        assert told.get("steps") == done.get("steps"), (told, done)
        if "code" not in done:
            assert "a real run recovers it first" in told["warnings"][0]
            assert told["warnings"][1:] == done["warnings"][1:]


def test_killed_between_a_tap_and_its_settings(bench):
    start = prepare(bench)
    bench.apply(REPLUG, [{"inside": "plug_in.write_setting", "step": 2, "how": "kill"}])
    assert [tap[1:] for tap in seen(bench)["taps"]] != [tap[1:] for tap in start["taps"]]
    bench.apply(OTHER_TASK)
    assert [tap[1:] for tap in seen(bench)["taps"]] == [tap[1:] for tap in start["taps"]]


def with_pending(bench) -> dict:
    prepare(bench)
    uuid = bench.hosts.virsh(HOST, "net-uuid", NAME).strip()
    bench.hosts.define(HOST, f"{PENDING}<uuid>{uuid}</uuid></network>")
    return seen(bench)


def test_a_definition_by_hand_survives_every_kill_of_a_rollback(bench):
    """And of the recovery of the rollback."""
    for kill in range(0, 12, 2):
        start = with_pending(bench)
        faults = [{"step": 4, "when": "after", "how": "error"}, {"step": 5 + kill, "when": "before", "how": "kill"}]
        said = bench.apply(REPLUG, faults)
        if said:
            assert kill > 3, "no rollback was killed, so this shows nothing"
            assert said["left"] == []
            assert seen(bench) == start
            return
        bench.apply(OTHER_TASK, [{"step": kill // 2, "when": "after", "how": "kill"}])
        again = bench.apply({**OTHER_TASK, "autostart": False})
        assert "code" not in again, again
        there = seen(bench)
        assert "by.hand" in there["networks"][NAME]["persistent"], (kill, again)
        assert there == start, (kill, again)
    raise AssertionError("the rollback has no end")


def test_a_guest_that_never_comes_costs_the_others_nothing(bench):
    """Its start fails in the middle of a replug: its tap was there, and is not there any more."""
    for kind in ("guest", "container"):
        prepare(bench)
        if kind == "guest":
            xml = guests.domain_xml("web2", [guests.network_interface(NAME, "52:54:00:30:00:02")])
            bench.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web2.xml', "sh", xml)
            bench.hosts.virsh(HOST, "create", "--paused", "/run/web2.xml")
            gone = "destroy web2"
        else:
            bench.hosts.on(HOST, "ip", "link", "add", "vnet99", "type", "veth", "peer", "name", "inside99")
            bench.hosts.on(HOST, "ip", "link", "set", "vnet99", "up", "master", "virbr30")
            gone = "!ip link del vnet99"
        done = bench.apply(REPLUG, [{"step": 1, "when": "after", "how": gone}])
        assert "code" not in done, (kind, done)
        there = bench.look()
        assert list(there["masters"].values()) == ["virbr30"]
        assert MAC in str(there["ports"])


@pytest.mark.parametrize("change", ["in", "out", "last out"])
def test_somebody_comes_or_goes_between_plan_and_stop(bench, change):
    prepare(bench)
    xml = guests.domain_xml("web2", [guests.network_interface(NAME, "52:54:00:30:00:02")])
    bench.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web2.xml', "sh", xml)
    if change == "out":
        bench.hosts.virsh(HOST, "create", "--paused", "/run/web2.xml")
    how = {"in": "create --paused /run/web2.xml", "out": "destroy web2", "last out": "destroy web1"}[change]
    done = bench.apply({**REPLUG, "autostart": True}, [{"step": 1, "when": "after", "how": how}])
    assert "code" not in done, done
    there = bench.look()
    running = bench.hosts.virsh(HOST, "list", "--name").split()
    assert len(there["ports"]) == len(running) == {"in": 2, "out": 1, "last out": 0}[change]
    assert list(there["masters"].values()) == ["virbr30"] * len(running)
    assert bench.apply({**REPLUG, "autostart": True})["steps"] == []


def test_one_who_came_just_before_the_stop_survives_a_kill(bench):
    prepare(bench)
    xml = guests.domain_xml("web2", [guests.network_interface(NAME, "52:54:00:30:00:02")])
    bench.hosts.on(HOST, "sh", "-c", 'printf %s "$1" > /run/web2.xml', "sh", xml)
    came = {"step": 0, "when": "after", "how": "create --paused /run/web2.xml"}
    bench.apply(REPLUG, [came, {"step": 1, "when": "after", "how": "kill"}])
    assert bench.look()["networks"][NAME]["live"] is None
    assert "code" not in bench.apply(OTHER_TASK)
    there = bench.look()
    assert len(there["ports"]) == 2
    assert list(there["masters"].values()) == ["virbr30"] * 2
