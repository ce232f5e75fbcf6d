# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further instances of what an audit finds, on a clean fleet of mixed releases: each gives its findings and no other,
and what looks like a fault but is none gives none.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_audit import BINDINGS, CONTRACT, details, fleet, guest, link, network, passages

from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit

Facts = dict[str, Any]
RELEASES = ("8.0.0", "9.0.0", "10.0.0", "11.3.0")


def mixed() -> dict[str, Facts]:
    hosts = copy.deepcopy(fleet(len(RELEASES)))
    for number, (facts, release) in enumerate(zip(hosts.values(), RELEASES)):
        facts["info"]["host"]["libvirt_version"] = release
        # The tools that made the bridges differ, too.
        tool = ("ifupdown", "systemd-networkd", "NetworkManager")[number % 3]
        facts["info"]["host"]["boot"] = {"tools": [tool], "links": {"br0": tool}}
    return hosts


def found_after(change: Callable[[Facts], object], contract: Any = None, bindings: Any = None) -> list[tuple[str, str]]:
    """Code and network of what is found on the one host that changed."""
    hosts = mixed()
    if bindings is not None:
        for facts in hosts.values():
            facts["bindings"] = copy.deepcopy(bindings)
    change(hosts["kvm2"]["info"])
    found = audit(CONTRACT if contract is None else contract, hosts)
    assert {one.host for one in found} <= {"kvm2"}, [(one.host, one.code, one.sentence()) for one in found]
    return [(one.code, one.network) for one in found]


def over_vlan(facts: Facts, **under: Any) -> None:
    """br0's uplink is a VLAN device on a bond of two ports."""
    facts["links"][1] = link("bond0", kind="bond", index=20, **under)
    ports = [link(name, kind="physical", master="bond0") for name in ("eth1", "eth2")]
    facts["links"] += [link("bond0.7", kind="vlan", master="br0", parent=20, vlan=7), *ports]
    tool = facts["host"]["boot"]["tools"][0]
    facts["host"]["boot"]["links"].update({"bond0": tool, "bond0.7": tool})


def not_made(facts: Facts, name: str) -> None:
    over_vlan(facts)
    del facts["host"]["boot"]["links"][name]


def as_nat(facts: Facts) -> None:
    """What the contract calls l2 is NAT here, on a bridge of libvirt's own."""
    network(facts, "red").update(forward={"mode": "nat"}, bridge={"name": "virbr9"})
    facts["details"]["red"].update(bridge="virbr9", bridge_link="complete")
    facts["links"].append(link("virbr9", index=30))
    facts["routers"]["virbr9"] = passages("out", "back", "across")


def other_addresses(facts: Facts) -> None:
    network(facts, "lab")["ips"] = [{"address": "10.21.0.1", "prefix": 24}]


def drifting(facts: Facts, **live: Any) -> None:
    facts["details"]["red"].update(drift=list(live), live=live)


def second_nic(facts: Facts, **other: Any) -> None:
    one = facts["guests"][0]
    one["nics"].append({**copy.deepcopy(one["nics"][0]), **other})


def moving(hosts: dict[str, Facts]) -> None:
    """A guest that migrates is on both hosts for a while."""
    hosts["kvm3"]["info"]["guests"].append(copy.deepcopy(hosts["kvm2"]["info"]["guests"][0]))


FAULTY: dict[str, tuple[Callable[[Facts], object], list[tuple[str, str]]]] = {
    "the uplink's bond is down": (lambda f: over_vlan(f, admin="down"), [("UPLINK_DOWN", "red")]),
    "the uplink's bond has no carrier": (lambda f: over_vlan(f, carrier=False), [("UPLINK_DOWN", "red")]),
    "small frames below a VLAN": (lambda f: over_vlan(f, mtu=1496), [("PATH_MTU", "red")]),
    "a VLAN device that nothing makes": (lambda f: not_made(f, "bond0.7"), [("NOT_AT_BOOT", "red")]),
    "a bond below the uplink that nothing makes": (lambda f: not_made(f, "bond0"), [("NOT_AT_BOOT", "red")]),
    "another reach": (as_nat, [("DEFINITION_DIFFERS", "red"), ("LIVE_DIFFERS", "red")]),
    "other subnets": (other_addresses, [("DEFINITION_DIFFERS", "lab"), ("LIVE_DIFFERS", "lab")]),
    "a portgroup more": (
        lambda f: network(f, "red")["portgroups"].append({"name": "acc"}),
        [("DEFINITION_DIFFERS", "red"), ("LIVE_DIFFERS", "red")],
    ),
    "a portgroup more, live": (
        lambda f: drifting(f, portgroups=[{"name": "eng", "default": True}, {"name": "acc"}]),
        [("LIVE_DIFFERS", "red")],
    ),
    "the default is another portgroup": (
        lambda f: network(f, "red").update(portgroups=[{"name": "eng"}]),
        [("DEFINITION_DIFFERS", "red"), ("LIVE_DIFFERS", "red")],
    ),
    "inactive and without autostart": (
        lambda f: f["details"]["red"].update(active=False, autostart=False),
        [("AUTOSTART_DIFFERS", "red"), ("NETWORK_INACTIVE", "red")],
    ),
    "two NICs of a guest with one MAC": (second_nic, [("MAC_TWICE", "")]),
    "a teaming pair, whose NICs have one MAC": (lambda f: second_nic(f, transient=True), []),
    "IPv6 forwarding is off, and nothing needs it": (lambda f: f["host"]["forwarding"].update(ipv6=False), []),
    "the firewall is closed from outside to a NAT network": (
        lambda f: f["routers"]["virbr2"]["passages"].append(
            {"family": "ipv6", "direction": "in", "state": "shut", "rules": ["nftables: drop"]}), [],
    ),
    "libvirt's own bridge without guests has no carrier": (lambda f: f["links"][3].update(carrier=False), []),
    "a guest that is off with a MAC of another": (
        lambda f: f["guests"].append({**guest(1), "uuid": "9", "name": "copy", "running": False}), [],
    ),
    "a second uplink that is down, while frames leave by the first": (
        lambda f: f["links"].append(link("eth9", kind="physical", master="br0", carrier=False)), [],
    ),
    "both uplinks are down": (
        lambda f: (f["links"].append(link("eth9", kind="physical", master="br0", carrier=False)),
                   f["links"][1].update(admin="down")), [("UPLINK_DOWN", "red")],
    ),
    "dnsmasq has old records": (lambda f: f["details"]["lab"].update(dnsmasq="stale"), [("DNSMASQ_FAULTY", "lab")]),
    "dnsmasq cannot start": (lambda f: f["details"]["lab"].update(dnsmasq="broken"), [("DNSMASQ_FAULTY", "lab")]),
    "a leftover that is inactive": (
        lambda f: (f["networks"].append({"name": "old", "state": "inactive", "autostart": False}),
                   f["details"].update(old=details(active=False, autostart=False))), [("NETWORK_LEFT", "old")],
    ),
    "a foreign network that is transient": (
        lambda f: (f["transient"].append({"name": "theirs", "bridge": {"name": "virbr9"}, "state": "active",
                                          "autostart": False}),
                   f["details"].update(theirs=details(persistent=False, autostart=False, managed=False))),
        [("NETWORK_FOREIGN", "theirs")],
    ),
}  # fmt: skip


