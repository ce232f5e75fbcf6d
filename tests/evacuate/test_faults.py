# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between the plan and its end, and that the next run finishes."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from fleet import Fleet, outcome, stays

pytestmark = pytest.mark.lab

SOURCE = ("-e", "source=kvm1")


def test_a_destination_that_lost_its_room_stops_only_what_waits_for_it(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2", "kvm3"):
        fleet.networks(host, 1)
    fleet.guest("kvm1", "web1", ["fast"], 1)
    fleet.guest("kvm1", "web2", ["lan"], 2)
    fleet.guest("kvm1", "web3", ["red"], 3)
    fleet.guest("kvm2", "late", ["fast"], 4)
    plan = fleet.plan(
        ("web1", "kvm1", "kvm2", []), ("web2", "kvm1", "kvm3", [0]), ("web3", "kvm1", "kvm3", [])
    )  # fmt: skip
    code, output = fleet.play("evacuate", *SOURCE, "-e", plan)
    assert code != 0
    rows = outcome(output)
    assert {name: row[2] for name, row in rows.items()} == {"web1": "refused", "web2": "skipped", "web3": "moved"}
    assert "POOL_EXHAUSTED" in rows["web1"], output
    assert (fleet.running("kvm1"), fleet.running("kvm3")) == ({"web1", "web2"}, {"web3"})
    fleet.agents["kvm2"].run("virsh", "destroy", "late")
    code, output = fleet.play("evacuate", *SOURCE, "-e", plan)
    assert code == 0, output
    assert {name: row[2] for name, row in outcome(output).items()} == {
        "web1": "moved",
        "web2": "moved",
        "web3": "there",
    }
    assert fleet.defined("kvm1") == set()
    assert fleet.running("kvm2") == {"web1"}


def test_a_step_that_fails_leaves_its_guest_running_and_as_it_was(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2", "kvm3"):
        fleet.networks(host)
    fleet.guest("kvm1", "web1", ["lan"], 1)
    fleet.guest("kvm1", "web2", ["lan"], 2)
    before = fleet.agents["kvm1"].run("virsh", "dumpxml", "web1")
    plan = fleet.plan(("web1", "kvm1", "kvm2", []), ("web2", "kvm1", "kvm3", []))
    # The connection works, the traffic does not: kvm2 refuses to listen on an address of another host.
    broken = fleet.directory / "broken.yml"
    broken.write_text("{\"migrate_traffic_uri\": \"{{ 'tcp://kvm9' if inventory_hostname == 'kvm2' else '' }}\"}")
    code, output = fleet.play("evacuate", *SOURCE, "-e", plan, "-e", f"@{broken}")
    assert code != 0
    rows = outcome(output)
    assert {name: row[2] for name, row in rows.items()} == {"web1": "failed", "web2": "moved"}, output
    assert "web1 runs on this host as before." in output
    assert (fleet.running("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())
    # An empty element is what libvirt leaves.
    assert fleet.agents["kvm1"].run("virsh", "dumpxml", "web1").replace("  <metadata/>\n", "") == before


def test_a_guest_that_stopped_is_left_or_moved_offline(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.guest("kvm1", "web1", ["lan", "fast"], 1)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []))
    fleet.agents["kvm1"].run("virsh", "destroy", "web1")
    code, output = fleet.play("evacuate", *SOURCE, "-e", plan)
    assert (code != 0, outcome(output)["web1"][2:4]) == (True, ["left", "GUEST_OFF"])
    assert fleet.defined("kvm1") == {"web1"}
    code, output = fleet.play("evacuate", *SOURCE, "-e", plan, "-e", "migrate_stopped=offline")
    assert code == 0, output
    assert (fleet.defined("kvm1"), fleet.defined("kvm2"), fleet.running("kvm2")) == (set(), {"web1"}, set())
    fleet.agents["kvm2"].run("virsh", "start", "web1")
    assert fleet.plugged("kvm2", "web1") == ["lan", "fast"]
    code, output = fleet.play("return", "-e", "host=kvm1")
    assert code == 0, output
    assert (fleet.running("kvm1"), fleet.defined("kvm2"), fleet.origin("kvm1", "web1")) == ({"web1"}, set(), None)


def test_a_run_whose_controller_was_killed_is_finished_by_the_next(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2", "kvm3"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1)
    fleet.guest("kvm1", "web2", ["red"], 2)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []), ("web2", "kvm1", "kvm3", [0]))
    arguments = (*SOURCE, "-e", plan, "-e", "migrate_bandwidth=1")
    killed = fleet.begin("evacuate", *arguments)
    fleet.wait_for_job("kvm1", "web1", killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    time.sleep(2)
    assert "Outgoing migration" in fleet.agents["kvm1"].run("virsh", "domjobinfo", "web1")
    code, output = fleet.play("evacuate", *arguments)
    assert code == 0, output
    assert [outcome(output)[name][2] for name in ("web1", "web2")] == ["moved", "moved"]
    assert (fleet.defined("kvm1"), fleet.running("kvm2"), fleet.running("kvm3")) == (set(), {"web1"}, {"web2"})
    assert fleet.origin("kvm2", "web1") == "kvm1"


def test_a_new_plan_waits_for_migrations_that_a_killed_run_began(fleet: Fleet) -> None:
    """During the migration, the guest runs on its source and exists on both hosts. It dirties memory faster than the
    migration sends it, so the migration cannot finish before the test raises its bandwidth."""
    for host in ("kvm1", "kvm2", "kvm3"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1, writers=1)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []))
    for here, there, playbook, arguments in (
        ("kvm1", "kvm2", "evacuate", (*SOURCE, "-e", plan)),
        ("kvm2", "kvm1", "return", ("-e", "host=kvm1")),
    ):
        killed = fleet.begin(playbook, *arguments, "-e", "migrate_bandwidth=1")
        fleet.wait_for_job(here, "web1", killed)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        state = fleet.agents[there].run("virsh", "domstate", "--reason", "web1")
        assert (fleet.running(there), fleet.arriving(there), fleet.arriving(here)) == ({"web1"}, {"web1"}, set()), state
        asked = SOURCE if playbook == "evacuate" else arguments
        run = fleet.begin(playbook, *asked)
        fleet.wait_for_watchers(here, 2, run)
        fleet.agents[here].run("virsh", "migrate-setspeed", "web1", "1000")
        code, output = fleet.end(run)
        assert (code, outcome(output)["web1"][:3]) == (0, [here, there, "moved"]), output
        assert (fleet.defined(here), fleet.running(there)) == (set(), {"web1"})
    assert fleet.origin("kvm1", "web1") is None


def test_a_migration_that_takes_too_long_is_cancelled(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []))
    code, output = fleet.play(
        "evacuate", *SOURCE, "-e", plan, "-e", "migrate_bandwidth=1", "-e", "migrate_timeout=3"
    )  # fmt: skip
    assert code != 0
    assert outcome(output)["web1"][2:4] == ["failed", "MIGRATION_TIMEOUT"], output
    assert "was cancelled. web1 runs on this host as before." in output
    assert (fleet.running("kvm1"), fleet.defined("kvm2"), fleet.origin("kvm1", "web1")) == ({"web1"}, set(), None)
    code, output = fleet.play(
        "evacuate", *SOURCE, "-e", plan, "-e", "migrate_bandwidth=1", "-e", "migrate_timeout=12",
        "-e", "migrate_on_timeout=suspend",
    )  # fmt: skip
    assert code == 0, output
    assert fleet.running("kvm2") == {"web1"}
    assert "running" in fleet.agents["kvm2"].run("virsh", "domstate", "web1")
    assert "% of memory at" in output


