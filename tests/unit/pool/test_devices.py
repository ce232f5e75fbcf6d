# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices read from netlink's facts and a sysfs tree."""

from __future__ import annotations

import random

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.devices import read_devices
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.match import (
    matching_devices,
    virtual_functions,
)

from .sysfs_tree import card, link, vf_address

NONE = frozenset()


@pytest.fixture
def devices(tmp_path):
    links = card(tmp_path, bare=(3,), vfio=(5, 6))
    return read_devices(str(tmp_path), links)


def by_pci(devices):
    return {device.pci: device for device in devices}


def test_a_card_with_64_vfs(devices):
    assert len(devices) == 65
    pf = next(device for device in devices if device.name == "ens1f0")
    assert (pf.driver, pf.speed, len(pf.vfs)) == ("ixgbe", 10000, 64)
    assert pf.vfs[:2] == (vf_address(0), vf_address(1))
    assert pf.vfs[10] == vf_address(10), "by number, not by the spelling of virtfn10"
    found = by_pci(devices)
    assert (found[vf_address(0)].name, found[vf_address(0)].pf, found[vf_address(0)].vf) == ("ens1f0v0", ("ens1f0",), 0)
    assert (found[vf_address(5)].name, found[vf_address(5)].driver) == (None, "vfio-pci")
    assert (found[vf_address(3)].name, found[vf_address(3)].driver) == (None, None)
    assert found[vf_address(63)].vf == 63


def test_links_in_another_order_are_the_same_devices(tmp_path):
    links = card(tmp_path, vfs=12)
    shuffled = list(links)
    random.Random(7).shuffle(shuffled)
    # Names stay, indexes do not: so a host boots with its cards found in another order.
    renumbered = [{**facts, "index": 100 - number} for number, facts in enumerate(shuffled)]
    assert read_devices(str(tmp_path), renumbered) == read_devices(str(tmp_path), links)


def test_virtual_links_and_what_stands_on_them(tmp_path):
    links = [
        link("p0", 2, kind="veth"),
        link("macvtap0", 3, kind="macvtap", parent=2, mode="passthru", mac="52:54:00:00:00:01"),
        link("p0.7", 4, kind="vlan", parent=2, addresses=("10.0.0.1",)),
        link("tap0", 5, kind="tun"),
        link("lo", 1, kind="loopback"),
    ]
    found = {device.name: device for device in read_devices(str(tmp_path), links)}
    assert set(found) == {"p0", "p0.7"}
    assert found["p0"].driver == "veth"
    assert [(upper.name, upper.mode) for upper in found["p0"].uppers] == [("macvtap0", "passthru")]
    assert found["p0"].addresses == ("10.0.0.1",), "a VLAN's address is lost with the link below it"


def names(found):
    return {device.name for device in found}


def test_matches(devices):
    assert names(matching_devices({"name": "ens1f0v1?"}, devices, NONE)) == {f"ens1f0v{n}" for n in range(10, 20)}
    assert names(matching_devices({"regex": r"ens1f0v[12]"}, devices, NONE)) == {"ens1f0v1", "ens1f0v2"}
    assert names(matching_devices({"driver": "ixgbe"}, devices, NONE)) == {"ens1f0"}
    assert len(matching_devices({"pf": "ens1f0"}, devices, NONE)) == 64
    assert {d.vf for d in matching_devices({"pci": "03:10.0-03:10.2,0000:03:11.0"}, devices, NONE)} == {0, 1, 2, 8}
    assert matching_devices({"speed": 25000}, devices, NONE) == []
    assert matching_devices({"carrier": False}, devices, NONE) == []
    assert len(matching_devices({"in_bridge": False, "driver": "ixgbevf"}, devices, NONE)) == 61


def test_a_member_that_its_guest_has_taken_from_its_driver_keeps_its_place(devices):
    member = vf_address(5)
    assert member not in {d.pci for d in matching_devices({"driver": "ixgbevf"}, devices, NONE)}
    assert member in {d.pci for d in matching_devices({"driver": "ixgbevf"}, devices, frozenset({member}))}
    assert member not in {d.pci for d in matching_devices({"pci": vf_address(1)}, devices, frozenset({member}))}


def test_vfs_by_number(devices):
    chosen = virtual_functions("ens1f0", "0-15,32-47", devices)
    assert [device.vf for device in chosen] == [*range(16), *range(32, 48)]
    assert len(virtual_functions("ens1f0", None, devices)) == 64


@pytest.mark.parametrize(
    ("pf", "vfs", "code"),
    [
        ("ens9", None, "PF_MISSING"),
        ("ens1f0v1", None, "PF_NO_VFS"),
        ("ens1f0", "60-64", "RANGE_INVALID"),
        ("ens1f0", "5-1", "RANGE_INVALID"),
        ("ens1f0", "a", "RANGE_INVALID"),
    ],
)
def test_vfs_that_are_not_there(devices, pf, vfs, code):
    with pytest.raises(VirtfleetError) as refused:
        virtual_functions(pf, vfs, devices)
    assert refused.value.code == code
