# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refreshes of plugged-in NICs, on paper: who gets what, who is left, and what a rollback makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.bandwidth import UNKNOWN_TRAFFIC_CONTROL
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.guest import SETTINGS, Guest, Nic
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.old_settings import (
    effective_settings,
    guests_on_old_settings,
    old_nics,
    suspects_of_any,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.ovs_port import ovs_outbound, ovs_vlan
from ansible_collections.virtfleet.network.plugins.module_utils._plan.record import Entry, entries_from_record, record
from ansible_collections.virtfleet.network.plugins.module_utils._plan.refresh import (
    LIBVIRT,
    SWITCH,
    RefreshSupport,
    obstacle_to_refresh,
    refreshed_nics,
    repeated_refreshes,
    reverted_refreshes,
    running_after,
    settings_of,
    with_refreshes,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rollback import rollback
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import NONE, REFRESH, Plan
from ansible_collections.virtfleet.network.plugins.module_utils._xml.port import parse_port, replace_port_settings

UUID = "6f5b1f1e-0000-4000-8000-00000000000{}".format
PORT = (
    "<networkport><uuid>{}</uuid><owner><name>web1</name><uuid>{}</uuid></owner>{}<mac address='{}'/>"
    "<plug type='bridge' bridge='ovsbr0'/></networkport>"
)
FORWARDS = {
    "nat": ({"forward": {"mode": "nat"}, "bridge": {"name": "virbr9"}}, "network"),
    "linux": ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}, "bridge"),
    SWITCH: (
        {"forward": {"mode": "bridge"}, "bridge": {"name": "ovsbr0"}, "virtualport": {"type": "openvswitch"}},
        "bridge",
    ),
    "macvtap": ({"forward": {"mode": "bridge", "interfaces": [{"dev": "p0"}]}}, "direct"),
    "hostdev": ({"forward": {"mode": "hostdev", "pf": {"dev": "p0"}}}, "hostdev"),
}
rates = st.fixed_dictionaries({"average": st.integers(1, 9)}, optional={"peak": st.integers(1, 9), "burst": st.just(3)})
bandwidths = st.fixed_dictionaries({}, optional={"inbound": rates, "outbound": rates})
vlans = st.one_of(
    st.builds(lambda tag: {"tags": [{"id": tag}]}, st.integers(1, 9)),
    st.builds(lambda mode: {"trunk": True, "tags": [{"id": 3, **mode}, {"id": 4}]}, st.sampled_from(
        [{}, {"native_mode": "tagged"}, {"native_mode": "untagged"}]
    )),
)  # fmt: skip
options = st.fixed_dictionaries(
    {}, optional={"bandwidth": bandwidths, "vlan": vlans, "trust_guest_rx_filters": st.booleans()}
)
means = st.builds(
    RefreshSupport,
    st.builds(Host, st.sampled_from([(7, 0, 0), (9, 0, 0), (10, 0, 0), (11, 3, 0)]), st.booleans()),
    st.none() | st.dictionaries(st.just("ovsbr0"), st.sampled_from(["", "system", "netdev"])),
    st.sampled_from([None, True]),
)


@st.composite
def hosts(draw):
    """A running network with guests that were plugged in with whatever settings, and these guests."""
    kind = draw(st.sampled_from(sorted(FORWARDS)))
    network, actual = FORWARDS[kind]
    groups = [{"name": name, **draw(options)} for name in ("acc", "eng")]
    groups[0]["default"] = draw(st.booleans())
    live = {"name": "red", **network, "portgroups": groups}
    ports, nics = [], []
    for number in range(draw(st.integers(0, 4))):
        mac = f"52:54:00:00:00:0{number}"
        group = draw(st.sampled_from([None, "acc", "eng", "gone"]))
        named = f"<group>{group}</group>" if group else ""
        own = draw(st.one_of(st.just({}), options))
        settings = {**draw(options), **own}
        if kind == SWITCH:
            settings["virtualport"] = {"type": "openvswitch", "parameters": {"interfaceid": UUID(9)}}
        if draw(st.booleans()):
            settings = effective_settings(canonical(NETWORK, live), group, own)
        ports.append(parse_port(replace_port_settings(PORT.format(UUID(number), UUID(8), named, mac), settings)))
        nics.append(
            Nic(mac, "network", "red", group, own, actual, network.get("bridge", {}).get("name"), port=UUID(number))
        )
    return Observed("red", live=live, plugged=tuple(ports)), (Guest("web1", UUID(8), True, nics=tuple(nics)),)


