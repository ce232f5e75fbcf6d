# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host passes packets on, from its /proc/sys/net."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.sysfs import forwarding


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "told"),
    [
        ("1", "0", {"ipv4": True, "ipv6": False}),
        ("0", "1", {"ipv4": False, "ipv6": True}),
        ("1", None, {"ipv4": True, "ipv6": False}),
        (None, None, None),
    ],
)
def test_forwarding(tmp_path, ipv4, ipv6, told):
    for path, value in (("ipv4/ip_forward", ipv4), ("ipv6/conf/all/forwarding", ipv6)):
        if value is not None:
            (tmp_path / path).parent.mkdir(parents=True)
            (tmp_path / path).write_text(f"{value}\n")
    assert forwarding(str(tmp_path)) == told
