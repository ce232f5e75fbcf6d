# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A definition held against the host."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.host_facts import HostFacts, Route
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.on_host import StartPlan, check_on_host
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

HOST = Host((9, 0, 0))
V4 = "<ip address='10.9.0.1' prefix='24'/>"
V6 = "<ip family='ipv6' address='fd00:9::1' prefix='64'/>"
POOL = "<forward mode='hostdev'>{}</forward>"
FACTS = HostFacts(
    links=frozenset({"lo", "p0"}),
    routes=(Route("p0", 0x0A090000, 0xFFFFFF00), Route("p0", 0x0A080000, 0xFFFF0000)),
    vfs={"p0": 0, "gone0": None},
    functions={"0000:03:10.1": False},
    ipv6=False,
    accept_ra=("p0",),
    vlan_filtering=False,
    traffic_control=True,
    firewalld=False,
    resolved=False,
    dnsmasq="bad option in 'bogus'",
)
REFUSED = {
    "subnet": (V4, "SUBNET_OVERLAP"),
    "route": (
        "<ip address='10.7.0.1' prefix='24'/><route address='10.8.0.0' prefix='16' gateway='10.7.0.2'/>",
        "SUBNET_OVERLAP",
    ),
    "TFTP root": ("<ip address='10.7.0.1' prefix='24'><tftp root='/gone'/></ip>", "TFTP_ROOT_MISSING"),
    "dnsmasq": ("<ip address='10.7.0.1' prefix='24'/>", "DNSMASQ_REFUSES"),
    "no IPv6": (V6, "IPV6_MISSING"),
    "accept_ra": ("<forward mode='route'/>" + V6, "ACCEPT_RA"),
    "zone": ("<bridge zone='b'/>", "BRIDGE_INVALID"),
    "resolved": (
        "<ip address='10.7.0.1' prefix='24'/><domain name='b' localOnly='yes' register='yes'/>",
        "DOMAIN_INVALID",
    ),
    "VLAN filtering": ("<bridge macTableManager='libvirt'/>", "BRIDGE_INVALID"),
    "PF": (POOL.format("<pf dev='gone0'/>"), "PF_MISSING"),
    "VFs": (POOL.format("<pf dev='p0'/>"), "PF_NO_VFS"),
    "function": (POOL.format("<address type='pci' bus='3' slot='16' function='1'/>"), "MEMBER_NO_VF"),
    "bridge": (
        "<forward mode='bridge'/><bridge name='b'/><bandwidth><inbound average='1'/></bandwidth>",
        "BRIDGE_MISSING",
    ),
}


def network(inside):
    return parse_network(f"<network><name>a</name>{inside}</network>")


@pytest.mark.parametrize(("inside", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(inside, code):
    found = check_on_host(network(inside), HOST, FACTS)
    problems = [*found.at_once, *found.problems]
    assert code in [problem.code for problem in problems]
    assert all(len(problem.sentence) < 400 for problem in problems)


def test_guests_are_not_plugged_into_a_bridge_that_does_not_exist():
    definition = network("<forward mode='bridge'/><bridge name='gone0'/>")
    found = [check_on_host(definition, HOST, FACTS, StartPlan(plugs=plugs)).problems for plugs in (False, True)]
    assert [[problem.code for problem in problems] for problems in found] == [[], ["BRIDGE_MISSING"]]


def test_what_leaves_takes_its_subnet_along():
    assert check_on_host(network("<bridge name='b'/>"), HOST, FACTS).problems == []
    taken = HostFacts(routes=(Route("virbr0", 0x0A090000, 0xFFFFFF00),), dnsmasq="")
    assert check_on_host(network(V4), HOST, taken, StartPlan(frozenset({"virbr0"}))).problems == []
    assert [problem.code for problem in check_on_host(network(V4), HOST, taken).problems] == ["SUBNET_OVERLAP"]


def test_a_smaller_subnet_within_a_hosts_is_libvirts_to_take():
    assert (
        check_on_host(network("<ip address='10.8.0.1' prefix='24'/>"), HOST, HostFacts(routes=FACTS.routes)).problems
        == []
    )


@pytest.mark.parametrize(
    ("inside", "sentences"),
    [
        ("<forward mode='nat' dev='gone0'/>" + V4, 1),
        ("<forward mode='bridge'><interface dev='p0'/><interface dev='gone0'/></forward>", 1),
        ("<forward mode='bridge'/><bridge name='gone0'/>", 1),
        ("<forward mode='bridge'/><bridge name='p0'/>", 0),
    ],
)
def test_links_that_are_not_there_are_warned_about(inside, sentences):
    assert len(check_on_host(network(inside), HOST, FACTS).dead) == sentences


UNKNOWN = {
    "a hook": ("", HostFacts(hook=True)),
    "traffic control": ("<bandwidth><inbound average='1'/></bandwidth>", HostFacts()),
    "VLAN filtering": ("<bridge macTableManager='libvirt'/>", HostFacts()),
    "a zone": ("<bridge zone='b'/>", HostFacts(firewalld=True)),
    "a host that is not seen": ("", None),
}


@pytest.mark.parametrize(("inside", "facts"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_nobody_knows_is_outstanding(inside, facts):
    found = check_on_host(network(inside), HOST, facts)
    assert (found.problems, found.at_once, len(found.outstanding)) == ([], [], 1)


@pytest.mark.parametrize("plugs", [False, True])
def test_the_bandwidth_of_a_portgroup_is_outstanding_once_guests_are_plugged_in(plugs):
    inside = "<portgroup name='a'/><portgroup name='b'><bandwidth><outbound average='1'/></bandwidth></portgroup>"
    found = check_on_host(network(inside), HOST, HostFacts(dnsmasq=""), StartPlan(plugs=plugs))
    assert len(found.outstanding) == plugs


def test_what_a_newer_libvirt_has_is_outstanding():
    assert len(check_on_host(network("<newer/>"), Host((99, 0, 0)), HostFacts()).outstanding) == 1


def test_nothing_is_outstanding_where_all_was_looked_at():
    assert check_on_host(network(V4), HOST, HostFacts(dnsmasq="")).outstanding == []
