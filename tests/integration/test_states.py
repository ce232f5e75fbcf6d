# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State, autostart and check mode together; networks without a bridge in every state; transient networks."""

from __future__ import annotations

import pytest
from harness.story import info, look, network, networks, start, story
from harness.told import Told

pytestmark = pytest.mark.lab

RUNNING = "<network><name>net</name></network>"
STOPPED = {"xml": RUNNING, "start": False, "autostart": True}
PCI = {"mode": "hostdev", "addresses": [{"address": "0000:7f:10.1"}]}
POOLS = {
    "passthrough": {"mode": "passthrough", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]},
    "private": {"mode": "private", "interfaces": [{"dev": "p0"}]},
    "vepa": {"mode": "vepa", "dev": "p0"},
    "macvtap": {"mode": "bridge", "interfaces": [{"dev": "p0"}, {"dev": "p1"}]},
}


@story(start(RUNNING), network("check", check=True, state="absent"), look())
def test_check_mode_removes_no_running_network(told: Told, release: str) -> None:
    check = told.ok("check")
    assert check["changed"] is True
    assert told.actions("check") == ["destroy", "undefine"]
    assert told.snapshot("after") == told.snapshot("before")


@story(start(STOPPED), network("check", check=True, state="absent"), look())
def test_check_mode_removes_no_stopped_network(told: Told, release: str) -> None:
    assert told.ok("check")["changed"] is True
    assert told.actions("check") == ["undefine"]
    assert told.snapshot("after") == told.snapshot("before")
    assert told.snapshot("after").networks["net"].autostart


@story(start(), network("check", check=True, mtu=1400, autostart=True), look())
def test_check_mode_makes_no_network(told: Told, release: str) -> None:
    assert told.actions("check") == ["define", "autostart", "start"]
    assert told.snapshot("after").networks == {}


@story(
    start(RUNNING),
    network(
        "edited",
        xml="<network><name>net</name><domain name='new.example'/><ip address='10.40.0.1' prefix='24'/></network>",
    ),
    look(),
)
def test_a_changed_definition_is_applied(told: Told, release: str) -> None:
    assert told.ok("edited")["changed"] is True
    found = told.snapshot("after").networks["net"]
    assert found.missing(["/network/domain[@name='new.example']"], ["/network/domain[@name='new.example']"]) == []


@story(
    start(),
    network("made", forward={"mode": "nat"}, ips=[{"address": "10.40.0.1", "prefix": 24}], autostart=True),
    look("made_it"),
    network("stopped", state="inactive", autostart=False),
    look("stopped_it"),
    network("both", state="active", autostart=True),
    look("both_again"),
    network("same", state="active", autostart=True),
)
def test_autostart_with_state(told: Told, release: str) -> None:
    for step, active, autostart in (("made", True, True), ("stopped", False, False), ("both", True, True)):
        assert told.ok(step)["changed"] is True
        seen = {"made": "made_it", "stopped": "stopped_it", "both": "both_again"}[step]
        found = told.snapshot(seen).networks["net"]
        assert (found.active, found.autostart) == (active, autostart)
    assert told.actions("stopped") == ["autostart", "destroy"]
    assert told.actions("both") == ["autostart", "start"]
    assert told.ok("same")["changed"] is False


