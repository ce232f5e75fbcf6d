# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of what is there, and of what is refused."""

from __future__ import annotations

import pytest
from harness.playbook import Call
from harness.story import guest, info, look, network, networks, nic, start, story, update
from harness.told import Told

pytestmark = pytest.mark.lab

MADE_UP = "<uuid>6f3d1c1a-0f0e-4d5c-8f3e-5f8f6f0a1b2d</uuid><bridge name='vbr8'/><mac address='52:54:00:ab:cd:08'/>"
ADDRESS = "<ip address='10.48.0.1' prefix='24'>{}</ip>"
NET = f"<network><name>net</name>{MADE_UP}<mtu size='1400'/>{ADDRESS.format('')}</network>"
# By hand: another MTU and another portgroup for the next start, and a DNS host in the running network alone.
EDITED = NET.replace("1400", "1300").replace("</network>", "<portgroup name='later'/></network>")
DNS = "<host ip='10.48.0.9'><hostname>x</hostname></host>"
BY_HAND = (["virsh", "net-define", {"file": EDITED}], update("net", "add", "dns-host", DNS, "--live"))
WEB = guest("web1", nic("net", "52:54:00:00:00:88"))


FED_BACK = {"networks": "{{ found.networks }}"}


@story(
    start(NET, more=(*BY_HAND,)),
    info("found"),
    Call("check", "virt_networks", FED_BACK, check=True),
    Call("adopted", "virt_networks", FED_BACK),
    Call("again", "virt_networks", {**FED_BACK, "restart": "replug"}),
    look(),
    network("asked", mtu=1300),
    look("asked_for"),
)
def test_what_waits_for_the_next_start_is_taken_over_as_it_is(told: Told, release: str) -> None:
    assert sorted(told.ok("found")["networks"][0]["pending"]) == ["dns", "mtu", "portgroups"]
    for step in ("check", "adopted", "again"):
        result = told.ok(step)
        assert (result["changed"], result["diff"]) == (False, [])
        assert result["networks"][0]["pending"] == ["dns", "mtu", "portgroups"]
        assert any("mtu" in warning for warning in result["warnings"])
    assert told.snapshot("after") == told.snapshot("before")
    assert told.ok("asked")["changed"] is True
    assert told.snapshot("asked_for").networks["net"].missing(["/network/mtu[@size='1300']"], []) == []


LONG = [f"guest-with-a-rather-long-name-{number}" for number in range(9)]
GUESTS = tuple(guest(name, nic("net", f"52:54:00:00:01:{place:02x}")) for place, name in enumerate(LONG))


@story(
    start(NET, more=GUESTS),
    network("used", mtu=1300),
    networks(
        "several",
        {"name": "net", "mtu": 1300},
        *({"name": f"bad{number}", "mtu": 7, "ips": [{"address": "10.1.1"}]} for number in range(9)),
    ),
    network("many", portgroups=[{"name": f"g{number}", "vlan": {"tags": []}} for number in range(30)]),
    network("twice", xml="<network><name>net</name><mtu size='1400'/><mtu size='1500'/></network>"),
    network("unsupported", wombat=1),
    look(),
)
def test_refusals_are_short_and_the_result_has_all(told: Told, release: str) -> None:
    told.refused("used", "IN_USE")
    assert told["used"]["network_name"] == "net"
    assert [port["name"] for port in told["used"]["plugged"]] == LONG
    told.refused("several", "IN_USE")
    refused = told["several"]["refused"]
    assert [one["network_name"] for one in refused] == ["net", *(f"bad{number}" for number in range(9))]
    assert {one["code"] for one in refused} == {"IN_USE", "MTU_INVALID"}
    assert len(refused[0]["plugged"]) == len(LONG)
    told.refused("many", "VLAN_INVALID")
    without_tags = [one for one in told["many"]["problems"] if "has no tags" in one["sentence"]]
    assert len(without_tags) == 30
    assert "<mtu>" in told.refused("twice", "XML_TWICE")
    told.refused("unsupported", "OPTIONS_INVALID")
    assert told.snapshot("after") == told.snapshot("before")


MARKED = '<app:owner xmlns:app="https://example.org/app" by="x"><app:team>net</app:team></app:owner>'
PLAIN = '<owner xmlns="https://example.org/plain"/>'


@story(
    start(NET),
    network("set", metadata=[MARKED, PLAIN]),
    network("again", metadata=[MARKED, PLAIN]),
    look(),
    network("unset", metadata=[]),
    look("gone"),
)
def test_metadata_set_live_has_its_own_prefixes_only(told: Told, release: str) -> None:
    told.ok("set")
    assert told.ok("again")["changed"] is False
    live = told.snapshot("after").networks["net"].live
    assert "virtfleet" not in live
    if release == "trixie":
        assert MARKED in "".join(line.strip() for line in live.splitlines())
    told.ok("unset")
    assert "example.org" not in told.snapshot("gone").networks["net"].live
