# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.argument_spec import DEFINITION
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.complete import complete_network
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

RED = {"name": "red", "forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}


def test_every_option_is_said_but_what_is_not_the_fleets_to_say():
    assert set(DEFINITION) - set(complete_network(RED)) == {"uuid", "mac", "metadata"}
    assert {name: complete_network(RED)[name] for name in RED} == RED


def test_what_a_host_had_before_goes_and_what_libvirt_made_up_stays():
    before = """<network><name>red</name><uuid>11111111-2222-4333-8444-555555555555</uuid>
      <metadata><x:a xmlns:x="urn:x"/></metadata><forward mode="nat"/><bridge name="virbr7" stp="on" delay="0"/>
      <mac address="52:54:00:00:00:07"/><mtu size="9000"/><dns enable="no"/><ip address="10.9.0.1" prefix="24"/>
      <portgroup name="old"/></network>"""
    wanted = complete_network(
        {"name": "red", "forward": {"mode": "nat"}, "ips": [{"address": "10.9.0.1", "prefix": 24}]}
    )
    wanted.pop("name")
    seen = Observed("red", persistent=parse_network(before), persistent_xml=before)
    (step,) = plan_network(Desired("red", "inactive", None, declaration(wanted)), seen, Host((9, 0, 0)), "idle").steps
    after = parse_network(step.xml)
    for kept in ("uuid", "metadata", "mac"):
        assert after[kept] == seen.persistent[kept]
    assert after["bridge"]["name"] == "virbr7"
    assert not {"mtu", "dns", "portgroups"} & set(after)