def look(seen, guests):
    """The network, canonical, and who is on old settings."""
    network = canonical(NETWORK, seen.live)
    return network, old_nics(network, suspects_of_any(network, seen.plugged), guests)


def on_paper(seen, steps, guests):
    """libvirt sets what the network gives; a port of Open vSwitch gets what the step says."""
    for step in steps:
        assert step.action == REFRESH
        (mine,) = step.ports
        owned = {nic.port: nic.own for guest in guests for nic in guest.nics}[mine.port]
        xml = mine.xml
        if step.section == LIBVIRT:
            wanted = effective_settings(canonical(NETWORK, seen.live), mine.portgroup, owned)
            xml = replace_port_settings(mine.xml, {name: wanted[name] for name in SETTINGS})
        plugged = tuple(replace(port, xml=xml) if port.port == mine.port else port for port in seen.plugged)
        seen = replace(seen, plugged=plugged)
    return seen


def effects_of(settings):
    """libvirt takes trustGuestRxFilters that is absent for one that says no."""
    return {**settings, "trust_guest_rx_filters": bool(settings["trust_guest_rx_filters"])}


@given(hosts(), means)
def test_after_it_only_those_are_left_of_whom_it_was_said(host, means):
    seen, guests = host
    network, old = look(seen, guests)
    plan = with_refreshes(Plan("red"), old, means)
    left = [one for one in old if obstacle_to_refresh(one, means)]
    after = on_paper(seen, plan.steps, guests)
    assert [one.port.mac for one in look(after, guests)[1]] == [one.port.mac for one in left]
    again = with_refreshes(Plan("red"), look(after, guests)[1], means)
    assert not again.changed
    told = guests_on_old_settings(network, old, means)
    assert [one["mac"] for one in told if not one["live"]] == [one.port.mac for one in left]
    for one in told:
        assert bool(one["reason"]) is not one["live"]
        assert ("update" in [method["method"] for method in one["methods"]]) is one["live"]
        assert one["takes_effect"][-1] == "next_start"


@given(hosts(), means)
def test_what_the_kernel_may_lack_is_outstanding(host, means):
    """Traffic control, for a bandwidth that libvirt sets; and it is said once."""
    _network, old = look(*host)
    plan = with_refreshes(Plan("red", outstanding=("whether it rains", UNKNOWN_TRAFFIC_CONTROL)), old, means)
    assert plan.outstanding == ("whether it rains", UNKNOWN_TRAFFIC_CONTROL)
    plan = with_refreshes(Plan("red"), old, means)
    limited = any(step.section == LIBVIRT and "update bandwidth" in step.doing for step in plan.steps)
    assert bool(plan.outstanding) == (limited and not means.traffic_control)


@given(hosts(), means)
def test_a_refresh_changes_settings_of_one_nic_and_nothing_else(host, means):
    seen, guests = host
    _network, old = look(seen, guests)
    plan = with_refreshes(Plan("red"), old, means)
    assert plan.changed == (plan.before != plan.after)
    known = {port.port: port for port in seen.plugged}
    for step in plan.steps:
        assert step.disruption == NONE
        (port,) = step.ports
        was = known[port.port]
        assert replace(port, xml="") == replace(was, xml="")
        assert settings_of(port)["virtualport"] == settings_of(was)["virtualport"]
        bare = dict.fromkeys(("bandwidth", "vlan", "trust_guest_rx_filters"))
        assert replace_port_settings(port.xml, bare) == replace_port_settings(was.xml, bare)
    assert refreshed_nics(plan) == {(port.uuid, port.mac) for step in plan.steps for port in step.ports}
    written = json.loads(json.dumps(record([Entry(plan, replace(seen, live=None))])))
    assert entries_from_record(written)[0].plan.steps == plan.steps


