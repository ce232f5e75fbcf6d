# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is lost in the middle of a rollout: no batch after its own is begun, and what each host has is said."""

from __future__ import annotations

from itertools import product

import pytest
from harness import every_nth

from .rollouts import HOSTS, MAKE, having, rollout

pytestmark = pytest.mark.lab


BATCHES = [
    ("1", "kvm2", ["kvm1"], ["kvm3", "kvm4"]),
    ("1", "kvm4", ["kvm1", "kvm2", "kvm3"], []),
    ("2", "kvm2", [], ["kvm1", "kvm3", "kvm4"]),
    ("50%", "kvm1", [], ["kvm2", "kvm3", "kvm4"]),
    ("3", "kvm4", ["kvm1", "kvm2", "kvm3"], []),
    ("100%", "kvm3", [], ["kvm1", "kvm2", "kvm4"]),
]
LOSSES = [(*batch, by) for by in ("sshd", "init") for batch in BATCHES]


@pytest.mark.parametrize(("serial", "lost", "new", "old", "by"), every_nth(4, LOSSES))
def test_no_batch_is_begun_after_the_one_that_lost_a_host(hosts, serial, lost, new, old, by):
    told = rollout(hosts, "-e", f"networks_serial={serial}", lost=lost, by=by)
    assert told.code, told.output
    assert told.states() == (new, old, [lost])
    assert told.failed() == {lost}
    there = having(hosts)
    assert set(new) <= set(there)
    assert not set(old) & set(there)
    assert MAKE in told.output


@pytest.mark.parametrize(("forks", "serial"), every_nth(2, product(["1", "5"], ["1", "2", "50%"])))
def test_so_it_is_with_the_free_strategy(hosts, serial, forks):
    old = ["kvm3", "kvm4"]
    told = rollout(hosts, "--forks", forks, "-e", f"networks_serial={serial}", lost="kvm2", own="free")
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert told.summary["old"] == old
    assert "kvm2" in told.summary["unknown"]
    assert not set(old) & set(having(hosts))


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_so_it_is_with_limit_and_check(hosts, strategy):
    told = rollout(hosts, "--check", "--limit", "!kvm4", "-e", "networks_serial=1", lost="kvm1", own=strategy)
    assert told.code, told.output
    assert told.states() == ([], ["kvm2", "kvm3"], ["kvm1"])
    assert "nothing was changed" in told.table[0]
    assert having(hosts) == []


@pytest.mark.parametrize("at", ["Read the links of the host", "Plan the networks of the contract"])
def test_a_host_that_is_lost_while_the_fleet_is_judged_stops_all(hosts, at):
    told = rollout(hosts, "-e", "networks_serial=2", lost="kvm2", at=at)
    assert told.code, told.output
    assert told.states() == ([], list(HOSTS), [])
    assert told.failed() == {"kvm2"}
    assert "unreachable" in told.summary["hosts"]["kvm2"]["reason"]
    assert having(hosts) == []


def test_a_change_that_could_not_be_confirmed_is_not_known(hosts):
    at = "Confirm the change, or roll it back with the batch"
    told = rollout(hosts, "-e", "networks_serial=1", "-e", "networks_confirm_timeout=15", lost="kvm2", at=at)
    assert told.code, told.output
    assert told.summary is not None, told.output
    assert told.summary["unknown"] == ["kvm2"]
    assert told.summary["old"] == ["kvm3", "kvm4"]


@pytest.mark.parametrize("args", [("-e", "networks_hosts=nobody"), ("--limit", "localhost"), ("--limit", "kvm1:!kvm1")])
def test_nobody_to_work_on_is_an_error(hosts, args):
    told = rollout(hosts, *args)
    assert told.code, told.output
    assert having(hosts) == []
