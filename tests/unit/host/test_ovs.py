# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch's tools print."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.ovs import kind_of_flows, settings_of_ports

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