# When it is shown, the plan is made.
PLANNED = "Show the plan"


def test_a_pool_that_fills_up_between_plan_and_step(fleet: Fleet) -> None:
    """Only kvm2 has a free member when the plan is made."""
    for host in ("kvm1", "kvm2"):
        fleet.networks(host, 1)
    fleet.guest("kvm1", "web1", ["fast"], 1)
    fleet.guest("kvm2", "late", ["fast"], 2, start=False)
    run = fleet.begin("evacuate", *SOURCE, when=(PLANNED, "kvm2", "virsh start late"))
    code, output = fleet.end(run)
    assert (code != 0, outcome(output)["web1"][:4]) == (True, ["kvm1", "kvm2", "refused", "POOL_EXHAUSTED"]), output
    assert (fleet.running("kvm1"), fleet.running("kvm2")) == ({"web1"}, {"late"})
    # The next plan knows it, and says what would be enough.
    code, output = fleet.play("evacuate", *SOURCE)
    assert (code != 0, stays(output)) == (True, {"web1"})
    assert "Short by 1 member of network 'fast' on kvm2." in output
    fleet.agents["kvm2"].run("virsh", "destroy", "late")
    code, output = fleet.play("evacuate", *SOURCE)
    assert code == 0, output
    assert (fleet.running("kvm1"), fleet.running("kvm2")) == (set(), {"web1"})


