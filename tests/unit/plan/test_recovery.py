# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was broken off anywhere, and a change that nobody confirmed."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import is_virtual, members_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.tap import Tap
from ansible_collections.virtfleet.network.plugins.module_utils._plan.record import recalled, record
from ansible_collections.virtfleet.network.plugins.module_utils._plan.recovery import resumed, taken_back

from .libvirt_on_paper import run_transaction
from .test_properties import DEVICE, GUEST, HOST, observations, planned, requests

TAPPED = replace(GUEST, tap=Tap("vnet0", 1500, (("isolated", 1), ("learning", 0)), ("52:54:00:00:00:01",)))
PORTS = frozenset({GUEST.port})


def in_use(seen):
    if not seen.active or members_of(seen.live):
        return seen
    return replace(seen, plugged=(TAPPED, DEVICE) if is_virtual(seen.live) else (TAPPED,))


@given(requests(), observations())
def test_a_journal_brings_back_what_was_written(wanted, seen):
    plan, _refusal = planned(wanted, in_use(seen), "replug")
    assume(plan is not None and plan.changed)
    written = json.loads(json.dumps(record([(plan, in_use(seen))])))
    ((again, was),) = recalled(written)
    assert again.steps == plan.steps
    assert was == in_use(seen)


@given(requests(), observations(), st.data())
def test_wherever_a_run_is_broken_off_the_next_one_converges(wanted, seen, data):
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    half = run_transaction(seen, plan.steps[: data.draw(st.integers(0, len(plan.steps)))])
    resumed_ = run_transaction(half, resumed(plan, seen, half, PORTS))
    if wanted.state in ("active", "present"):
        assert {port.name for port in resumed_.plugged} == {port.name for port in seen.plugged}
    after = run_transaction(resumed_, planned(wanted, resumed_, "replug")[0].steps)
    whole = run_transaction(seen, plan.steps)
    assert after.state == whole.state
    assert {port.name for port in after.plugged} == {port.name for port in whole.plugged}
    assert planned(wanted, after, "replug")[0].steps == ()


@given(requests(), observations())
def test_a_change_that_nobody_confirmed_is_taken_back(wanted, seen):
    seen = in_use(seen)
    plan, _refusal = planned(wanted, seen, "replug")
    assume(plan is not None and plan.changed)
    after = run_transaction(seen, plan.steps)
    back = run_transaction(after, taken_back(seen, after, HOST))
    assert back.state == seen.state
    assert {port.name for port in back.plugged} == {port.name for port in seen.plugged}
    for one, other in ((back.live, seen.live), (back.persistent, seen.persistent)):
        assert (one is None) == (other is None)
        if one is not None:
            assert canonical(NETWORK, one) == canonical(NETWORK, other)
    assert back.autostart == seen.autostart
