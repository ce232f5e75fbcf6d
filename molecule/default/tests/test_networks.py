# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both hosts have the networks of the contract, each from what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    from testinfra.host import Host

testinfra_hosts = ["ansible://kvm"]


def dump(host: Host, name: str) -> ElementTree.Element:
    done = host.run("virsh -c qemu:///system net-dumpxml %s", name)
    assert done.succeeded, done.stderr
    return ElementTree.fromstring(done.stdout)


@pytest.mark.parametrize("name", ["red", "green"])
def test_active_and_started_at_boot(host: Host, name: str) -> None:
    info = host.check_output("virsh -c qemu:///system net-info %s", name)
    told = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    assert {key: told[key].strip() for key in ("Active", "Persistent", "Autostart")} == dict.fromkeys(
        ("Active", "Persistent", "Autostart"), "yes"
    )


def test_red_has_the_same_portgroups_everywhere(host: Host) -> None:
    groups = {group.get("name"): group.get("default") for group in dump(host, "red").iter("portgroup")}
    assert groups == {"engineering": "yes", "accounting": None}


def test_red_comes_from_what_the_host_has(host: Host) -> None:
    red = dump(host, "red")
    if host.backend.get_hostname() == "kvm1":
        assert red.find("bridge").get("name") == "br0"
    else:
        assert [member.get("dev") for member in red.iter("interface")] == ["p0", "p1"]


def test_green_hands_out_its_subnet(host: Host) -> None:
    assert dump(host, "green").find("ip").get("address") == "10.20.0.1"
