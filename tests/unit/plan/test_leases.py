# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP leases go with their subnet."""

from __future__ import annotations

import json
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.leases import Leases
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.leases import (
    dhcp_subnets,
    merge_leases,
    with_leases,
    within,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import DEFINE, LEASES, START

from .libvirt_on_paper import run_transaction
from .test_properties import HOST

ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "ip-address": st.sampled_from(
                [f"10.9.{third}.{last}" for third in (0, 1) for last in (5, 6)] + ["fd00::5"]
            ),
            "mac-address": st.sampled_from(["52:54:00:00:00:01", "52:54:00:00:00:02"]),
            "expiry-time": st.integers(0, 5),
        }
    )
)
TEXTS = st.one_of(ENTRIES.map(json.dumps), st.sampled_from(["", "{", "[]", "{}", "[1]", '[{"a": 1}]', "\x00"]))


def network(bridge, third=0):
    ip = {
        "address": f"10.9.{third}.1",
        "prefix": 24,
        "dhcp": {"ranges": [{"start": f"10.9.{third}.5", "end": f"10.9.{third}.9"}]},
    }
    return {"forward": {}, "bridge": {"name": bridge} if bridge else {}, "ips": [ip]}


def made(name, options, state="active"):
    plan = plan_network(Desired(name, state, declared=declaration(options)), Observed(name), HOST, "idle")
    return run_transaction(Observed(name, plugged=()), plan.steps)


def steps_of(*pairs):
    work = [(plan_network(desired, seen, HOST, "idle"), seen) for desired, seen in pairs]
    return [plan.steps for plan, _observed in with_leases(work)]


def wanted(name, options, state="active"):
    return Desired(name, state, declared=declaration(options))


def sources(steps):
    return [step.command for step in steps if step.action == LEASES]


@given(TEXTS, TEXTS)
def test_of_two_leases_of_an_address_the_later_one_stays(one, other):
    result = merge_leases([Leases("a", one), Leases("b", other)], "c")
    found = json.loads(result.status) if result.status else []
    addresses = [lease["ip-address"] for lease in found]
    assert len(addresses) == len(set(addresses))
    for text in (one, other):
        for lease in entries(text):
            kept = next(item for item in found if item["ip-address"] == lease["ip-address"])
            assert end(kept) >= end(lease)
    assert merge_leases([result, result], "c") == result


@given(TEXTS)
def test_a_network_gets_those_of_its_subnets(text):
    served = dhcp_subnets(network("virbr1"))
    kept = within(Leases("a", text), served).status
    for lease in json.loads(kept) if kept else []:
        assert ip_address(lease["ip-address"]) in served[0]


def entries(text):
    try:
        value = json.loads(text)
    except ValueError:
        return []
    return (
        [item for item in value if isinstance(item, dict) and "ip-address" in item] if isinstance(value, list) else []
    )


def end(lease):
    return lease["expiry-time"] or float("inf")


def test_a_new_name_of_the_bridge():
    seen = made("red", network("virbr1"))
    (steps,) = steps_of((wanted("red", network("virbr2")), seen))
    assert sources(steps) == ["virbr1"]
    actions = [step.action for step in steps]
    assert actions.index(LEASES) == actions.index(START) - 1
    assert sources(steps_of((wanted("red", {**network("virbr1"), "mtu": 1400}), seen))[0]) == []


def test_another_subnet_has_other_leases():
    seen = made("red", network("virbr1"))
    assert sources(steps_of((wanted("red", network("virbr2", third=1)), seen))[0]) == []


def test_a_renamed_network():
    gone = (Desired("red", state="absent"), made("red", network("virbr1")))
    for bridge in ("virbr1", "virbr2", ""):
        for state in ("active", "inactive"):
            _red, blue = steps_of(gone, (wanted("blue", network(bridge), state), Observed("blue")))
            assert sources(blue) == ["virbr1"]
            assert [step.action for step in blue][:2] == [DEFINE, LEASES]


def test_two_networks_that_swap_their_bridges():
    pairs = [
        (wanted("red", network("virbr2")), made("red", network("virbr1"))),
        (wanted("blue", network("virbr1", 1)), made("blue", network("virbr2", 1))),
    ]
    red, blue = steps_of(*pairs)
    assert sources(red) == ["virbr1"]
    assert sources(blue) == ["virbr2"]