@given(hosts(), options, means, st.data())
def test_whatever_was_refreshed_gets_its_old_settings_back(host, new, means, data):
    """Of a portgroup that changed, too: the network is back by then."""
    was, guests = host
    groups = [{**was.live["portgroups"][0]}, {"name": "eng", **new}]
    changed = replace(was, live={**was.live, "portgroups": groups})
    plan = with_refreshes(Plan("red"), look(changed, guests)[1], means)
    half = on_paper(changed, plan.steps[: data.draw(st.integers(0, len(plan.steps)))], guests)
    now = replace(half, live=was.live)
    back = on_paper(now, reverted_refreshes(was, now, guests, refreshed_nics(plan)), guests)
    gives = canonical(NETWORK, was.live)
    own = {nic.port: nic.own for nic in guests[0].nics}
    for port, before in zip(back.plugged, was.plugged):
        wanted = effective_settings(gives, port.portgroup, own[port.port])
        if settings_of(port) != settings_of(before):
            assert effects_of(settings_of(port)) == effects_of(wanted), "libvirt gives what the network gives"
            assert port.port in {one.ports[0].port for one in plan.steps if one.section == LIBVIRT}
    rest = reverted_refreshes(was, back, guests, refreshed_nics(plan))
    assert all(step.section == SWITCH and step.value for step in rest)
    assert reverted_refreshes(was, now, guests, ()) == ()
    assert rollback(was, was, means.host, guests, Plan(was.name)) == ()


@given(hosts(), means)
def test_an_interrupted_refresh_is_done_again(host, means):
    seen, guests = host
    plan = with_refreshes(Plan("red"), look(seen, guests)[1], means)
    assert [replace(step, value=False) for step in repeated_refreshes(plan)] == list(plan.steps)
    assert all(step.value for step in repeated_refreshes(plan))


@given(hosts(), options)
def test_guests_are_compared_with_the_network_as_it_will_run(host, new):
    seen, _guests = host
    groups = [{"name": "eng", **new}]
    wanted = Desired("red", declared=declaration({"portgroups": groups}))
    runs = running_after(wanted, seen, Plan("red"))
    assert runs["portgroups"] == canonical(NETWORK, {"name": "red", "portgroups": groups})["portgroups"]
    waits = running_after(wanted, seen, Plan("red", pending=("portgroups",)))
    assert waits == running_after(Desired("red"), seen, Plan("red")) == canonical(NETWORK, seen.live)
    assert running_after(wanted, replace(seen, live=None), Plan("red")) is None


def as_ovs_vsctl(port, arguments):
    """What the commands make of a port's columns."""
    port = dict(port)
    for command in " ".join(arguments).split(" -- "):
        words = command.split()
        if words[0] == "clear":
            assert words[1:3] == ["port", "vnet0"]
            port.pop(words[3], None)
        else:
            assert (words[0], words[2]) == ("set", "vnet0")
            port.update(word.split("=") for word in words[3:])
    return port


@given(vlans, vlans)
def test_nothing_of_an_old_vlan_stays(old, new):
    assert as_ovs_vsctl(as_ovs_vsctl({}, ovs_vlan("vnet0", old)), ovs_vlan("vnet0", new)) == as_ovs_vsctl(
        {}, ovs_vlan("vnet0", new)
    )
    assert as_ovs_vsctl(as_ovs_vsctl({}, ovs_vlan("vnet0", old)), ovs_vlan("vnet0", {})) == {}


@pytest.mark.parametrize(
    ("outbound", "words"),
    [
        ({"average": 1000, "burst": 256}, ["ingress_policing_rate=8000", "ingress_policing_burst=2048"]),
        ({"average": 10, "peak": 20}, ["ingress_policing_rate=80", "ingress_policing_burst=0"]),
        ({}, ["ingress_policing_rate=0", "ingress_policing_burst=0"]),
    ],
)
def test_what_a_guest_sends(outbound, words):
    assert ovs_outbound("vnet0", outbound) == ["set", "interface", "vnet0", *words]


@given(hosts())
def test_open_vswitch_that_does_not_answer_is_not_one_without_the_bridge(host):
    seen, guests = host
    _network, old = look(seen, guests)
    here = Host((9, 0, 0), remote=False)
    silent, empty = RefreshSupport(here, None), RefreshSupport(here, {})
    for one in old:
        if obstacle_to_refresh(one, silent) != obstacle_to_refresh(one, empty):
            assert "does not answer" in str(obstacle_to_refresh(one, silent))
        assert (obstacle_to_refresh(one, silent) is None) == (obstacle_to_refresh(one, empty) is None)
