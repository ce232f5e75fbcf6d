# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for networks that libvirt would take."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = st.sampled_from(["red", "blue", "lan", "dmz 1", "größe"])
DEVICES = st.lists(st.sampled_from([f"p{n}" for n in range(6)]), min_size=1, max_size=4, unique=True)
ADDRESSES = st.lists(st.sampled_from([f"0000:03:10.{n}" for n in range(6)]), min_size=1, max_size=4, unique=True)
RATES = st.fixed_dictionaries({"average": st.integers(1, 10**6)}, optional={"peak": st.integers(1, 10**6)})
BANDWIDTH = st.fixed_dictionaries({}, optional={"inbound": RATES, "outbound": RATES}).filter(bool)


@st.composite
def portgroups(draw, bandwidth: bool):
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=4, unique=True))
    default = draw(st.sampled_from([None, *names]))
    groups = []
    for name in names:
        group = {"name": name}
        if name == default:
            group["default"] = True
        if bandwidth and draw(st.booleans()):
            group["bandwidth"] = draw(BANDWIDTH)
        if draw(st.booleans()):
            group["trust_guest_rx_filters"] = draw(st.booleans())
        groups.append(group)
    return groups


@st.composite
def dhcp(draw, third: int):
    value = {}
    if draw(st.booleans()):
        starts = draw(st.lists(st.sampled_from([50, 100, 150]), max_size=3, unique=True))
        value["ranges"] = [{"start": f"10.9.{third}.{s}", "end": f"10.9.{third}.{s + 20}"} for s in starts]
    if draw(st.booleans()):
        hosts = draw(st.lists(st.integers(10, 14), max_size=3, unique=True))
        macs = draw(st.permutations(range(10, 15)))
        value["hosts"] = [
            {"mac": f"52:54:00:AA:00:{mac}", "ip": f"10.9.{third}.{host}"} for host, mac in zip(hosts, macs)
        ]
    return value


@st.composite
def ips(draw, least: int):
    thirds = draw(st.lists(st.integers(0, 3), min_size=least, max_size=3, unique=True))
    serves = draw(st.sampled_from([None, *thirds]))
    items = []
    for third in thirds:
        item = {"address": f"10.9.{third}.1"}
        item.update(draw(st.sampled_from([{"prefix": 24}, {"netmask": "255.255.255.0"}])))
        if third == serves:
            item["dhcp"] = draw(dhcp(third))
        items.append(item)
    return items


@st.composite
def dns(draw):
    value = draw(st.fixed_dictionaries({}, optional={"forward_plain_names": st.booleans()}))
    hosts = draw(st.lists(st.integers(1, 4), max_size=3, unique=True))
    if hosts:
        value["hosts"] = [{"ip": f"10.9.0.{n}", "hostnames": draw(st.sampled_from([["a"], ["b", "c"]]))} for n in hosts]
    records = draw(st.lists(st.sampled_from(["t1", "t2"]), max_size=2, unique=True))
    if records:
        value["txts"] = [{"name": name, "value": draw(st.sampled_from(["x", "a b"]))} for name in records]
    return value


@st.composite
def definitions(draw):
    """The options of a whole network, of any forward mode."""
    mode = draw(st.sampled_from([None, "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"]))
    options = {"forward": {} if mode is None else {"mode": mode}}
    if mode in (None, "nat", "route", "open"):
        options["ips"] = draw(ips(0 if mode is None else 1))
        options["dns"] = draw(dns())
        options.update(draw(st.fixed_dictionaries({}, optional={"mtu": st.integers(68, 9000), "bandwidth": BANDWIDTH})))
        if draw(st.booleans()):
            options["bridge"] = draw(
                st.fixed_dictionaries({}, optional={"name": st.just("br-red"), "stp": st.booleans()})
            )
    elif mode == "bridge" and draw(st.booleans()):
        options["bridge"] = {"name": "br0"}
    elif mode == "hostdev":
        options["forward"]["addresses"] = [{"address": address} for address in draw(ADDRESSES)]
    else:
        options["forward"]["interfaces"] = [{"dev": dev} for dev in draw(DEVICES)]
    bridged = mode in (None, "nat", "route", "open") or "bridge" in options
    options["portgroups"] = draw(portgroups(bandwidth=bridged))
    return options


# What a second declaration must say so that nothing of a first one of another mode is in its way.
EVERYTHING_ELSE_GONE = {"ips": [], "dns": {}, "mtu": 0, "bandwidth": {}, "bridge": {}, "portgroups": []}
