# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller of a rollout is killed at a random moment: no host keeps half of a change, and nobody has to know more
than the next audit says.
"""

from __future__ import annotations

import pytest
from fleet import HOSTS, TIMEOUT, Fleet

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.lines import fold_names

pytestmark = pytest.mark.lab

BATCHES = ("100%", "3", "2", "1")


def test_every_host_is_wholly_new_or_wholly_old_and_the_next_run_finishes(fleet: Fleet, kill: int) -> None:
    serial, connections = fleet.dice.choice(BATCHES), fleet.dice.random() < 0.5
    args = ("-e", f"networks_serial={serial}")
    # Small batches take longer.
    moment = fleet.moments[kill] * (1 if serial == "100%" else 1.5)
    # The kill must meet the run. One that it did not meet has finished.
    while (where := fleet.kill_a_rollout(moment, connections, *args)) is None:
        fleet.goal = fleet.before
        moment *= 0.9
    goal, old = fleet.goal, fleet.before
    seconds, busy = fleet.settle()
    assert not busy, f"{where}: {busy} still have a change that waits {seconds:.0f} s after the kill"
    states = {}
    for host in HOSTS:
        looks = fleet.look(host)
        states[host] = "new" if looks == fleet.wholly[goal][host] else "old"
        assert looks in (fleet.wholly[goal][host], fleet.wholly[old][host]), f"{where}: {host} is neither:\n{looks}"
    found = fleet.audit(goal)
    for host, state in states.items():
        assert found[host] == (set() if state == "new" else fleet.missed[goal][host]), (where, host, state)
    fleet.must_roll_out(goal)
    assert {host: fleet.look(host) for host in HOSTS} == fleet.wholly[goal]
    said = ", ".join(
        f"{state} {fold_names(host for host in HOSTS if states[host] == state)}"
        for state in ("new", "old")
        if state in states.values()
    )
    fleet.told.append(
        f"{kill + 1:2}: {old} to {goal}, batches of {serial}, killed {where}"
        f"{' with its connections' if connections else ''}: {said} after {seconds:.0f} s"
        f" (time-out {TIMEOUT}); the audit says so, the next run finished"
    )
    fleet.goal = old
