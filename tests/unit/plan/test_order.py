# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several networks of a host in one call: what one gives up comes before another takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import is_virtual
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.order import order_parts, ordered_work, part_of
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.replug import is_replug, with_plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rollback import rollback
from ansible_collections.virtfleet.network.plugins.module_utils._run.networks_after import (
    Networks,
    networks_after,
    plan_among_networks,
)

from .host_on_paper import RefusedError, all_steps_on, sound, step_on
from .libvirt_on_paper import same

HOST = Host((9, 0, 0))
NAMES = ["a", "b", "c", "d"]
NETS = ["10.9.0.1/24", "10.9.1.1/24", "10.9.2.1/24", "10.8.0.1/24"]
# No two definitions of ours overlap; libvirt itself starts networks whose subnets do, unless they are the same.
WIDE = "10.9.0.1/16"
BRIDGES = ["br1", "br2", "br3", "virbr40", "virbr41", "lab40", "lab41", "lab%d", "virbr%d", "l%db%d"]


@st.composite
def options(draw, nets=(*NETS, WIDE)):
    kind = draw(st.sampled_from(["nat", "nat", "nat", "isolated", "bridge", "pool"]))
    if kind == "pool":
        return {"forward": {"mode": "private", "interfaces": [{"dev": "p0"}]}, "ips": [], "bridge": {}}
    if kind == "bridge":
        return {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ips": []}
    address, _slash, prefix = draw(st.sampled_from(nets)).partition("/")
    given = {"forward": {"mode": "nat"} if kind == "nat" else {}, "ips": [{"address": address, "prefix": int(prefix)}]}
    bridge = draw(st.sampled_from([None, *BRIDGES]))
    if bridge:
        given["bridge"] = {"name": bridge}
    return given


@st.composite
def wishes(draw, names=tuple(NAMES)):
    """What one call asks for."""
    wanted = []
    for name in draw(st.lists(st.sampled_from(names), unique=True, min_size=1)):
        state = draw(st.sampled_from(["active", "active", "active", "inactive", "present", "absent"]))
        given = {} if state == "absent" else draw(options() | st.just({}))
        wanted.append(Desired(name, state=state, declared=declaration(given)))
    return wanted


@st.composite
def hosts(draw):
    host = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        wish = Desired(
            name, state=draw(st.sampled_from(["active", "inactive"])), declared=declaration(draw(options(NETS)))
        )
        try:
            host = all_steps_on(host, plan_network(wish, Observed(name, plugged=()), HOST, "idle").steps)
        except (RefusedError, VirtfleetError):
            continue
        if draw(st.integers(0, 9)) == 0 and host[name].active:
            host[name] = replace(host[name], persistent=None, persistent_xml="", autostart=False)
    return host


def planned(host, wanted, restart):
    """As the run plans. Raises VirtfleetError."""
    wanted = sorted(wanted, key=lambda wish: wish.state != "absent")
    seen = [host.get(wish.name, Observed(wish.name, plugged=())) for wish in wanted]
    work = [(plan_network(wish, one, HOST, restart), one) for wish, one in zip(wanted, seen)]
    networks = Networks(host, networks_after(work, host))
    work = [(plan_among_networks(wish, one, HOST, restart, networks), one) for wish, one in zip(wanted, seen)]
    work, turns = ordered_work(work)
    # Whose steps come when is told of those that have any.
    changed = [place for place, (plan, _observed) in enumerate(work) if plan.changed]
    return work, [(changed[place], until) for place, until in turns]


def sequence(work, turns):
    """Every step of the plans in the order in which they are carried out."""
    begun = [0] * len(work)
    for place, until in turns:
        taken = work[place][0].steps[begun[place] : until]
        begun[place] += len(taken)
        yield from ((place, step) for step in taken)
    assert begun == [len(plan.steps) for plan, _observed in work]


def one_by_one(host, wanted, restart):
    """Whether some order of calls of virt_network does it."""
    if not wanted:
        return True
    for place, wish in enumerate(wanted):
        try:
            work, turns = planned(host, [wish], restart)
            now = all_steps_on(host, [step for _place, step in sequence(work, turns)])
        except (VirtfleetError, RefusedError):
            continue
        if one_by_one(now, [*wanted[:place], *wanted[place + 1 :]], restart):
            return True
    return False


@settings(max_examples=600, deadline=None)
@given(hosts(), wishes(), st.sampled_from(["idle", "never"]))
def test_what_a_call_promises_libvirt_takes_step_by_step(host, wanted, restart):
    try:
        work, turns = planned(host, wanted, restart)
    except VirtfleetError:
        return
    after = all_steps_on(host, [step for _place, step in sequence(work, turns)])
    again, _turns = planned(after, wanted, restart)
    assert not any(plan.changed for plan, _observed in again)


@settings(max_examples=300, deadline=None)
@given(hosts(), wishes(), st.sampled_from(["idle", "never"]))
def test_what_some_order_of_single_calls_does_one_call_does(host, wanted, restart):
    assume(one_by_one(host, wanted, restart))
    planned(host, wanted, restart)


@settings(max_examples=600, deadline=None)
@given(hosts(), wishes(), st.data())
def test_wherever_it_stops_it_is_taken_back_in_order(host, wanted, data):
    try:
        work, turns = planned(host, wanted, "idle")
    except VirtfleetError:
        return
    steps = list(sequence(work, turns))
    done = steps[: data.draw(st.integers(0, len(steps)))]
    half = all_steps_on(host, [step for _place, step in done])
    begun = list(dict.fromkeys(place for place, _step in done))
    now = {place: half.get(work[place][0].network, Observed(work[place][0].network, plugged=())) for place in begun}
    parts = [part_of(seen, rollback(work[place][1], seen, HOST, None)) for place, seen in reversed(list(now.items()))]
    as_before(host, all_steps_on(half, [step for _place, step in order_parts(parts).sequence]))


def as_before(host, back):
    assert set(back) == set(host)
    for name in host:
        assert same(back[name], host[name]), name


def virtual(name, bridge, net, state="active"):
    return Desired(
        name,
        state=state,
        declared={
            "forward": {"mode": "nat"},
            "bridge": {"name": bridge},
            "ips": [{"address": f"10.9.{net}.1", "prefix": 24}],
        },
    )


def made(*wanted):
    work, turns = planned({}, list(wanted), "idle")
    return all_steps_on({}, [step for _place, step in sequence(work, turns)])


@settings(max_examples=200, deadline=None)
@given(st.permutations([0, 1, 2, 3]), st.permutations([0, 1, 2, 3]), st.permutations([0, 1, 2, 3]), st.data())
def test_networks_exchange_what_they_have_with_their_guests(bridges, nets, order, data):
    """Any exchange of bridges and subnets: refused when a guest is in the way, done with all guests put back."""
    host = made(*(virtual(name, f"br{n}", n) for n, name in enumerate(NAMES)))
    wanted = [virtual(NAMES[n], f"br{bridges[n]}", nets[n]) for n in order]
    moving = [wish.name for n, wish in zip(order, wanted) if (bridges[n], nets[n]) != (n, n)]
    for name in data.draw(st.lists(st.sampled_from(NAMES), unique=True)):
        guest = Plugged(
            "guest", f"g-{name}", mac="52:54:00:00:00:01", port=f"port-{name}", tap=BridgePort(f"t-{name}", 1500)
        )
        host[name] = replace(host[name], plugged=(guest,))
    if any(host[name].plugged for name in moving):
        with pytest.raises(VirtfleetError) as refused:
            planned(host, wanted, "idle")
        assert refused.value.code == "IN_USE"
    else:
        planned(host, wanted, "idle")
    work, turns = planned(host, wanted, "replug")
    now = host
    for _place, step in sequence(work, turns):
        now = step_on(now, step)
    for name, seen in host.items():
        assert {port.name for port in now[name].plugged} == {port.name for port in seen.plugged}
    assert {name for name in NAMES if not same(host[name], now[name])} == set(moving)
    sound(now)


@pytest.mark.parametrize(("template", "name"), [
    ("lab%d", "lab40"), ("a%db", "a40b"), ("", "virbr40"), ("virbr%d", "virbr40"), ("l%db%d", "virbr40"),
])  # fmt: skip
@pytest.mark.parametrize("places", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_a_name_that_one_asks_for_is_not_made_up_for_another(template, name, places):
    """libvirt numbers a template, and refuses the name for others from then on."""
    asked = [virtual("a", template, 0), virtual("b", template, 1), virtual("c", name, 2)]
    for wish in asked[:2] if not template else ():
        del wish.declared["bridge"]
    host = made(*(asked[place] for place in places))
    assert host["c"].live["bridge"]["name"] == name


def test_who_came_in_the_meantime_is_put_back_by_a_network_that_stops_before_it_is_defined():
    host = made(virtual("a", "br1", 1), virtual("b", "br2", 2))
    guest = Plugged("guest", "g", mac="52:54:00:00:00:01", port="port-g", tap=BridgePort("vnet0", 1500))
    host["a"] = replace(host["a"], plugged=(guest,))
    work, _turns = planned(host, [virtual("a", "br2", 1), virtual("b", "br1", 2)], "replug")
    plan, observed = next((plan, observed) for plan, observed in work if plan.network == "a")
    assert is_replug(plan)
    assert plan.steps[0].action == "destroy"
    other = replace(guest, name="h", port="port-h", tap=BridgePort("vnet1", 1500))
    again = with_plugged(plan, observed, (guest, other))
    assert [step.action for step in again.steps] == [step.action for step in plan.steps]
    assert [port.name for port in again.steps[-1].ports] == ["g", "h"]


def test_a_network_is_renamed():
    host = made(virtual("old", "br1", 1))
    work, turns = planned(host, [virtual("new", "br1", 1), Desired("old", state="absent")], "idle")
    assert set(all_steps_on(host, [step for _place, step in sequence(work, turns)])) == {"new"}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([virtual("b", "br1", 2)], "BRIDGE_NAME_TAKEN"),
        ([virtual("b", "br2", 1)], "SUBNET_OVERLAP"),
        ([replace(virtual("b", "br2", 2), declared={**virtual("b", "br2", 2).declared, "uuid": "U"})], "UUID_TAKEN"),
        ([virtual("b", "br9", 2), virtual("c", "br9", 3)], "BRIDGE_NAME_TAKEN"),
    ],
)
@pytest.mark.parametrize("spelled", [str, str.upper, lambda uuid: uuid.replace("-", "").upper()])
def test_what_another_network_keeps_is_refused(wanted, code, spelled):
    host = made(virtual("a", "br1", 1))
    for wish in wanted:
        if "uuid" in wish.declared:
            wish.declared["uuid"] = spelled(host["a"].persistent["uuid"])
    with pytest.raises(VirtfleetError) as refused:
        planned(host, wanted, "idle")
    assert refused.value.code == code
    assert is_virtual(host["a"].live)
