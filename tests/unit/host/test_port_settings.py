# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of bridges, as netlink shows them: attributes on paper."""

from __future__ import annotations

import struct

from ansible_collections.virtfleet.network.plugins.module_utils._host.port_settings import settings_of_port
from ansible_collections.virtfleet.network.plugins.module_utils._host.raw_netlink import pack_attribute


def message(kind, *settings):
    data = b"".join(pack_attribute(number, value) for number, value in settings)
    info = pack_attribute(4, kind + bytes(1)) + pack_attribute(5 | 0x8000, data)
    return struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0) + pack_attribute(3, b"p1\0") + pack_attribute(18 | 0x8000, info)


def test_only_what_is_set_counts():
    assert settings_of_port(message(b"bridge", (8, b"\1"), (39, b"\0"), (1, b"\3"))) == (7, {})
    assert settings_of_port(message(b"bridge", (39, b"\1"))) == (7, {"locked": True})
    assert settings_of_port(message(b"bridge", (29, b"\1"), (42, struct.pack("=I", 5)))) == (
        7, {"vlan_tunnel": True, "multicast_limit": True},
    )  # fmt: skip


def test_what_is_newer_has_its_number_for_a_name():
    assert settings_of_port(message(b"bridge", (77, b"\1"), (78, b"\0"))) == (7, {"attribute 77": True})


def test_a_member_of_something_else_has_none():
    assert settings_of_port(message(b"bond", (39, b"\1"))) == (7, {})
    assert settings_of_port(struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0)) == (7, {})
