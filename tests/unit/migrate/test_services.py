# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a destination lets a guest keep its address, for ranges, reservations and leases of all sorts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guest
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.services import check_leases

from .paper import described, destination, domain, interface

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:99"
LAST = st.integers(2, 254)
RANGES = st.lists(st.tuples(LAST, LAST).map(sorted), max_size=2)
HOSTS = st.lists(
    st.tuples(st.sampled_from([MAC, OTHER]), LAST), max_size=2, unique_by=(lambda one: one[0], lambda one: one[1])
)
LEASES = st.lists(st.tuples(st.sampled_from([MAC, OTHER]), LAST), max_size=2)


def host(name, ranges, hosts, leases):
    dhcp = "".join(f"<range start='10.20.0.{first}' end='10.20.0.{last}'/>" for first, last in ranges)
    dhcp += "".join(f"<host mac='{mac}' ip='10.20.0.{last}'/>" for mac, last in hosts)
    xml = (
        "<network><name>red</name><bridge name='virbr0'/><ip address='10.20.0.1' prefix='24'>"
        f"{f'<dhcp>{dhcp}</dhcp>' if dhcp else ''}</ip></network>"
    )
    its = [{"ip": f"10.20.0.{last}", "mac": mac} for mac, last in leases]
    return {"name": name, "networks": [{"xml": xml, "leases": its}], "links": [{"name": "virbr0", "kind": "bridge"}]}


@given(LAST, RANGES, HOSTS, LEASES)
def test_an_address_is_kept_exactly_if_dnsmasq_would_give_it(mine, ranges, hosts, leases):
    source = host("kvm1", [(2, 254)], [], [(MAC, mine)])
    facts = load_guest(described(source, domain(interface())))
    found = list(check_leases(facts, destination(host("kvm2", ranges, hosts, leases))))
    reserved = dict(hosts)
    held = any(last == mine and mac != MAC for mac, last in leases)
    given_to_it = reserved[MAC] == mine if MAC in reserved else any(first <= mine <= last for first, last in ranges)
    kept_for_another = MAC not in reserved and reserved.get(OTHER) == mine
    refused = held or kept_for_another or not given_to_it
    assert bool(found) == refused
    assert all(finding.code == "LEASE_REFUSED" and finding.nic == 0 for finding in found)
