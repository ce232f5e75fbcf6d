# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /proc and /sys show of how a host routes."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import routing
from ansible_collections.virtfleet.network.plugins.module_utils._run.routing import detours, not_routed

ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0
eth1 00000000 010300C0 0003 0 0 200 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
eth0 007100CB 010200C0 0003 0 0 0 00FFFFFF 0 0 0
* 0000000A 00000000 0201 0 0 0 000000FF 0 0 0
"""
ROUTES6 = """\
20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
"""  # noqa: E501


def test_routes(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "route").write_text(ROUTES)
    (tmp_path / "net" / "ipv6_route").write_text(ROUTES6)
    proc = str(tmp_path)
    four = routing._routes(routing._ipv4(proc))
    assert (four.default, four.others, four.links) == (["eth0"], {"203.0.113.0/24": "eth0"}, ["eth0", "eth1"])
    six = routing._routes(routing._ipv6(proc))
    assert (six.default, six.others, six.links) == (["eth0"], {}, ["eth0"])


REJECTED6 = """\
fd000002000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00200200       lo
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 00000005 00000001 00000000 00200200       lo
"""  # noqa: E501


def test_a_route_that_rejects_packets_is_a_route(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "route").write_text(ROUTES + "* 00000000 00000000 0201 0 0 5 00000000 0 0 0\n")
    (tmp_path / "net" / "ipv6_route").write_text(ROUTES6 + REJECTED6)
    proc = str(tmp_path)
    four, six = routing._routes(routing._ipv4(proc)), routing._routes(routing._ipv6(proc))
    assert (four.default, four.rejected) == ([], ["10.0.0.0/8"])
    assert (six.default, six.rejected, six.links) == ([], ["fd00:2::/64"], ["eth0"])
    assert ("fd00:2::/64", "*") in six.all


def test_a_host_without_ipv6_has_no_routes_of_it(tmp_path):
    assert routing._routes(routing._ipv6(str(tmp_path))) == routing.Routes()


def test_links_that_pass_nothing_on(tmp_path):
    for name, value in (("all", "1"), ("eth0", "1"), ("virbr0", "0")):
        directory = tmp_path / "sys" / "net" / "ipv4" / "conf" / name
        directory.mkdir(parents=True)
        (directory / "forwarding").write_text(f"{value}\n")
    assert routing.links_that_pass_nothing_on(str(tmp_path)) == ["virbr0"]


def test_bridges_whose_packets_the_firewall_sees(tmp_path):
    everywhere = tmp_path / "proc" / "sys" / "net" / "bridge"
    everywhere.mkdir(parents=True)
    (everywhere / "bridge-nf-call-iptables").write_text("0\n")
    (everywhere / "bridge-nf-call-ip6tables").write_text("1\n")
    own = tmp_path / "sys" / "class" / "net" / "br1" / "bridge"
    own.mkdir(parents=True)
    (own / "nf_call_iptables").write_text("1\n")
    found = routing.bridged_packets_seen(["br0", "br1"], str(tmp_path / "proc"), str(tmp_path / "sys"))
    assert found == {"br0": ["ipv6"], "br1": ["ipv4", "ipv6"]}


def bridge(subnets, admin="up"):
    return {
        "name": "virbr7",
        "admin": admin,
        "subnets": subnets,
        "addresses": [subnet.partition("/")[0] for subnet in subnets],
    }


@pytest.mark.parametrize(
    ("subnets", "routes", "local", "found"),
    [
        (["10.20.0.1/24"], [("10.20.0.0/24", "virbr7")], ["10.20.0.1"], []),
        (["10.20.0.1/24"], [("0.0.0.0/0", "virbr7")], ["10.20.0.1"], []),
        (["10.20.0.1/24"], [("10.20.0.0/24", "eth1")], ["10.20.0.1"], ["10.20.0.1/24 is not routed to it"]),
        (["10.20.0.1/24"], [("10.20.0.0/25", "virbr7")], ["10.20.0.1"], ["10.20.0.1/24 is not routed to it"]),
        (["10.20.0.1/24"], [("10.20.0.0/24", "virbr7")], [], ["10.20.0.1 is not local to the host"]),
        (["10.20.0.1/32"], [], ["10.20.0.1"], []),
        (["fd00::1/64"], [("fd00::/64", "virbr7")], [], []),
        (["fd00::1/64"], [], [], ["fd00::1/64 is not routed to it"]),
    ],
)
def test_a_bridge_without_a_route_of_its_own_is_found(subnets, routes, local, found):
    known = {
        family: routing.Routes(all=[one for one in routes if (":" in one[0]) == (family == "ipv6")])
        for family in ("ipv4", "ipv6")
    }
    assert not_routed(bridge(subnets), known, local) == found
    assert not_routed(bridge(subnets, admin="down"), known, local) == []


def test_routes_that_may_misroute_packets():
    def link(name, subnets=(), **more):
        return {"name": name, "admin": "up", "carrier": True, "subnets": subnets, **more}

    links = [
        link("eth0", ["192.0.2.5/24"]),
        link("eth1", ["10.1.0.5/16"], carrier=False),
        link("eth2", admin="down"),
        link("virbr7", ["10.20.0.1/24"], carrier=False),
    ]
    routes = routing.Routes(
        all=[
            ("0.0.0.0/0", "eth0"),
            ("192.0.2.0/24", "eth0"),
            ("10.1.0.0/16", "eth1"),  # in which it is itself
            ("10.2.0.0/16", "eth1"),
            ("10.3.0.0/16", "eth0"),
            ("10.4.0.1/32", "eth2"),
            ("128.0.0.0/1", "eth0"),
            ("224.0.0.0/4", "eth0"),
            ("2000::/3", "eth0"),
            ("2001:db8::/32", "eth0"),
            ("192.168.77.0/24", "virbr7"),  # behind a guest
            ("10.0.0.0/8", "*"),
        ]
    )
    down = ", which is down or has no carrier"
    assert detours(routes, links, ["virbr7"]) == [
        f"10.2.0.0/16 is routed through eth1{down}",
        f"10.4.0.1/32 is routed through eth2{down}",
        "128.0.0.0/1 is routed through eth0",
        "2000::/3 is routed through eth0",
    ]