@pytest.mark.parametrize(
    ("forward", "release"),
    [
        pytest.param(
            forward,
            release,
            id=f"{kind}-{release}",
            marks=pytest.mark.story(
                release=release,
                steps=(
                    start(),
                    network("check", check=True, forward=forward),
                    network("made", forward=forward),
                    look("running"),
                    network("same", forward=forward),
                    network("stopped", forward=forward, state="inactive"),
                    look("at_rest"),
                    network("kept", forward=forward, state="present"),
                    network("started", state="active", autostart=True),
                    look("up_again"),
                    network("gone_check", check=True, state="absent"),
                    look("still_there"),
                    network("gone", state="absent"),
                    look("nothing"),
                    network("gone_again", state="absent"),
                ),
            ),
        )
        for kind, forward in POOLS.items()
        for release in ("bookworm", "trixie")
    ],
)
def test_a_pool_through_every_state(forward: dict, told: Told, release: str) -> None:
    assert told.ok("check")["changed"] is True
    assert told.actions("check") == told.actions("made") == ["define", "start"]
    first = told.snapshot("running").networks["net"]
    wanted = [f"/network/forward[@mode='{forward['mode']}'][@dev='p0']", "not(/network/bridge)"]
    assert first.missing(wanted, wanted) == []
    assert told.ok("same")["changed"] is False
    assert told.actions("stopped") == ["destroy"]
    rest = told.snapshot("at_rest").networks["net"]
    assert (rest.active, rest.persistent) == (False, True)
    assert told.ok("kept")["changed"] is False
    assert told.actions("started") == ["autostart", "start"]
    again = told.snapshot("up_again").networks["net"]
    assert again.active
    assert again.autostart
    assert again.generated == first.generated
    assert told.actions("gone_check") == told.actions("gone") == ["destroy", "undefine"]
    assert told.snapshot("still_there") == told.snapshot("up_again")
    assert told.snapshot("nothing").networks == {}
    assert told.ok("gone_again")["changed"] is False


@story(
    start(),
    network("made", state="present", forward={"mode": "hostdev", "managed": True, "pf": {"dev": "p0"}}),
    network("same", state="present", forward={"mode": "hostdev", "managed": True, "pf": {"dev": "p0"}}),
    network("stopped", state="inactive", autostart=True),
    look("defined"),
    network("gone", state="absent"),
    look(),
)
def test_a_hostdev_network_that_is_never_started(told: Told, release: str) -> None:
    assert told.actions("made") == ["define"]
    assert told.ok("same")["changed"] is False
    assert told.actions("stopped") == ["autostart"]
    found = told.snapshot("defined").networks["net"]
    assert found.missing([], ["/network/forward[@mode='hostdev'][@managed='yes']/pf[@dev='p0']"]) == []
    assert (found.active, found.autostart) == (False, True)
    assert told.actions("gone") == ["undefine"]
    assert told.snapshot("after").networks == {}


@story(
    start(),
    network("check", check=True, state="present", forward=PCI),
    network("real", state="present", forward=PCI),
    look(),
)
def test_a_pci_device_that_is_no_virtual_function(told: Told, release: str) -> None:
    """libvirt's define looks at the device, and so does check mode."""
    for step in ("check", "real"):
        assert "0000:7f:10.1" in told.refused(step, "MEMBER_NO_VF")
    assert told.snapshot("after") == told.snapshot("before")


TRANSIENT = {"xml": "<network><name>net</name><ip address='10.40.0.1' prefix='24'/></network>", "transient": True}


@story(
    start(TRANSIENT),
    info("found"),
    networks("check", "{{ found.transient[0] }}", check=True),
    look("checked"),
    networks("kept", "{{ found.transient[0] }}"),
    networks("again", "{{ found.transient[0] }}"),
    look(),
)
def test_a_transient_network_is_shown_and_made_persistent(told: Told, release: str) -> None:
    found = told.ok("found")
    assert found["networks"] == []
    assert [shown["name"] for shown in found["transient"]] == ["net"]
    assert found["details"]["net"]["persistent"] is False
    assert told.ok("check")["changed"] is True
    before, after = told.snapshot("before"), told.snapshot("after")
    assert told.snapshot("checked") == before
    assert told.ok("kept")["changed"] is True
    assert told.ok("again")["changed"] is False
    now, was = after.networks["net"], before.networks["net"]
    assert (now.active, now.persistent) == (True, True)
    assert now.generated == {**was.generated}
    assert now.bridge == was.bridge, "the network was restarted"