def test_a_clean_fleet_of_mixed_releases() -> None:
    assert audit(CONTRACT, mixed()) == []


@pytest.mark.parametrize("case", FAULTY)
def test_each_alone_gives_what_it_is_and_no_other(case: str) -> None:
    change, expected = FAULTY[case]
    assert found_after(change) == expected


def test_an_uplink_over_a_vlan_on_a_bond_is_clean() -> None:
    assert found_after(over_vlan) == []


def test_two_nics_of_two_guests_with_one_mac_on_one_host() -> None:
    hosts = mixed()
    hosts["kvm2"]["info"]["guests"].append({**guest(2), "uuid": "9", "name": "copy"})
    assert [(one.host, one.code) for one in audit(CONTRACT, hosts)] == [("kvm2", "MAC_TWICE")] * 2


def test_a_guest_that_migrates_is_one_guest() -> None:
    hosts = mixed()
    moving(hosts)
    assert audit(CONTRACT, hosts) == []


def test_a_network_for_other_hosts_is_not_missed() -> None:
    hosts = mixed()
    for facts in hosts.values():
        facts["contract"] = copy.deepcopy(CONTRACT)
    hosts["kvm1"]["contract"].append({"name": "more", "reach": "isolated"})
    hosts["kvm1"]["bindings"] = {**BINDINGS, "more": {}}
    assert [(one.host, one.code, one.network) for one in audit(CONTRACT, hosts)] == [
        ("kvm1", "NETWORK_MISSING", "more")
    ]


def test_a_uuid_that_the_host_cannot_get_is_said_of_that_host() -> None:
    hosts = mixed()
    wanted = "99999999-0000-4000-8000-000000000001"
    hosts["kvm2"]["bindings"] = {**BINDINGS, "red": {**BINDINGS["red"], "uuid": wanted}}
    found = audit(CONTRACT, hosts)
    assert [(one.host, one.code, one.network) for one in found] == [("kvm2", "UUID_DIFFERS", "red")]


def test_a_forward_mode_of_a_newer_libvirt_is_said_of_that_host() -> None:
    hosts = mixed()
    pool = {"forward": {"mode": "passthrough"}, "pool": {"members": ["p0"]}}
    for facts in hosts.values():
        facts["bindings"] = {**BINDINGS, "wire": pool}
    assert audit(CONTRACT, hosts) == []
    network(hosts["kvm2"]["info"], "wire")["forward"]["mode"] = "teleport"
    found = audit(CONTRACT, hosts)
    assert {one.host for one in found} == {"kvm2"}
    assert ("DEFINITION_DIFFERS", "wire") in [(one.code, one.network) for one in found]


def test_many_hosts_are_judged_as_each_of_them_alone() -> None:
    """What is the same on several hosts is judged once; what libvirt makes up for each is not the same."""
    hosts = mixed()
    for name, facts in hosts.items():
        mac = network(facts["info"], "lab")["mac"]
        network(facts["info"], "lab")["ips"][0]["dhcp"] = {"hosts": [{"mac": mac, "ip": "10.20.0.9"}]}
        network(facts["info"], "red")["uuid"] = facts["info"]["networks"][0]["uuid"]
        alone = [one.as_dict() for one in audit(CONTRACT, {name: facts})]
        assert [one["code"] for one in alone] == ["DEFINITION_DIFFERS", "LIVE_DIFFERS"]
    together = [one.as_dict() for one in audit(CONTRACT, hosts)]
    assert together == [one.as_dict() for name, facts in hosts.items() for one in audit(CONTRACT, {name: facts})]
