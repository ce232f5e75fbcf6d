# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a port has been set to and sysfs does not show: all of it is put back, or named as lost."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.port_netlink import (
    FdbEntry,
    fdb_entry_of,
    groups_of,
    is_in_netlink,
    netlink_of,
    vlans_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._host.port_settings import (
    SYSFS_SETTINGS,
    parse_bridge_port,
    settings_of_port,
)
from ansible_collections.virtfleet.network.plugins.module_utils._host.raw_netlink import pack_attribute

from .test_port_settings import message

# IFLA_BRPORT_* of four bytes.
WIDE = (37, 42)
NAMED = {29: "vlan_tunnel", 39: "locked", 40: "mab", 42: "multicast_limit", 43: "neigh_vlan_suppress"}
MAC = bytes.fromhex("525400000001")


def group(*extra):
    entry = struct.pack("=iBBH16sHxx", 7, 1, 0, 0, bytes([239, 1, 1, 1]), 8)
    return entry, struct.pack("=Bxxxi", 7, 3) + pack_attribute(
        1, pack_attribute(1, pack_attribute(1, entry + b"".join(extra)))
    )


@given(st.dictionaries(st.integers(1, 80), st.integers(0, 255)))
def test_what_the_check_sees_of_a_port_is_kept_or_named(settings):
    told = [(number, struct.pack("=I" if number in WIDE else "=B", value)) for number, value in settings.items()]
    answer = message(b"bridge", *told)
    _index, seen = settings_of_port(answer)
    _index, attributes = parse_bridge_port(answer)
    port = netlink_of(attributes)
    kept = dict(port.options)
    assert all(is_in_netlink(name) for name in kept)
    for number, value in settings.items():
        if number in NAMED:
            assert kept.get(NAMED[number], 0) == value
        elif number not in SYSFS_SETTINGS and number not in WIDE and value:
            assert any(str(number) in one or number in (34, 35, 36, 44) for one in port.lost)
    assert bool(seen) <= bool(port.options or port.lost)


def test_what_a_new_port_has_is_no_setting():
    assert netlink_of([(37, struct.pack("=I", 512)), (39, b"\0"), (34, bytes(4))]).options == []


def test_a_device_that_may_be_elsewhere_is_named():
    assert netlink_of([(34, struct.pack("=I", 9)), (45, b"\1")]).lost == ["backup_port", "attribute 45"]


def test_groups_come_as_the_kernel_takes_them():
    entry, answer = group()
    assert list(groups_of(answer)) == [(7, entry.hex(), True)]


def test_groups_with_sources_are_not_whole():
    _entry, answer = group(pack_attribute(4, bytes([10, 1, 1, 1])))
    assert [whole for _index, _group, whole in groups_of(answer)] == [False]


def test_a_group_that_a_guest_has_joined_is_no_setting():
    entry, answer = group()
    assert list(groups_of(answer.replace(entry, entry[:4] + b"\0" + entry[5:]))) == []


def test_vlans():
    told = pack_attribute(
        26 | 0x8000, pack_attribute(2, struct.pack("=HH", 6, 10)) + pack_attribute(2, struct.pack("=HH", 0, 20))
    )
    assert vlans_of(struct.pack("=BBHiII", 7, 0, 1, 7, 0, 0) + told) == (7, ((10, 6), (20, 0)))


def test_entries_of_the_forwarding_table():
    told = pack_attribute(2, MAC) + pack_attribute(9, struct.pack("=i", 3))
    shown = struct.pack("=BBHiHBB", 7, 0, 0, 5, 0x40, 0x40, 0) + told
    assert fdb_entry_of(shown) == FdbEntry(5, "52:54:00:00:00:01", 0x40, 0x40, False)
    learned = struct.pack("=BBHiHBB", 7, 0, 0, 5, 0x04, 0, 0) + told
    assert fdb_entry_of(learned) == FdbEntry(5, "52:54:00:00:00:01", 0x02, 0, False)
    assert not fdb_entry_of(learned).is_set
    assert fdb_entry_of(learned + pack_attribute(15, struct.pack("=I", 2))).waits
    assert fdb_entry_of(struct.pack("=BBHiHBB", 7, 0, 0, 5, 0x80, 2, 0) + pack_attribute(2, MAC)) is None
