# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live and the persistent definition drift apart, by other hands; both are mended."""

from __future__ import annotations

import pytest
from harness.story import info, look, network, start, story, update
from harness.told import Told

pytestmark = pytest.mark.lab

NET = (
    "<network><name>net</name><ip address='10.40.0.1' prefix='24'>"
    "<dhcp><range start='10.40.0.50' end='10.40.0.60'/></dhcp></ip>"
    "<portgroup name='a'><bandwidth><inbound average='10'/></bandwidth></portgroup></network>"
)
HOST = "<host mac='52:54:00:00:00:01' ip='10.40.0.10'/>"
GROUP = "<portgroup name='a'><bandwidth><inbound average='99'/></bandwidth></portgroup>"
WANTED = {
    "ips": [{"address": "10.40.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.40.0.50", "end": "10.40.0.60"}]}}],
    "portgroups": [{"name": "a", "bandwidth": {"inbound": {"average": 10}}}],
}
AS_WANTED = ["not(//dhcp/host)", "//range[@start='10.40.0.50']", "count(//portgroup)=1", "//inbound[@average='10']"]


def _drifted(where: str) -> tuple:
    return (
        start(
            NET,
            more=(
                update("net", "add", "ip-dhcp-host", HOST, where),
                update("net", "modify", "portgroup", GROUP, where),
            ),
        ),
        info("shown"),
        network("check", check=True, **WANTED),
        look("checked"),
        network("mended", **WANTED),
        network("again", **WANTED),
        info("shown_after"),
        look(),
    )


def _mended(told: Told) -> None:
    before, after = told.snapshot("before"), told.snapshot("after")
    assert before.networks["net"].missing(AS_WANTED, AS_WANTED), "there was no drift to mend"
    assert sorted(told.ok("shown")["details"]["net"]["drift"]) == ["ips", "portgroups"]
    check, mended = told.ok("check"), told.ok("mended")
    assert told.snapshot("checked") == before
    assert check["changed"] is mended["changed"] is True
    assert (check["diff"], check["steps"]) == (mended["diff"], mended["steps"])
    assert mended["diff"]["before"] != mended["diff"]["after"]
    found = after.networks["net"]
    assert found.missing(AS_WANTED, AS_WANTED) == []
    assert found.bridge == before.networks["net"].bridge, "the network was restarted"
    assert found.generated == before.networks["net"].generated
    assert told.ok("again")["changed"] is False
    assert told.ok("shown_after")["details"]["net"]["drift"] == []


@story(*_drifted("--live"))
def test_only_the_live_definition_was_changed(told: Told, release: str) -> None:
    _mended(told)
    assert sorted(told.actions("mended")) == ["update ip-dhcp-host", "update portgroup"]


@story(*_drifted("--config"))
def test_only_the_persistent_definition_was_changed(told: Told, release: str) -> None:
    _mended(told)
    assert told.actions("mended") == ["define"]


@story(
    start(
        NET,
        more=(
            update("net", "add", "ip-dhcp-host", HOST, "--live"),
            update("net", "modify", "portgroup", GROUP, "--config"),
        ),
    ),
    network("mended", **WANTED),
    network("again", **WANTED),
    look(),
)
def test_each_was_changed_in_another_place(told: Told, release: str) -> None:
    assert sorted(told.actions("mended")) == ["define", "update ip-dhcp-host"]
    assert told.snapshot("after").networks["net"].missing(AS_WANTED, AS_WANTED) == []
    assert told.ok("again")["changed"] is False


UUID = "<uuid>6f3d1c1a-0f0e-4d5c-8f3e-5f8f6f0a1b2c</uuid><bridge name='vbr7'/><mac address='52:54:00:ab:cd:01'/>"
SMALL = f"<network><name>net</name>{UUID}<mtu size='1400'/></network>"


@story(
    start(SMALL, more=(["virsh", "net-define", {"file": SMALL.replace("1400", "1300")}],)),
    network("mended", mtu=1400),
    look("mended_it"),
    network("again", mtu=1400),
    look(run=(["virsh", "net-define", {"file": SMALL.replace("1400", "1300")}],)),
    network("started", mtu=1300),
    look("started_it"),
)
def test_redefined_by_hand_while_it_runs(told: Told, release: str) -> None:
    """Back to what runs needs no restart; on to what is defined does."""
    assert told.actions("mended") == ["define"]
    size = ["/network/mtu[@size='1400']"]
    assert told.snapshot("mended_it").networks["net"].missing(size, size) == []
    assert told.snapshot("mended_it").networks["net"].bridge == told.snapshot("before").networks["net"].bridge
    assert told.ok("again")["changed"] is False
    assert told.actions("started") == ["destroy", "start"]
    size = ["/network/mtu[@size='1300']"]
    assert told.snapshot("started_it").networks["net"].missing(size, size) == []
