# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall does with packets of one sort: rules as the tools print them, and the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.connections import arrivals, departures
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.ipsec import parse_policies
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.iptables import parse_iptables
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.nftables import parse_nftables
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.passages import (
    Bridge,
    RoutingContext,
    filtered_links,
    routing_of_bridge,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.ruleset import (
    OPEN,
    PART,
    SHUT,
    TAP,
    Packets,
    diverted,
    natted,
    passing,
    without_foreign_sources,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.spans import span_of, special_spans

SUBNET = "10.20.0.0/24"
OUT = Packets("ip", "virbr0", "eth0", source=span_of(SUBNET), near=(*special_spans("ip"), span_of(SUBNET)), state="new")
BACK = Packets("ip", "eth0", "virbr0", target=span_of(SUBNET), near=OUT.near, state="established")
BRIDGED = Packets("ip", "br0", "br0", bridge="br0")
TO_HOST = Packets("ip", "virbr0", None, source=span_of(SUBNET), target=span_of("10.20.0.1"), local=True)
DHCP, DNS = replace(TO_HOST, protocol="udp", port=67), replace(TO_HOST, protocol="udp", port=53)
ANSWERS = replace(TO_HOST, state="established")
FORWARD = ("forward",)


def iptables(rules, policy="ACCEPT", chains=()):
    lines = ["*filter", f":FORWARD {policy} [0:0]", *(f":{name} - [0:0]" for name in chains), *rules, "COMMIT"]
    return parse_iptables("\n".join(lines), "ip", "iptables")


LIBVIRT = [
    "-A FORWARD -j LIBVIRT_FWI",
    "-A FORWARD -j LIBVIRT_FWO",
    f"-A LIBVIRT_FWO -s {SUBNET} -i virbr0 -j ACCEPT",
    "-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable",
    f"-A LIBVIRT_FWI -d {SUBNET} -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable",
]
DOCKER = [
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "-A DOCKER-USER -j RETURN",
]
FIREWALLD_LIKE = [
    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT",
    "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
    "-A FORWARD -g ZONES",
    "-A FORWARD -j DROP",
    "-A ZONES -i virbr+ -j ACCEPT",
    "-A ZONES -j REJECT",
]


@pytest.mark.parametrize(
    ("rules", "policy", "packets", "state"),
    [
        ([], "ACCEPT", OUT, OPEN),
        ([], "DROP", OUT, SHUT),
        (LIBVIRT, "DROP", OUT, OPEN),
        (LIBVIRT, "DROP", BACK, OPEN),
        (LIBVIRT, "ACCEPT", Packets("ip", "eth0", "virbr0", target=span_of(SUBNET)), SHUT),
        (DOCKER, "DROP", OUT, SHUT),
        (DOCKER, "DROP", BRIDGED, SHUT),
        ([*LIBVIRT, *DOCKER], "DROP", OUT, OPEN),
        (["-A DOCKER-USER -i br0 -o br0 -j ACCEPT", *DOCKER], "DROP", BRIDGED, OPEN),
        (["-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT"], "DROP", BRIDGED, OPEN),
        (["-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT"], "DROP", OUT, SHUT),
        (FIREWALLD_LIKE, "ACCEPT", OUT, OPEN),
        (FIREWALLD_LIKE, "ACCEPT", BACK, OPEN),
        (FIREWALLD_LIKE, "ACCEPT", BRIDGED, SHUT),
        (["-A FORWARD -p tcp -m tcp --dport 25 -j DROP"], "ACCEPT", OUT, PART),
        (["-A FORWARD -p tcp -m tcp --dport 25 -j ACCEPT"], "DROP", OUT, PART),
        (["-A FORWARD -s 10.20.0.128/25 -j DROP"], "ACCEPT", OUT, PART),
        (["-A FORWARD -s 10.21.0.0/16 -j DROP"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD ! -s 10.20.0.0/16 -j DROP"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -s 10.0.0.0/8 -j DROP"], "ACCEPT", OUT, SHUT),
        (["-A FORWARD -d 224.0.0.0/4 -j DROP"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -d 8.8.8.8/32 -j DROP"], "ACCEPT", OUT, PART),
        (["-A FORWARD -m mark --mark 0x1 -j DROP"], "ACCEPT", OUT, None),
        (["-A FORWARD -m mark --mark 0x1 -j ACCEPT"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -m mark --mark 0x1 -j ACCEPT"], "DROP", OUT, None),
        (["-A FORWARD -m mark --mark 0x1 -i eth7 -j DROP"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -m set --match-set bad src,dst -j DROP"], "ACCEPT", OUT, None),
        (["-A FORWARD -j MARK --set-xmark 0x1/0xffffffff", "-A FORWARD -j LOG"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -j NFQUEUE --queue-num 1"], "ACCEPT", OUT, None),
        (['-A FORWARD -m comment --comment "not -j DROP" -j ACCEPT'], "DROP", OUT, OPEN),
        (["-A FORWARD -j NOWHERE"], "ACCEPT", OUT, None),
        (["-A FORWARD -j LOOP", "-A LOOP -j LOOP"], "ACCEPT", OUT, None),
        (["-A FORWARD -m somethingnew --its-option 5 -j DROP"], "ACCEPT", OUT, None),
        (["-A FORWARD -m addrtype --dst-type LOCAL -j DROP"], "ACCEPT", OUT, OPEN),
        (["-A FORWARD -m iprange --src-range 10.20.0.0-10.20.0.255 -j DROP"], "ACCEPT", OUT, SHUT),
    ],
)
def test_iptables(rules, policy, packets, state):
    chains = sorted({line.split()[1] for line in rules} - {"FORWARD"})
    assert passing(iptables(rules, policy, chains), packets, FORWARD).state == state


INPUT = [
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A INPUT -p icmp -j ACCEPT",
    "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
]
LIBVIRT_INP = [
    "-A INPUT -j LIBVIRT_INP",
    "-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT",
    "-A LIBVIRT_INP -i virbr0 -p tcp -m tcp --dport 53 -j ACCEPT",
    "-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 67 -j ACCEPT",
]


@pytest.mark.parametrize(
    ("rules", "packets", "state"),
    [
        ([], ANSWERS, SHUT),
        (INPUT, ANSWERS, OPEN),
        (INPUT, DHCP, SHUT),
        ([*LIBVIRT_INP, *INPUT], DHCP, OPEN),
        ([*LIBVIRT_INP, *INPUT], DNS, OPEN),
        ([*LIBVIRT_INP, *INPUT], TO_HOST, PART),
        (["-A INPUT -p udp -m multiport --dports 67:68,53 -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -p udp -m multiport --dports 68:,53 -j ACCEPT"], DHCP, SHUT),
        (["-A INPUT -p udp -m udp ! --dport 53 -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -p tcp -m tcp --dport 67 -j ACCEPT"], DHCP, SHUT),
        (["-A INPUT -p 17 -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT ! -p tcp -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -m addrtype --dst-type LOCAL -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -m addrtype --dst-type MULTICAST -j ACCEPT"], DHCP, None),
        (["-A INPUT -m addrtype ! --dst-type LOCAL -j DROP", "-A INPUT -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -d 10.20.0.1/32 -j ACCEPT"], DHCP, OPEN),
        (["-A INPUT -d 10.99.0.1/32 -j ACCEPT"], DHCP, SHUT),
        (["-A INPUT -p udp -m udp --sport 68 -j ACCEPT"], DHCP, PART),
    ],
)
def test_packets_to_the_host(rules, packets, state):
    chains = sorted({line.split()[1] for line in rules} - {"INPUT"})
    lines = ["*filter", ":INPUT DROP [0:0]", *(f":{name} - [0:0]" for name in chains), *rules, "COMMIT"]
    assert passing(parse_iptables("\n".join(lines), "ip", "iptables"), packets, ("input",)).state == state


_PORTS = st.sampled_from(["53", "67", "60:70", "68:", ":67", "1:65535", "67,53", "22,80:90"])


_DEEDS = st.sampled_from(["ACCEPT", "DROP"])


@given(
    st.lists(st.tuples(st.sampled_from(["tcp", "udp", "all"]), st.booleans(), _PORTS, _DEEDS)),
    _DEEDS,
    st.sampled_from([53, 67]),
)
def test_of_packets_to_a_port_the_answer_is_certain(rules, policy, port):
    lines, first = [], None
    for protocol, negated, ports, target in rules:
        match = "" if protocol == "all" else f"-m multiport {'! ' if negated else ''}--dports {ports}"
        lines.append(f"-A INPUT -p {protocol} {match} -j {target}")
        spans = [(one.partition(":") if ":" in one else (one, "", one)) for one in ports.split(",")]
        inside = any(int(low or 0) <= port <= int(high or 65535) for low, _colon, high in spans)
        if first is None and (protocol == "all" or (protocol == "udp" and inside != negated)):
            first = target
    text = "\n".join(["*filter", f":INPUT {policy} [0:0]", *lines, "COMMIT"])
    found = passing(parse_iptables(text, "ip", "iptables"), replace(DHCP, port=port), ("input",)).state
    assert found == (OPEN if (first or policy) == "ACCEPT" else SHUT)


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        (["-A INPUT -j ACCEPT"], None),
        ([], "shut"),
        (INPUT, None),
        (["-A INPUT -p tcp -m tcp --dport 25 -j DROP", "-A INPUT -j ACCEPT"], None),
        (["-A INPUT -p icmp -j DROP", "-A INPUT -j ACCEPT"], "part"),
        (["-A INPUT -p udp -j DROP", "-A INPUT -p icmp -j DROP", "-A INPUT -p tcp -j DROP"], "shut"),
        (["-A INPUT -m mark --mark 0x1 -j DROP", "-A INPUT -j ACCEPT"], "unsure"),
    ],
)
def test_what_the_host_itself_says_to_guests(rules, state):
    text = "\n".join(["*filter", ":INPUT DROP [0:0]", *rules, "COMMIT"])
    around = RoutingContext(tuple(parse_iptables(text, "ip", "iptables")), (), {}, frozenset(), frozenset())
    found = routing_of_bridge(around, Bridge("virbr0", served=("10.20.0.1/24",)))["passages"]
    told = [one["state"] or "unsure" for one in found if one["direction"] == "host"]
    assert told == ([] if state is None else [state])


@pytest.mark.parametrize(
    ("rules", "states"),
    [
        (["-A INPUT -j ACCEPT"], []),
        ([], [("eth0", "shut"), ("eth1", "shut")]),
        (["-A INPUT -p tcp -m tcp --dport 49152:49215 -j ACCEPT"], []),
        (["-A INPUT -p tcp -m tcp --dport 49000:49151 -j ACCEPT"], [("eth0", "shut"), ("eth1", "shut")]),
        (["-A INPUT -i eth1 -j ACCEPT"], [("eth0", "shut")]),
        (["-A INPUT -d 192.0.2.7/32 -j ACCEPT"], [("eth1", "shut")]),
        (["-A INPUT -s 10.0.0.0/8 -j ACCEPT"], [("eth0", "part"), ("eth1", "part")]),
        (["-A INPUT -m mark --mark 0x1 -j ACCEPT"], [("eth0", None), ("eth1", None)]),
    ],
)
def test_where_the_firewall_drops_migrations(rules, states):
    text = "\n".join(["*filter", ":INPUT DROP [0:0]", *rules, "COMMIT"])
    around = RoutingContext(tuple(parse_iptables(text, "ip", "iptables")), (), {}, frozenset(), frozenset())
    found = arrivals(around, {"eth0": ("192.0.2.7/24",), "eth1": ("198.51.100.7/24", "2001:db8::7/64")}, (49152,))
    assert [(one["link"], one["state"]) for one in found] == states


def host_with(*rules, policies="ACCEPT ACCEPT"):
    inwards, outwards = policies.split()
    text = "\n".join(["*filter", f":INPUT {inwards} [0:0]", f":OUTPUT {outwards} [0:0]", *rules, "COMMIT"])
    tables = tuple(parse_iptables(text, "ip", "iptables"))
    return RoutingContext(tables, (), {"ipv4": ("eth0",)}, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("rules", "policies", "senders"),
    [
        (["-A INPUT -s 10.0.0.0/8 -j DROP"], "ACCEPT ACCEPT", [("10.0.0.0", "10.255.255.255", "shut")]),
        (["-A INPUT -s 10.0.0.0/8 -j ACCEPT"], "DROP ACCEPT",
         [("0.0.0.0", "9.255.255.255", "shut"), ("11.0.0.0", "255.255.255.255", "shut")]),
        (["-A OUTPUT -d 10.0.0.9/32 -p tcp -m tcp --sport 49152:49215 -j DROP"], "ACCEPT ACCEPT",
         [("10.0.0.9", "10.0.0.9", "shut")]),
        (["-A INPUT -s 10.0.0.9/32 -m mark --mark 0x1 -j DROP"], "ACCEPT ACCEPT", [("10.0.0.9", "10.0.0.9", None)]),
        (["-A INPUT -s 10.0.0.9/32 -p udp -j DROP"], "ACCEPT ACCEPT", None),
    ],
)  # fmt: skip
def test_which_senders_the_firewall_lets_in(rules, policies, senders):
    found = arrivals(host_with(*rules, policies=policies), {"eth0": ("192.0.2.7/24",)}, (49152,))
    told = found[0]["senders"] if found else None
    assert (told and [(one["first"], one["last"], one["state"]) for one in told]) == senders


MIGRATIONS = "-p tcp -m tcp --dport 49152:49215"


@pytest.mark.parametrize(
    ("rules", "policies", "stopped"),
    [
        ([], "ACCEPT ACCEPT", []),
        ([f"-A OUTPUT {MIGRATIONS} -j REJECT"], "ACCEPT ACCEPT", [(49152, 49215, "shut")]),
        ([f"-A OUTPUT {MIGRATIONS} -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"], "ACCEPT ACCEPT",
         [(49152, 49215, "shut")]),
        ([f"-A OUTPUT -d 10.0.0.2/32 {MIGRATIONS} -j REJECT"], "ACCEPT ACCEPT", [(49152, 49215, "shut")]),
        ([f"-A OUTPUT -d 10.0.0.3/32 {MIGRATIONS} -j REJECT"], "ACCEPT ACCEPT", []),
        ([f"-A OUTPUT -o eth1 {MIGRATIONS} -j REJECT"], "ACCEPT ACCEPT", []),
        ([f"-A OUTPUT {MIGRATIONS} -m owner --uid-owner 7 -j REJECT"], "ACCEPT ACCEPT", [(49152, 49215, None)]),
        ([f"-A OUTPUT {MIGRATIONS} -j ACCEPT", "-A OUTPUT -p tcp -m tcp --dport 16509 -j ACCEPT"], "ACCEPT DROP",
         [(1, 16508, "shut"), (16510, 49151, "shut"), (49216, 65535, "shut")]),
        (["-A INPUT -p tcp -m tcp --sport 49152:49215 -j DROP"], "ACCEPT ACCEPT", [(49152, 49215, "shut")]),
        (["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"], "DROP ACCEPT", [(1, 65535, "shut")]),
        (["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"], "DROP ACCEPT", []),
        (["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"], "ACCEPT ACCEPT", []),
        (["-A OUTPUT -p tcp -m tcp --sport 22 -j ACCEPT"], "ACCEPT DROP", [(1, 65535, "shut")]),
    ],
)  # fmt: skip
def test_which_connections_leave_a_host(rules, policies, stopped):
    found = departures(host_with(*rules, policies=policies), {"10.0.0.2": "10.0.0.1"}, {"10.0.0.1": "eth0"})
    told = next((one["stopped"] for one in found if one["address"] == "10.0.0.2"), [])
    assert [(one["first"], one["last"], one["state"]) for one in told] == stopped


def test_an_answer_names_the_rule():
    found = passing(iptables(DOCKER, "DROP", ["DOCKER-USER"]), BRIDGED, FORWARD)
    assert found.rules == ("iptables filter FORWARD: policy drop",)


def table(*rules, family="inet", policy="accept", hook="forward", sets=(), chains=(), **base):
    """As nft prints it; rules: lists of expressions, or (chain, expressions)."""
    items = [{"table": {"family": family, "name": "fw"}}]
    own = {"family": family, "table": "fw"}
    items += [{"set": {**own, **one}} for one in sets]
    items += [{"chain": {**own, "name": "c", "type": "filter", "hook": hook, "policy": policy, **base}}]
    items += [{"chain": {**own, "name": name}} for name in chains]
    for rule in rules:
        chain, expr = rule if isinstance(rule, tuple) else ("c", rule)
        items.append({"rule": {**own, "chain": chain, "expr": expr}})
    return parse_nftables(json.dumps({"nftables": [{"metainfo": {}}, *items]}))


def match(left, right, op="=="):
    return {"match": {"op": op, "left": left, "right": right}}


IIF, OIF = {"meta": {"key": "iifname"}}, {"meta": {"key": "oifname"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
STATE = {"ct": {"key": "state"}}
DROP, ACCEPT = {"drop": None}, {"accept": None}


@pytest.mark.parametrize(
    ("rules", "packets", "state", "more"),
    [
        ([], OUT, SHUT, {"policy": "drop"}),
        ([], OUT, OPEN, {"policy": "drop", "family": "ip6"}),
        ([], OUT, OPEN, {"policy": "drop", "family": "bridge"}),
        ([], OUT, OPEN, {"policy": "drop", "hook": "input"}),
        ([[match(IIF, {"set": ["virbr*", "eth9"]}), match(OIF, "eth0"), ACCEPT]], OUT, OPEN, {"policy": "drop"}),
        ([[match(OIF, "@wan"), DROP]], OUT, SHUT, {"sets": [{"name": "wan", "elem": ["eth0"]}]}),
        ([[match(SADDR, "@bad"), DROP]], OUT, None, {"sets": [{"name": "bad", "flags": ["timeout"]}]}),
        ([[match(SADDR, {"prefix": {"addr": "10.0.0.0", "len": 8}}), DROP]], OUT, SHUT, {}),
        ([[match(SADDR, {"range": ["10.20.0.1", "10.20.0.9"]}), DROP]], OUT, PART, {}),
        ([[match(STATE, ["established", "related"], "in"), ACCEPT]], BACK, OPEN, {"policy": "drop"}),
        ([[match(STATE, ["established", "related"], "in"), ACCEPT]], OUT, SHUT, {"policy": "drop"}),
        (
            [[{"vmap": {"key": STATE, "data": {"set": [["established", ACCEPT], ["new", {"jump": {"target": "n"}}]]}}}],
             ("n", [match(IIF, "virbr0"), DROP])],
            OUT, SHUT, {"chains": ["n"]},
        ),
        ([[match({"meta": {"key": "mark"}}, 5), DROP]], OUT, None, {}),
        ([[{"limit": {"rate": 5}}, DROP]], OUT, PART, {}),
        ([[{"xt": {"type": "match", "name": "bpf"}}, DROP]], OUT, None, {}),
        ([[match(IIF, "eth7"), {"xt": {"type": "match", "name": "bpf"}}, DROP]], OUT, OPEN, {}),
        ([[{"queue": {"num": 1}}]], OUT, None, {}),
        ([[{"somethingnew": {}}, DROP]], OUT, None, {}),
        ([[match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False), DROP]], OUT, OPEN, {}),
        ([[{"counter": None}, {"log": {}}, {"reject": {"type": "icmpx"}}]], OUT, SHUT, {}),
        ([[match({"payload": {"protocol": "tcp", "field": "dport"}}, 25), DROP]], OUT, PART, {}),
        ([[match({"meta": {"key": "nfproto"}}, "ipv6"), DROP]], OUT, OPEN, {}),
    ],
)  # fmt: skip
def test_nftables(rules, packets, state, more):
    assert passing(table(*rules, **more), packets, FORWARD).state == state


@pytest.mark.parametrize(
    ("expressions", "packets", "state"),
    [
        ([match({"payload": {"protocol": "udp", "field": "dport"}}, {"set": [53, 67]})], DHCP, OPEN),
        ([match({"payload": {"protocol": "udp", "field": "dport"}}, {"range": [60, 70]})], DHCP, OPEN),
        ([match({"payload": {"protocol": "udp", "field": "dport"}}, 53)], DHCP, SHUT),
        ([match({"payload": {"protocol": "tcp", "field": "dport"}}, 67)], DHCP, SHUT),
        ([match({"payload": {"protocol": "th", "field": "dport"}}, 67)], DHCP, OPEN),
        ([match({"payload": {"protocol": "udp", "field": "sport"}}, 68)], DHCP, PART),
        ([match({"meta": {"key": "l4proto"}}, {"set": ["udp", "tcp"]})], DHCP, OPEN),
        ([match({"meta": {"key": "l4proto"}}, 6)], DHCP, SHUT),
        ([match({"payload": {"protocol": "ip", "field": "protocol"}}, "udp")], DHCP, OPEN),
        ([match({"payload": {"protocol": "icmp", "field": "type"}}, "echo-request")], DHCP, SHUT),
        ([match({"payload": {"protocol": "icmp", "field": "type"}}, "echo-request")], TO_HOST, PART),
        ([match({"fib": {"result": "type", "flags": ["daddr"]}}, "local")], DHCP, OPEN),
        ([match({"ct": {"key": "state"}}, {"set": ["established", "related"]})], ANSWERS, OPEN),
        ([match({"ct": {"key": "state"}}, {"set": ["established", "related"]})], DHCP, SHUT),
    ],
)
def test_packets_to_the_host_in_nftables(expressions, packets, state):
    tables = table([*expressions, {"accept": None}], policy="drop", hook="input")
    assert passing(tables, packets, ("input",)).state == state


@pytest.mark.parametrize(
    ("rules", "policy", "hook", "filters"),
    [([], "accept", "input", False), ([], "drop", "input", True), ([[{"drop": None}]], "accept", "input", True)],
)
def test_a_table_of_arp_may_filter(rules, policy, hook, filters):
    (found,) = table(*rules, family="arp", policy=policy, hook=hook)
    assert found.filters == filters


def test_a_filter_of_bridges_sees_frames():
    frames = Packets("ip", TAP, None, bridge="br0")
    ether = {"payload": {"protocol": "ether", "field": "type"}}
    assert passing(table(family="bridge", policy="drop"), frames, FORWARD, "bridge").state == SHUT
    only_arp = table([match(ether, "arp"), DROP], family="bridge")
    assert passing(only_arp, frames, FORWARD, "bridge").state == OPEN
    new = table([match(IIF, "vnet7"), DROP], family="bridge")
    assert passing(new, frames, FORWARD, "bridge").state is None
    assert passing(new, replace(frames, taken=frozenset(["vnet7"])), FORWARD, "bridge").state == OPEN
    another_guests = table([match(IIF, "tap-of-another"), DROP], family="bridge")
    assert passing(another_guests, frames, FORWARD, "bridge").state == OPEN


def test_a_chain_of_a_device_that_nft_does_not_name_is_not_understood():
    tables = table(family="netdev", policy="drop", hook="ingress")
    assert passing(tables, OUT, ("ingress",), "netdev").state is None
    bound = table(family="netdev", policy="drop", hook="ingress", dev="eth9")
    assert passing(bound, OUT, ("ingress",), "netdev").state == OPEN
    assert filtered_links(bound, ["eth0", "eth9"]).keys() == {"eth9"}
    assert filtered_links(tables, ["eth0", "eth9"]).keys() == {"eth0", "eth9"}  # of which is not known


LISTED = """\
table netdev fw {
\tchain c {
\t\ttype filter hook ingress device "eth1" priority filter; policy drop;
\t}
\tchain d {
\t\ttype filter hook egress devices = { eth2, eth3 } priority filter + 5; policy drop;
\t}
}
table inet fw {
\tchain c {
\t\ttype filter hook forward priority filter; policy accept;
\t}
}
"""


def test_devices_that_the_json_of_nft_lacks_are_taken_from_its_text():
    chains = [
        {"chain": {"family": "netdev", "table": "fw", "name": name, "type": "filter", "hook": hook, "policy": "drop"}}
        for name, hook in (("c", "ingress"), ("d", "egress"))
    ]
    text = json.dumps({"nftables": [{"table": {"family": "netdev", "name": "fw"}}, *chains]})
    (found,) = parse_nftables(text, LISTED)
    assert {name: chain.devices for name, chain in found.chains.items()} == {"c": ("eth1",), "d": ("eth2", "eth3")}
    assert filtered_links([found], ["eth0", "eth1"]).keys() == {"eth1", "eth2", "eth3"}


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ([], OPEN),
        ([f"-A POSTROUTING -s {SUBNET} -d 224.0.0.0/24 -j RETURN",
          f"-A POSTROUTING -s {SUBNET} ! -d {SUBNET} -p tcp -j MASQUERADE --to-ports 1024-65535",
          f"-A POSTROUTING -s {SUBNET} ! -d {SUBNET} -j MASQUERADE"], SHUT),
        ([f"-A POSTROUTING -s {SUBNET} -o eth0 -j SNAT --to-source 192.0.2.9"], SHUT),
        ([f"-A POSTROUTING -s {SUBNET} -o eth9 -j MASQUERADE"], OPEN),
        ([f"-A POSTROUTING -s {SUBNET} -p tcp -j MASQUERADE"], PART),
        ([f"-A POSTROUTING -s {SUBNET} -m mark --mark 1 -j MASQUERADE"], None),
    ],
)  # fmt: skip
def test_masquerading(rules, state):
    text = "\n".join(["*nat", ":POSTROUTING ACCEPT [0:0]", *rules])
    assert natted(parse_iptables(text, "ip", "iptables"), OUT).state == state


@pytest.mark.parametrize(
    ("target", "state"),
    [
        ("SNAT --to-source 192.0.2.9", SHUT),
        ("SNAT --to-source 192.0.2.9:1024-65535", SHUT),
        ("SNAT --to-source 192.0.2.8-192.0.2.9", SHUT),
        ("SNAT --to-source 192.0.2.9-192.0.2.10", None),
        ("SNAT --to-source 192.0.2.77", None),
        ("MASQUERADE", SHUT),
    ],
)
def test_a_source_address_that_the_host_does_not_have_may_get_no_replies(target, state):
    text = "\n".join(["*nat", ":POSTROUTING ACCEPT [0:0]", f"-A POSTROUTING -s {SUBNET} -j {target}"])
    own = {span_of("192.0.2.8"), span_of("192.0.2.9")}
    (found,) = (without_foreign_sources(one, own) for one in parse_iptables(text, "ip", "iptables"))
    assert natted([found], OUT).state == state


@pytest.mark.parametrize(
    ("snat", "state"),
    [({"addr": "192.0.2.9"}, SHUT), ({"addr": "192.0.2.77"}, None), ({"addr": {"map": {}}}, None), (None, None)],
)
def test_a_source_address_of_nft(snat, state):
    (found,) = (
        without_foreign_sources(one, {span_of("192.0.2.9")})
        for one in table([{"snat": snat}], family="ip", hook="postrouting", type="nat")
    )
    assert natted([found], OUT).state == state


# --- Where packets go to. ---


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ([], OPEN),
        (["-A PREROUTING -i virbr0 -j DNAT --to-destination 192.0.2.66"], SHUT),
        (["-A PREROUTING -i eth0 -j DNAT --to-destination 192.0.2.66"], OPEN),
        (["-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128"], PART),
        (["-A PREROUTING -i virbr0 -j ACCEPT", "-A PREROUTING -j REDIRECT"], OPEN),
        (["-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER", "-A DOCKER -j DNAT --to-destination 1.2.3.4"], OPEN),
        (["-A PREROUTING -m mark --mark 0x1 -j DNAT --to-destination 192.0.2.66"], None),
        (["-A PREROUTING -j NETMAP --to 192.0.2.0/24"], None),
    ],
)
def test_packets_that_get_another_target(rules, state):
    text = "\n".join(["*nat", ":PREROUTING ACCEPT [0:0]", ":DOCKER - [0:0]", *rules])
    assert diverted(parse_iptables(text, "ip", "iptables"), OUT).state == state


@pytest.mark.parametrize(("deed", "state"), [("dnat", SHUT), ("redirect", SHUT), ("accept", OPEN)])
def test_packets_that_nft_gives_another_target(deed, state):
    rules = table([match(IIF, "virbr0"), {deed: {"addr": "192.0.2.66"}}], family="ip", hook="prerouting", type="nat")
    assert diverted(rules, OUT).state == state


WRITTEN = [
    ({"meta": {"key": "mark"}}, OPEN), ({"meta": {"key": "priority"}}, OPEN), ({"ct": {"key": "mark"}}, OPEN),
    ({"tcp option": {"name": "maxseg", "field": "size"}}, OPEN),
    ({"payload": {"protocol": "ip", "field": "dscp"}}, OPEN),
    ({"payload": {"protocol": "ip", "field": "saddr"}}, None),
    ({"payload": {"protocol": "ip", "field": "ttl"}}, None),
    ({"payload": {"protocol": "ether", "field": "daddr"}}, None),
    ({"meta": {"key": "broute"}}, None), ({"meta": {"key": "somethingnew"}}, None), ({"ct": {"key": "zone"}}, None),
    ({"somethingnew": {}}, None),
]  # fmt: skip


@pytest.mark.parametrize(("key", "state"), WRITTEN)
def test_what_nft_writes_to_packets(key, state):
    assert passing(table([{"mangle": {"key": key, "value": 1}}]), OUT, FORWARD).state == state


@pytest.mark.parametrize(
    ("target", "state"),
    [
        ("CT --notrack", None),
        ("CT --zone 5", None),
        ("CT --helper ftp", OPEN),
        ("NOTRACK", None),
        ("TTL --ttl-set 1", None),
        ("TTL --ttl-set 64", OPEN),
        ("TTL --ttl-dec 5", None),
        ("TTL --ttl-inc 1", OPEN),
    ],
)
def test_what_iptables_does_to_packets(target, state):
    assert passing(iptables([f"-A FORWARD -j {target}"]), OUT, FORWARD).state == state


def test_connections_that_nft_does_not_track_are_not_masqueraded():
    assert passing(table([{"notrack": None}], hook="prerouting"), OUT, ("prerouting",)).state is None


_GUESTS = "src 10.20.0.0/24 dst 0.0.0.0/0"
_TUNNEL = "\\\ttmpl src 1.2.3.4 dst 5.6.7.8\\\t\tproto esp reqid 0 mode tunnel\\"
POLICIES = {
    f"{_GUESTS} \\\tdir fwd action block priority 7 ptype main \\": SHUT,
    f"{_GUESTS} \\\tdir out action block priority 7 ptype main \\": SHUT,
    f"{_GUESTS} \\\tdir in action block priority 7 ptype main \\": OPEN,
    f"{_GUESTS} proto tcp dport 25 \\\tdir fwd action block priority 7 ptype main \\": PART,
    "src 10.21.0.0/24 dst 0.0.0.0/0 \\\tdir fwd action block priority 7 ptype main \\": OPEN,
    f"src 10.20.0.0/24 dst 10.9.0.0/16 \\\tdir out priority 0 ptype main {_TUNNEL}": None,
    f"src 0.0.0.0/0 dst 0.0.0.0/0 \\\tdir fwd priority 9 ptype main \\\tmark 0x5/0xffffffff {_TUNNEL}": None,
    "src 0.0.0.0/0 dst 0.0.0.0/0 \\\tsocket in priority 0 ptype main \\": OPEN,
    "src fd00::/64 dst ::/0 \\\tdir fwd action block priority 7 ptype main \\": OPEN,
}


@pytest.mark.parametrize(("line", "state"), POLICIES.items())
def test_policies_of_ipsec(line, state):
    routed = ("prerouting", "forward", "postrouting")
    assert passing(parse_policies(line), OUT, routed).state == state
    assert passing(parse_policies(line), replace(BRIDGED, source=OUT.source), routed).state == OPEN


def test_the_first_policy_of_ipsec_counts():
    lines = [one.replace("priority 7", "priority 3").replace("block", "allow") for one in list(POLICIES)[:1]]
    assert passing(parse_policies("\n".join([next(iter(POLICIES)), *lines])), OUT, FORWARD).state == OPEN


# --- What IPv6 needs besides. ---

_FIRST = ["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
_ICMP6 = "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type"


@pytest.mark.parametrize(
    ("rules", "policy", "host", "advertised"),
    [
        ([], "ACCEPT", [], []),
        (_FIRST, "DROP", ["shut"], ["shut"]),
        ([*_FIRST, "-A INPUT -p ipv6-icmp -j ACCEPT"], "DROP", [], []),
        ([*_FIRST, f"{_ICMP6} 135 -j ACCEPT", f"{_ICMP6} 136 -j ACCEPT"], "DROP", [], ["shut"]),
        ([*_FIRST, *(f"{_ICMP6} {one} -m hl --hl-eq 255 -j ACCEPT" for one in range(133, 137))], "DROP", [], []),
        (["-A INPUT -m rt --rt-type 0 -j DROP"], "ACCEPT", [], []),
        ([f"{_ICMP6} 135 -j DROP"], "ACCEPT", ["shut"], []),
        ([f"{_ICMP6} 128 -j DROP"], "ACCEPT", [], []),
        ([f"{_ICMP6} 133 -j DROP"], "ACCEPT", [], ["shut"]),
        (["-A OUTPUT -o virbr0 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP"], "ACCEPT", [], ["shut"]),
        (["-A OUTPUT -o virbr0 -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP"], "ACCEPT", ["shut"], []),
    ],
)
def test_neighbours_and_routers_of_ipv6(rules, policy, host, advertised):
    text = "\n".join(["*filter", f":INPUT {policy} [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT"])
    around = RoutingContext(tuple(parse_iptables(text, "ip6", "ip6tables")), (), {}, frozenset(), frozenset())
    found = routing_of_bridge(around, Bridge("virbr0", served=("fd00:20::1/64",)))["passages"]
    assert [one["state"] for one in found if one["direction"] == "host"] == host
    assert [one["state"] for one in found if one["direction"] == "advertised"] == advertised


# --- Whatever the rules: an answer other than "not understood" is true of every packet. ---

_MATCHES = st.sampled_from([
    "", "-i virbr0", "-i eth0", "! -i virbr0", "-i virbr+", "-o eth0", "-o eth9", f"-s {SUBNET}", f"! -s {SUBNET}",
    "-s 10.20.0.0/25", "! -s 10.20.0.0/25", "-s 10.0.0.0/8", "-d 203.0.113.0/24", "-d 0.0.0.0/0", "! -d 10.20.0.0/24",
    "-p tcp", "-m conntrack --ctstate NEW", "-m conntrack --ctstate RELATED,ESTABLISHED", "-m mark --mark 0x1",
])  # fmt: skip
_TARGETS = st.sampled_from(["-j ACCEPT", "-j DROP", "-j RETURN", "-j A", "-g A", "-j B", "-j LOG", ""])
_RULES = st.lists(
    st.tuples(st.sampled_from(["FORWARD", "A", "B"]), st.tuples(_MATCHES, _MATCHES), _TARGETS), max_size=9
)


class Packet:
    """One of OUT, for which a rule of the sort above is decided by hand."""

    def __init__(self, source, target, proto, mark):
        self.source, self.target, self.proto, self.mark = source, target, proto, mark

    def fits(self, text):
        words = text.split()
        negated = words[:1] == ["!"]
        option, *rest = words[negated:] or [""]
        value = rest[-1] if rest else ""
        found = {
            "": lambda: True,
            "-i": lambda: "virbr0".startswith(value[:-1]) if value.endswith("+") else value == "virbr0",
            "-o": lambda: value == "eth0",
            "-s": lambda: ip_address(self.source) in ip_network(value),
            "-d": lambda: ip_address(self.target) in ip_network(value),
            "-p": lambda: self.proto == value,
            "-m": lambda: self.mark if "mark" in rest else "NEW" in value,
        }[option]()
        return found != negated

    def passes(self, rules, policy):
        end = self._walk("FORWARD", rules)
        return policy == "ACCEPT" if end is None else end == "ACCEPT"

    def _walk(self, chain, rules):
        """ACCEPT, DROP, or None at the chain's end."""
        for own, matches, target in rules:
            if own != chain or not all(map(self.fits, matches)):
                continue
            flag, _space, name = target.partition(" ")
            if name in ("ACCEPT", "DROP"):
                return name
            if name == "RETURN":
                return None
            if name in ("A", "B"):
                found = self._walk(name, rules)
                if found is not None or flag == "-g":
                    return found
        return None


PACKETS = [
    Packet(source, target, proto, mark)
    for source in ("10.20.0.5", "10.20.0.200")
    for target in ("203.0.113.1", "198.51.100.1")
    for proto in ("tcp", "udp")
    for mark in (True, False)
]


def _has_loop(rules):
    calls = {(own, target.split()[-1]) for own, _matches, target in rules if target.split()[-1:] in (["A"], ["B"])}
    return ("A", "A") in calls or ("B", "B") in calls or {("A", "B"), ("B", "A")} <= calls


@given(_RULES, st.sampled_from(["ACCEPT", "DROP"]))
def test_every_packet_does_what_the_answer_says(rules, policy):
    lines = [" ".join(["-A", own, *filter(None, matches), target]).strip() for own, matches, target in rules]
    state = passing(iptables(lines, policy, ["A", "B"]), OUT, FORWARD).state
    if _has_loop(rules):
        return  # the kernel takes no such rules
    passed = {packet.passes(rules, policy) for packet in PACKETS}
    if state == OPEN:
        assert passed == {True}
    if state == SHUT:
        assert passed == {False}


@given(_RULES)
def test_what_is_about_other_links_changes_nothing(rules):
    lines = [" ".join(["-A", own, "-i eth7", *filter(None, matches), target]) for own, matches, target in rules]
    assert passing(iptables(lines, "ACCEPT", ["A", "B"]), OUT, FORWARD).state in (OPEN, *(None,) * _has_loop(rules))
