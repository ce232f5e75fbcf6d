# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to those who are plugged in: restart idle, never and force."""

from __future__ import annotations

import pytest
from harness.story import guest, info, look, network, networks, nic, start, story
from harness.told import Snapshot, Told

pytestmark = pytest.mark.lab

NET = "<network><name>net</name><bridge name='vbr0'/><ip address='10.40.0.1' prefix='24'/></network>"
POOL = """<network><name>net</name>
<forward mode='passthrough'><interface dev='p0'/><interface dev='p1'/></forward></network>"""
MAC, MAC2, MAC3 = (f"52:54:00:00:00:{last}" for last in ("77", "78", "79"))
WEB1 = guest("web1", nic("net", MAC))


def _taps(snapshot: Snapshot) -> list[str]:
    return [link["name"] for link in snapshot.links.values() if link["kind"] == "tun" and link["master"] == "vbr0"]


@story(
    start(NET, more=(WEB1,)),
    network("check", check=True, mtu=1400),
    network("idle", mtu=1400),
    networks("in_a_list", {"name": "new", "mtu": 1400}, {"name": "net", "mtu": 1400}),
    network("stop", state="inactive"),
    network("remove", state="absent"),
    network("remove_check", check=True, state="absent"),
    look(),
)
def test_idle_refuses_with_a_guest_plugged_in(told: Told, release: str) -> None:
    for step in ("check", "idle", "in_a_list", "stop", "remove", "remove_check"):
        sentence = told.refused(step, "IN_USE")
        assert "web1" in sentence
        assert MAC in sentence
    assert told["idle"]["plugged"][0]["name"] == "web1"
    assert told.snapshot("after") == told.snapshot("before")
    assert _taps(told.snapshot("after"))


@story(
    start(NET, more=(WEB1,)),
    network("check", check=True, mtu=1400, restart="never"),
    network("left", mtu=1400, restart="never"),
    network("again", mtu=1400, restart="never"),
    network("again_check", check=True, mtu=1400, restart="never"),
    info("shown"),
    look(),
    network("idle", mtu=1400),
    look("refused"),
)
def test_never_leaves_it_for_the_next_start(told: Told, release: str) -> None:
    check, left = told.ok("check"), told.ok("left")
    assert (check["diff"], check["steps"], check["pending"]) == (left["diff"], left["steps"], left["pending"])
    assert left["pending"] == ["mtu"]
    assert told.actions("left") == ["define"]
    assert left["steps"][0]["disruption"] == "next_start"
    for step in ("again", "again_check"):
        assert told.ok(step)["changed"] is False
        assert told.ok(step)["pending"] == ["mtu"], "what waits must stay visible"
    assert told.ok("shown")["details"]["net"]["drift"] == ["mtu"]
    assert [item["name"] for item in told.ok("shown")["details"]["net"]["plugged"]] == ["web1"]
    before, after = told.snapshot("before"), told.snapshot("after")
    assert after.networks["net"].live == before.networks["net"].live
    assert after.networks["net"].missing([], ["/network/mtu[@size='1400']"]) == []
    assert _taps(after) == _taps(before) != []
    assert "web1" in told.refused("idle", "IN_USE")
    assert told.snapshot("refused") == after


@story(
    start(NET, more=(WEB1,)),
    network("check", check=True, mtu=1400, restart="force"),
    look("checked"),
    network("forced", mtu=1400, restart="force"),
    network("again", mtu=1400, restart="force"),
    look(),
)
def test_force_restarts_and_says_whom_it_cut_off(told: Told, release: str) -> None:
    assert told.snapshot("checked") == told.snapshot("before")
    check, forced = told.ok("check"), told.ok("forced")
    assert check["steps"] == forced["steps"]
    assert told.actions("forced") == ["define", "destroy", "start"]
    assert [step["disruption"] for step in forced["steps"]] == ["none", "restart", "none"]
    assert [item["name"] for item in forced["plugged"]] == ["web1"]
    assert told.ok("again")["changed"] is False
    size = ["/network/mtu[@size='1400']"]
    after = told.snapshot("after")
    assert after.networks["net"].missing(size, size) == []
    assert after.guests == ["web1"]


@story(
    start(NET, more=(WEB1,)),
    network("group", portgroups=[{"name": "a", "default": True}]),
    network("again", portgroups=[{"name": "a", "default": True}]),
    look(),
)
def test_a_live_update_needs_nobody_to_leave(told: Told, release: str) -> None:
    assert told.actions("group") == ["define", "release", "update portgroup", "reclaim"]
    assert told.ok("again")["changed"] is False
    before, after = told.snapshot("before"), told.snapshot("after")
    assert after.networks["net"].bridge == before.networks["net"].bridge
    assert _taps(after) == _taps(before) != []


@story(
    start(NET, more=(["ip", "link", "set", "p7", "master", "vbr0"],)),
    network("idle", mtu=1400),
    network("remove", state="absent"),
    look(),
    network("forced", mtu=1400, restart="force"),
)
def test_a_device_in_the_bridge_counts_as_plugged_in(told: Told, release: str) -> None:
    for step in ("idle", "remove"):
        assert "p7" in told.refused(step, "IN_USE")
    assert told["idle"]["plugged"][0]["kind"] == "device"
    assert told.snapshot("after") == told.snapshot("before")
    assert told.snapshot("after").links["p7"]["master"] == "vbr0"
    assert told.ok("forced")["changed"] is True


@story(
    start(NET, "<network><name>other</name></network>", more=(guest("web2", nic("other", MAC)),)),
    network("idle", mtu=1400),
    look(),
)
def test_a_guest_in_another_network_is_no_hindrance(told: Told, release: str) -> None:
    assert told.actions("idle") == ["define", "destroy", "start"]
    assert told.snapshot("after").guests == ["web2"]


GROWN = {"mode": "passthrough", "interfaces": [{"dev": "p0"}, {"dev": "p1"}, {"dev": "p2"}]}


@story(
    start(POOL, more=(WEB1,)),
    network("check", check=True, forward=GROWN),
    look("checked"),
    network("grown", forward=GROWN),
    network("again", forward=GROWN),
    look(run=(guest("web2", nic("net", MAC2)), guest("web3", nic("net", MAC3)))),
    info("shown"),
    network("shrunk", forward={"mode": "passthrough", "interfaces": [{"dev": "p7"}]}),
    look("refused"),
)
def test_a_pool_in_use_grows_and_no_member_is_handed_out_twice(told: Told, release: str) -> None:
    """libvirt's own update forgets who has what; a second guest on p0 could not even start."""
    before = told.snapshot("before")
    assert told.snapshot("checked") == before
    assert told.ok("check")["steps"] == told.ok("grown")["steps"]
    assert {step["disruption"] for step in told.ok("grown")["steps"]} == {"none"}
    assert "update forward-interface" in told.actions("grown")
    assert told.ok("again")["changed"] is False
    after = told.snapshot("after")
    assert after.guests == ["web1", "web2", "web3"]
    members = ["count(/network/forward/interface)=3", "/network/forward/interface[@dev='p2']"]
    assert after.networks["net"].missing(members, members) == []
    assert sorted(item["name"] for item in told.ok("shown")["details"]["net"]["plugged"]) == after.guests
    sentence = told.refused("shrunk", "IN_USE")
    for name in after.guests:
        assert name in sentence
    assert told.snapshot("refused") == after
