# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for running networks whose records share what libvirt tells them apart by."""

from __future__ import annotations

from hypothesis import strategies as st

ADDRESSES = ["10.9.0.2", "10.9.0.3", "fd00:9::2"]


def _optional(required, **optional):
    return st.fixed_dictionaries(
        required, optional={name: st.sampled_from(values) for name, values in optional.items()}
    )


DNS_HOSTS = st.builds(
    lambda ip, names: {"ip": ip, "hostnames": names},
    st.sampled_from(ADDRESSES),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2, unique=True),
)
TXTS = st.builds(
    lambda name, value: {"name": name, "value": value}, st.sampled_from(["t", "u"]), st.sampled_from(["1", "2", "3"])
)
_NAMED = {"service": st.just("s"), "protocol": st.sampled_from(["tcp", "tcp", "udp"])}
SRVS = _optional(_NAMED, domain=["d", "e"]) | _optional(
    {**_NAMED, "target": st.sampled_from(["x", "y"])}, domain=["d", "e"], port=[1, 2], priority=[1]
)
LEASE = [{"expiry": 9, "unit": "hours"}]
DHCP_HOSTS = st.builds(
    lambda ip, which, lease: {"ip": f"10.9.0.{ip}", **which, **({"lease": LEASE[0]} if lease else {})},
    st.integers(10, 13),
    _optional(
        {"mac": st.sampled_from(["52:54:00:aa:00:01", "52:54:00:aa:00:02", "52:54:00:aa:00:03"])}, name=["a", "b"]
    )
    | st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "c"])}),
    st.sampled_from([False, False, True]),
)
DHCP6_HOSTS = st.builds(
    lambda ip, which: {"ip": f"fd00:9::{ip}", **which},
    st.integers(10, 12),
    _optional({"id": st.sampled_from(["0:1", "0:2"])}, name=["a", "b"])
    | st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "c"])}),
)
RANGES = st.builds(
    lambda start, lease: {
        "start": f"10.9.0.{start}",
        "end": f"10.9.0.{start + 9}",
        **({"lease": LEASE[0]} if lease else {}),
    },
    st.sampled_from([50, 60, 70]),
    st.booleans(),
)


def lists(records):
    """Few, in any order; some the same."""
    return st.lists(records, max_size=4)


@st.composite
def _dhcp(draw, hosts, ranges, bootp):
    dhcp = {"ranges": [] if ranges is None else draw(lists(ranges)), "hosts": draw(lists(hosts))}
    dhcp = {name: items for name, items in dhcp.items() if items}
    return {**dhcp, "bootp": {"file": "pxe"}} if bootp and dhcp else dhcp


@st.composite
def networks(draw, bootp=False):
    """A network that libvirt makes a bridge for, with all that updates reach in it."""
    dns = {"hosts": draw(lists(DNS_HOSTS)), "txts": draw(lists(TXTS)), "srvs": draw(lists(SRVS))}
    ips = [
        {"address": "10.9.0.1", "prefix": 24},
        {"address": "10.8.0.1", "prefix": 24},
        {"family": "ipv6", "address": "fd00:9::1", "prefix": 64},
    ]
    serves = draw(st.sampled_from([0, 0, 1]))
    dhcp = draw(_dhcp(DHCP_HOSTS, RANGES, bootp))
    if serves == 1:
        dhcp = _elsewhere(dhcp)
    dhcp6 = draw(_dhcp(DHCP6_HOSTS, None, False)) if draw(st.booleans()) else {}
    for place, served in ((serves, dhcp), (2, dhcp6)):
        if served:
            ips[place]["dhcp"] = served
    names = draw(st.lists(st.sampled_from(["p", "q", "r"]), max_size=3, unique=True))
    default = draw(st.sampled_from([None, *names]))
    groups = [
        {
            "name": name,
            **({"default": True} if name == default else {}),
            **draw(_optional({}, trust_guest_rx_filters=[True])),
        }
        for name in names
    ]
    document = {"name": "red", "bridge": {"name": "virbr9"}, "ips": ips}
    dns = {name: items for name, items in dns.items() if items}
    if dns:
        document["dns"] = dns
    if groups:
        document["portgroups"] = groups
    return document


def _elsewhere(dhcp):
    """The same in the other subnet."""

    def moved(value):
        if isinstance(value, str):
            return value.replace("10.9.0.", "10.8.0.")
        if isinstance(value, list):
            return [moved(item) for item in value]
        return {key: moved(item) for key, item in value.items()} if isinstance(value, dict) else value

    return moved(dhcp)


@st.composite
def pools(draw):
    members = draw(st.lists(st.sampled_from(["p0", "p1", "p2", "p3"]), min_size=1, max_size=4, unique=True))
    mode = draw(st.sampled_from(["private", "vepa", "passthrough", "bridge"]))
    return {"name": "red", "forward": {"mode": mode, "interfaces": [{"dev": dev} for dev in members]}}
