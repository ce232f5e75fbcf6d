# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has set for a bridge and its ports comes back after a restart, or the plan names it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_settings import BridgeSettings
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import Bypass
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.replug import with_plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import (
    ATTACH,
    JOIN,
    MOVE,
    SETTINGS,
    START,
)

from .test_bypass import CHANGES, actions, plan_for, plugged_in, seen_with
from .test_properties import HOST, desired

KEPT = (("ageing_time", 100), ("multicast_snooping", 0))
GUESTS = (plugged_in(1, isolated=False), plugged_in(2, isolated=True))


def planned(change, settings, plugged=GUESTS, restart="replug"):
    seen = replace(seen_with(plugged, Bypass()), bridge_settings=settings)
    return plan_network(desired(change), seen, HOST, restart)


def losing(*lost):
    first = GUESTS[0]
    return (replace(first, tap=replace(first.tap, lost=lost)), GUESTS[1])


@pytest.mark.parametrize("restart", ["replug", "seamless"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_bridge_has_its_settings_before_anybody_comes(change, restart):
    plan = planned(CHANGES[change], BridgeSettings(KEPT), restart=restart)
    order = actions(plan)
    assert order.count(SETTINGS) == 1
    assert order.index(START) < order.index(SETTINGS) < order.index(JOIN)
    assert order.index(SETTINGS) < min(place for place, one in enumerate(order) if one in (ATTACH, MOVE))
    assert next(step.options for step in plan.steps if step.action == SETTINGS) == KEPT
    assert not plan.warnings


@pytest.mark.parametrize("restart", ["idle", "replug", "seamless"])
def test_a_restart_with_nobody_keeps_them_too(restart):
    assert SETTINGS in actions(planned({"mtu": 1400}, BridgeSettings(KEPT), (), restart))


def test_nothing_set_nothing_done():
    assert SETTINGS not in actions(plan_for({"mtu": 1400}, GUESTS, Bypass()))


def test_a_bridge_of_the_hosts_is_left_alone():
    change = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ips": []}
    assert SETTINGS not in actions(planned(change, BridgeSettings(KEPT)))


def test_who_comes_later_finds_them_too():
    plan = planned({"mtu": 1400}, BridgeSettings(KEPT))
    seen = replace(seen_with(GUESTS, Bypass()), bridge_settings=BridgeSettings(KEPT[:1]))
    again = with_plugged(plan, seen, (*GUESTS, plugged_in(3, isolated=False)))
    assert next(step.options for step in again.steps if step.action == SETTINGS) == KEPT[:1]


@given(st.lists(st.sampled_from(["backup_port", "attribute 45", "VLANs"]), min_size=1, unique=True))
def test_what_cannot_be_put_back_is_named(lost):
    plan = planned({"mtu": 1400}, BridgeSettings(), losing(*lost))
    (warning,) = plan.warnings
    with pytest.raises(VirtfleetError) as refused:
        planned({"mtu": 1400}, BridgeSettings(), losing(*lost), "seamless")
    assert refused.value.code == "SEAMLESS_IMPOSSIBLE"
    for word in ("vnet1", *lost):
        assert word in warning
        assert word in refused.value.sentence


@pytest.mark.parametrize("plugged", [(), GUESTS])
def test_what_stands_on_the_bridge_is_named(plugged):
    settings = BridgeSettings(lost=("device mv0 on top of it",))
    plan = planned({"mtu": 1400}, settings, plugged)
    assert any("bridge virbr7 (device mv0 on top of it)" in warning for warning in plan.warnings)
    if plugged:
        with pytest.raises(VirtfleetError, match="device mv0"):
            planned({"mtu": 1400}, settings, plugged, "seamless")
