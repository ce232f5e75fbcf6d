# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody made on a bridge, as netlink shows it: messages on paper."""

from __future__ import annotations

import struct
from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.bridge_losses import (
    kind_of_qdisc,
    network_of_route,
    permanent_neighbour_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._host.raw_netlink import pack_attribute

OURS, OTHERS = 7, (6, 8)
FAMILY = {4: 2, 6: 10}
KERNEL, RA, STATIC, BOOT = 2, 9, 4, 3
UNICAST, LOCAL, BROADCAST = 1, 2, 3


def route(network, links, protocol=STATIC, kind=UNICAST):
    head = struct.pack("=8BI", FAMILY[network.version], network.prefixlen, 0, 0, 254, protocol, 0, kind, 0)
    to = pack_attribute(1, network.network_address.packed) if network.prefixlen else b""
    if len(links) == 1:
        return head + to + pack_attribute(4, struct.pack("=i", links[0]))
    gateway = pack_attribute(5, ip_address("10.0.0.9").packed)
    hops = b"".join(struct.pack("=HBBi", 8 + len(gateway), 0, 0, link) + gateway for link in links)
    return head + to + pack_attribute(9, hops)


NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
).map(lambda told: ip_network(told, strict=False))
LINKS = st.lists(st.sampled_from([OURS, *OTHERS]), min_size=1, max_size=3)


@given(NETWORKS, LINKS, st.sampled_from([KERNEL, RA, STATIC, BOOT]), st.sampled_from([UNICAST, LOCAL, BROADCAST]))
def test_a_route_that_somebody_made(network, links, protocol, kind):
    is_theirs = OURS in links and protocol not in (KERNEL, RA) and kind == UNICAST
    assert network_of_route(route(network, links, protocol, kind), OURS) == (str(network) if is_theirs else "")


@given(st.ip_addresses(), st.sampled_from([OURS, *OTHERS]), st.sampled_from([0x02, 0x04, 0x40, 0x80]))
def test_a_neighbour_that_somebody_entered(address, index, state):
    answer = struct.pack("=BxxxiHBB", FAMILY[address.version], index, state, 0, 1) + pack_attribute(1, address.packed)
    is_theirs = index == OURS and state == 0x80
    assert permanent_neighbour_of(answer, OURS) == (str(address) if is_theirs else "")


def test_an_entry_of_a_bridge_is_no_neighbour():
    entry = struct.pack("=BxxxiHBB", 7, OURS, 0x80, 0, 0) + pack_attribute(2, bytes(6)) + pack_attribute(1, bytes(4))
    assert permanent_neighbour_of(entry, OURS) == ""


@given(st.sampled_from(["noqueue", "tbf", "htb", "clsact"]), st.sampled_from([OURS, *OTHERS]))
def test_the_kind_of_a_discipline(kind, index):
    answer = struct.pack("=BxxxiIII", 0, index, 0, 0, 0) + pack_attribute(1, kind.encode() + b"\0")
    assert kind_of_qdisc(answer, OURS) == (kind if index == OURS else "")