def test_a_guest_that_starts_between_plan_and_step_moves_live(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.guest("kvm1", "web1", ["lan", "fast"], 1, start=False)
    offline = ("-e", "migrate_stopped=offline")
    run = fleet.begin("evacuate", *SOURCE, *offline, when=(PLANNED, "kvm1", "virsh start web1"))
    code, output = fleet.end(run)
    assert code == 0, output
    assert outcome(output)["web1"][2] == "moved"
    assert (fleet.defined("kvm1"), fleet.running("kvm2")) == (set(), {"web1"})
    assert fleet.plugged("kvm2", "web1") == ["lan", "fast"]


def test_a_guest_that_stops_between_plan_and_step_is_left(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.guest("kvm1", "web1", ["lan"], 1)
    run = fleet.begin("evacuate", *SOURCE, when=(PLANNED, "kvm1", "virsh destroy web1"))
    code, output = fleet.end(run)
    assert (code != 0, outcome(output)["web1"][2:4]) == (True, ["left", "GUEST_OFF"]), output
    assert (fleet.defined("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())
    fleet.agents["kvm1"].run("virsh", "start", "web1")
    code, output = fleet.play("evacuate", *SOURCE)
    assert code == 0, output
    assert (fleet.defined("kvm1"), fleet.running("kvm2")) == (set(), {"web1"})


def test_a_guest_that_stops_during_its_migration_is_where_it_was(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1)
    run = fleet.begin("evacuate", *SOURCE, "-e", "migrate_bandwidth=1")
    fleet.wait_for_job("kvm1", "web1", run)
    fleet.agents["kvm1"].run("virsh", "destroy", "web1")
    code, output = fleet.end(run)
    assert (code != 0, outcome(output)["web1"][2]) == (True, "failed"), output
    assert "web1 does not run; it is defined on this host." in output
    assert (fleet.defined("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())
    assert fleet.origin("kvm1", "web1") is None
    code, output = fleet.play("evacuate", *SOURCE, "-e", "migrate_stopped=offline")
    assert code == 0, output
    assert (fleet.defined("kvm1"), fleet.defined("kvm2"), fleet.origin("kvm2", "web1")) == (set(), {"web1"}, "kvm1")


def test_a_destination_that_dies_during_a_migration(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2", "kvm3"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1)
    fleet.guest("kvm1", "web2", ["red", "fast"], 2)
    fleet.guest("kvm1", "web3", ["lan"], 3)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []), ("web2", "kvm1", "kvm3", []), ("web3", "kvm1", "kvm3", [0]))
    run = fleet.begin("evacuate", *SOURCE, "-e", plan, "-e", "migrate_bandwidth=1")
    try:
        fleet.wait_for_job("kvm1", "web1", run)
        fleet.lose("kvm2")
        code, output = fleet.end(run)
        assert code != 0
        rows = outcome(output)
        assert {name: row[2] for name, row in rows.items()} == {"web1": "failed", "web2": "moved", "web3": "skipped"}
        assert "web1 runs on this host as before." in output
        assert (fleet.running("kvm1"), fleet.running("kvm3")) == ({"web1", "web3"}, {"web2"})
        assert fleet.origin("kvm1", "web1") is None
        # The next plan does without the host.
        code, output = fleet.play("evacuate", *SOURCE)
        assert code == 0, output
        assert (fleet.defined("kvm1"), fleet.running("kvm3")) == (set(), {"web1", "web2", "web3"})
        assert fleet.state("kvm3").held == fleet.state("kvm3").counted == {"fast": ["p2"], "slow": []}
    finally:
        fleet.revive("kvm2")
    assert fleet.defined("kvm2") == set()


def test_a_source_that_dies_during_a_migration(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1)
    fleet.guest("kvm1", "web2", ["fast"], 2)
    plan = fleet.plan(("web1", "kvm1", "kvm2", []), ("web2", "kvm1", "kvm2", [0]))
    run = fleet.begin("evacuate", *SOURCE, "-e", plan, "-e", "migrate_bandwidth=1")
    try:
        fleet.wait_for_job("kvm1", "web1", run)
        fleet.lose("kvm1")
        code, output = fleet.end(run)
    finally:
        fleet.revive("kvm1")
    assert code != 0
    assert {name: row[2] for name, row in outcome(output).items()} == {"web1": "failed", "web2": "skipped"}, output
    # Its guests died with it; half of one does not stay at the destination.
    for _attempt in range(120):
        if not fleet.defined("kvm2"):
            break
        time.sleep(1)
    assert (fleet.defined("kvm1"), fleet.running("kvm1"), fleet.defined("kvm2")) == ({"web1", "web2"}, set(), set())
    for name in ("web1", "web2"):
        fleet.agents["kvm1"].run("virsh", "start", name)
    code, output = fleet.play("evacuate", *SOURCE)
    assert code == 0, output
    assert (fleet.defined("kvm1"), fleet.running("kvm2")) == (set(), {"web1", "web2"})


def test_a_guest_that_writes_faster_than_its_memory_is_sent(fleet: Fleet) -> None:
    for host in ("kvm1", "kvm2"):
        fleet.networks(host)
    fleet.heavy_guest("kvm1", "web1", 1, writers=3)
    slow = (*SOURCE, "-e", "migrate_bandwidth=4")
    code, output = fleet.play("evacuate", *slow, "-e", "migrate_timeout=60")
    assert (code != 0, outcome(output)["web1"][2:4]) == (True, ["failed", "MIGRATION_TIMEOUT"]), output
    passes = [int(one) for one in re.findall(r" MiB/s, pass ([0-9]+)", output)]
    assert max(passes) > 3, passes
    assert (fleet.running("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())
    # The sentence says what helps, and it does.
    assert "because the guest writes faster than its memory is sent: use auto_converge" in output
    code, output = fleet.play("evacuate", *slow, "-e", "migrate_auto_converge=true")
    assert code == 0, output
    assert fleet.running("kvm2") == {"web1"}
    code, output = fleet.play(
        "return", "-e", "host=kvm1", "-e", "migrate_bandwidth=4", "-e", "migrate_post_copy=true",
        "-e", "migrate_timeout=10", "-e", "migrate_on_timeout=post_copy",
    )  # fmt: skip
    assert code == 0, output
    assert "running at the destination" in output
    assert (fleet.running("kvm1"), fleet.defined("kvm2")) == ({"web1"}, set())
