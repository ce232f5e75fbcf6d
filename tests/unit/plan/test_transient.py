# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task about a pool or a portgroup gives a transient network no definition."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import DEFINE, DESTROY, UPDATE, Plan, Step
from ansible_collections.virtfleet.network.plugins.module_utils._plan.transient import keep_transient

UPDATED, DEFINED, STOPPED = (Step(action, "red", "do it") for action in (UPDATE, DEFINE, DESTROY))
TRANSIENT = Observed("red", live={"name": "red"})
PERSISTENT = Observed("red", live={"name": "red"}, persistent={"name": "red"})


def test_a_transient_network_is_changed_as_it_runs():
    assert keep_transient(Plan("red", (DEFINED, UPDATED)), TRANSIENT).steps == (UPDATED,)


@pytest.mark.parametrize("plan", [Plan("red", (DEFINED,), pending=("portgroups",)), Plan("red", (DEFINED, STOPPED))])
def test_what_it_could_get_at_a_start_only_is_refused(plan):
    with pytest.raises(VirtfleetError) as refused:
        keep_transient(plan, TRANSIENT)
    assert refused.value.code == "NETWORK_TRANSIENT"


@pytest.mark.parametrize("plan", [Plan("red", (DEFINED,), pending=("portgroups",)), Plan("red", (DEFINED, STOPPED))])
def test_a_persistent_network_gets_all_of_its_plan(plan):
    assert keep_transient(plan, PERSISTENT) == plan
