# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch's tools print."""

from __future__ import annotations

import json

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import ovs
from ansible_collections.virtfleet.network.plugins.module_utils._host.ovs import kind_of_flows, settings_of_ports
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import read_record
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.frame_path import UP, NicPort, paths_out
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.host_links import HostLinks, Link, OvsBridge

SHOWN = """\
OFPT_FEATURES_REPLY (xid=0x2): dpid:00006e9f5c1a4f4a
n_tables:254, n_buffers:0
 1(p1): addr:b6:0c:7b:25:5b:f5
     config:     NO_RECV NO_FWD
     state:      LIVE
     speed: 10000 Mbps now, 0 Mbps max
 2(vnet0): addr:fe:54:00:77:00:00
     config:     0
     state:      LIVE
 LOCAL(ovs7): addr:6e:9f:5c:1a:4f:4a
     config:     PORT_DOWN
     state:      LINK_DOWN
OFPT_GET_CONFIG_REPLY (xid=0x4): frags=normal miss_send_len=0
"""


def test_only_ports_with_settings_are_told():
    assert settings_of_ports(SHOWN) == {"p1": ["NO_RECV", "NO_FWD"], "ovs7": ["PORT_DOWN"]}


@pytest.mark.parametrize(
    ("flows", "kind"),
    [
        ([], "none"),
        (["priority=0 actions=NORMAL"], "normal"),
        (["actions=NORMAL"], "normal"),
        (["cookie=0x7, priority=10 actions=NORMAL"], "normal"),
        (["priority=100,arp actions=NORMAL", "priority=0 actions=NORMAL"], "normal"),
        (["priority=10 actions=NORMAL", "priority=0 actions=drop"], "normal"),
        (["priority=10 actions=drop", "priority=0 actions=NORMAL"], "none"),
        (["priority=10 actions=drop", "priority=10 actions=NORMAL"], "other"),
        (["priority=10,arp actions=drop", "priority=0 actions=NORMAL"], "other"),
        (["priority=10,arp actions=NORMAL"], "other"),
        (["idle_timeout=60, actions=NORMAL"], "other"),
        (["actions=resubmit(,1)", "table=1, actions=NORMAL"], "other"),
        (["table=1, actions=drop", "priority=0 actions=NORMAL"], "normal"),
        (["actions=output:1"], "other"),
    ],
)
def test_flows_that_only_forward_are_those_of_a_learning_switch(flows, kind):
    assert kind_of_flows("\n".join(f" {flow}" for flow in flows)) == kind


def _table(**rows):
    """As ovs-vsctl --format=json prints a table; rows: columns with the values of each row."""
    return {"headings": list(rows), "data": [list(row) for row in zip(*rows.values())]}


def _uuid(*names):
    return ["set", [["uuid", name] for name in names]] if len(names) != 1 else ["uuid", names[0]]


NONE = ["set", []]
TABLES = [
    _table(name=["ovs7"], ports=[_uuid("P-ovs7", "P-p1", "P-fake7", "P-vnet0")], fail_mode=[NONE], controller=[NONE],
           stp_enable=[True], other_config=[["map", [["stp-forward-delay", "10"]]]]),
    _table(_uuid=[["uuid", f"P-{name}"] for name in ("ovs7", "p1", "fake7", "vnet0")],
           name=["ovs7", "p1", "fake7", "vnet0"],
           interfaces=[_uuid(f"I-{name}") for name in ("ovs7", "p1", "fake7", "vnet0")],
           tag=[NONE, NONE, 10, 10], trunks=[NONE] * 4, vlan_mode=[NONE] * 4, bond_mode=[NONE] * 4, lacp=[NONE] * 4,
           other_config=[["map", []]] * 4, bond_active_slave=[NONE] * 4, fake_bridge=[False, False, True, False]),
    _table(_uuid=[["uuid", f"I-{name}"] for name in ("ovs7", "p1", "fake7", "vnet0")],
           name=["ovs7", "p1", "fake7", "vnet0"], type=["internal", "", "internal", ""], options=[["map", []]] * 4,
           admin_state=["up"] * 4, link_state=["up"] * 4, lacp_current=[NONE] * 4),
    _table(output_port=[]),
]  # fmt: skip


def test_a_fake_bridge_is_a_bridge_within_a_vlan_of_another(monkeypatch, tmp_path):
    def said(argv, _seconds):
        if argv[0] == "ovs-vsctl":
            return "\n".join(map(json.dumps, TABLES))
        return " priority=0 actions=NORMAL" if "dump-flows" in argv else ""

    monkeypatch.setattr(ovs, "_DATABASE", str(tmp_path))
    monkeypatch.setattr(ovs, "output_of", said)
    found = {name: read_record(OvsBridge, one) for name, one in ovs.read_ovs_bridges().items()}
    assert {name: one.stp_delay for name, one in found.items()} == {"ovs7": 20, "fake7": 20}
    links = [
        Link(name, kind, 1500, "up", True, None, default_route=False, programs=(), bound=())
        for name, kind in (("p1", "physical"), ("vnet0", "tun"))
    ]
    host = HostLinks(tuple(links), found)
    assert host.bridge_of("vnet0") == "fake7"
    assert [(way.state, way.vlan) for way in paths_out(host, "fake7")] == [(UP, 10)]
    assert [(way.uplink, way.vlan) for way in paths_out(host, "ovs7", NicPort((10,))) if way.state == UP] == [
        ("p1", 10)
    ]


def test_a_switch_that_does_not_answer_is_not_one_without_bridges(monkeypatch, tmp_path):
    monkeypatch.setattr(ovs, "_DATABASE", str(tmp_path))
    monkeypatch.setattr(ovs, "output_of", lambda _command, _seconds: None)
    assert ovs.read_ovs_bridges() is None
    monkeypatch.setattr(ovs, "_DATABASE", str(tmp_path / "none"))
    assert ovs.read_ovs_bridges() == {}


def test_open_vswitch_that_does_not_answer_is_not_one_without_bridges(monkeypatch, tmp_path):
    monkeypatch.setattr(ovs, "_DATABASE", str(tmp_path / "db.sock"))
    assert (ovs.read_datapaths(), ovs.read_ovs_bridges()) == ({}, {})
    (tmp_path / "db.sock").touch()
    monkeypatch.setattr(ovs, "output_of", lambda _command, _seconds: None)
    assert (ovs.read_datapaths(), ovs.read_ovs_bridges()) == (None, None)
    rows = json.dumps({"headings": ["name", "datapath_type"], "data": [["ovsbr0", "netdev"]]})
    monkeypatch.setattr(ovs, "output_of", lambda _command, _seconds: rows)
    assert ovs.read_datapaths() == {"ovsbr0": "netdev"}
