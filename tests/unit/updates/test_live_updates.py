# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's updates, given to libvirt on paper: they lead where they should, and what is called out of reach is."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._plan.live_updates import live_updates
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

from . import definitions
from .daemon_on_paper import Network, RefusedError

REACHED = ("dns", "ips", "portgroups", "forward")


def planned(have, shall):
    running = parse_network(write_network(have))
    live, wanted = (canonical(NETWORK, document) for document in (running, shall))
    return live_updates("red", live, wanted, running, (9, 0, 0))


def carried_out(have, steps):
    network = Network(write_network(have))
    for step in steps:
        network.update(step.command, step.section, step.index, step.xml)
    return network


def facts(records):
    """Order means nothing to what the records do."""
    return {section: sorted(items, key=repr) for section, items in records.items() if items}


@settings(max_examples=300)
@given(definitions.networks(), definitions.networks())
def test_the_updates_lead_to_the_goal(have, shall):
    steps, needs_restart = planned(have, shall)
    found, wanted = facts(carried_out(have, steps).records()), facts(Network(write_network(shall)).records())
    for section in {*found, *wanted}:
        option = {"dns": "dns", "por": "portgroups", "ip-": "ips"}[section[:3]]
        assert option in needs_restart or found.get(section) == wanted.get(section), section


@given(definitions.networks(bootp=True), definitions.networks(bootp=True))
def test_bootp_is_not_lost_on_the_way(have, shall):
    steps, needs_restart = planned(have, shall)
    if "ips" not in needs_restart:
        found, wanted = carried_out(have, steps).records(), Network(write_network(shall)).records()
        assert [found[f"ip-dhcp-bootp {place}"] for place in range(3)] == [
            wanted[f"ip-dhcp-bootp {place}"] for place in range(3)
        ]


@given(definitions.pools(), st.data())
def test_members_come_and_go(have, data):
    other = data.draw(definitions.pools())
    shall = {**have, "forward": {**other["forward"], "mode": have["forward"]["mode"]}}
    steps, needs_restart = planned(have, shall)
    assert needs_restart == []
    assert facts(carried_out(have, steps).records()) == facts(Network(write_network(shall)).records())


@pytest.mark.parametrize("hosts", [definitions.DHCP_HOSTS, definitions.DHCP6_HOSTS])
@given(st.data())
def test_whatever_reservations_share_they_are_within_reach(hosts, data):
    """As long as no address is reserved twice."""
    few = st.lists(hosts, max_size=4, unique_by=lambda host: host["ip"])
    have, shall = ({"hosts": data.draw(few)} for _side in range(2))
    ip = {"address": "10.9.0.1", "prefix": 24}
    if hosts is definitions.DHCP6_HOSTS:
        ip = {"family": "ipv6", "address": "fd00:9::1", "prefix": 64}
    have, shall = (
        {"name": "red", "ips": [{**ip, **({"dhcp": side} if side["hosts"] else {})}]} for side in (have, shall)
    )
    steps, needs_restart = planned(have, shall)
    assert needs_restart == []
    assert facts(carried_out(have, steps).records()) == facts(Network(write_network(shall)).records())


# Those where something may be out of reach.
SECTIONS = {
    "dns-host": ("dns", "hosts", definitions.DNS_HOSTS),
    "dns-txt": ("dns", "txts", definitions.TXTS),
    "dns-srv": ("dns", "srvs", definitions.SRVS),
    "ip-dhcp-range": ("ips", "ranges", definitions.RANGES),
}


def with_records(section, records):
    option, kind, _strategy = SECTIONS[section]
    holder = {kind: records} if records else {}
    ip = {"address": "10.9.0.1", "prefix": 24}
    if option == "dns":
        return {"name": "red", "ips": [ip], **({"dns": holder} if holder else {})}
    return {"name": "red", "ips": [{**ip, **({"dhcp": holder} if holder else {})}]}


@pytest.mark.parametrize("section", SECTIONS)
# A case is tried whole: to make one smaller would take minutes.
@settings(max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.data())
def test_out_of_reach_is_out_of_reach(section, data):
    """No sequence of updates at all leads there: every deletion and every record of either side is tried, at both
    ends."""
    few = st.lists(SECTIONS[section][2], max_size=3)
    have, shall = with_records(section, data.draw(few)), with_records(section, data.draw(few))
    _steps, needs_restart = planned(have, shall)
    reached = reachable(section, have, shall)
    assert bool(needs_restart) == (not reached)


def reachable(section, have, shall):
    nodes = [ET.fromstring(write_network(side)) for side in (have, shall)]
    path = {"dns-host": "dns/host", "dns-txt": "dns/txt", "dns-srv": "dns/srv"}.get(section, f"ip/dhcp/{section[8:]}")
    there = {ET.tostring(node): node for side in nodes for node in side.findall(path)}
    updates = {("delete", said) for node in there.values() for said in parts(node)}
    updates |= {(command, text.decode()) for text in there for command in ("add", "add_first")}
    goal = facts(Network(write_network(shall)).records())
    most = max(len(side.findall(path)) for side in nodes) + 1
    seen, edge = set(), [Network(write_network(have))]
    while edge:
        network = edge.pop()
        if facts(network.records()) == goal:
            return True
        for command, said in updates:
            other = Network(ET.tostring(network.root))
            try:
                other.update(command, section, 0 if section.startswith("ip") else -1, said)
            except RefusedError:
                continue
            key = repr(other.records())
            if key not in seen and len(other.root.findall(path)) <= most:
                seen.add(key)
                edge.append(other)
    return False


def parts(node):
    """The element with any of its attributes, and any of its names."""
    keys = list(node.attrib)
    names = [name.text for name in node.findall("hostname")]
    for some in itertools.chain.from_iterable(itertools.combinations(keys, n) for n in range(len(keys) + 1)):
        for few in itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(len(names) + 1)):
            made = ET.Element(node.tag, {key: node.get(key) for key in some})
            for name in few:
                ET.SubElement(made, "hostname").text = name
            yield ET.tostring(made).decode()
