# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt option of a module is named with the one that is meant, at every depth."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.suboptions import (
    number_problem,
    suboption_problem,
)

SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "restart": {"type": "str"},
    "mtu": {"type": "int"},
    "ips": {"type": "list", "elements": "dict", "options": {
        "address": {"type": "str"}, "prefix": {"type": "int"},
        "dhcp": {"type": "dict", "options": {"ranges": {"type": "list"}}},
    }},
}  # fmt: skip


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"name": "red", "mtu": 1, "ips": [{"address": "x", "dhcp": {"ranges": []}}]}, None),
        ({"restrat": "idle"}, "restrat is not an option; the closest one is restart."),
        ({"MTU": 1}, "MTU is not an option; the closest one is mtu."),
        (
            {"ips": [{"address": "x"}, {"adress": "x"}]},
            "ips[1].adress is not an option; the closest one is ips[1].address.",
        ),
        (
            {"ips": [{"dhcp": {"range": []}}]},
            "ips[0].dhcp.range is not an option; the closest one is ips[0].dhcp.ranges.",
        ),
        # Ansible lists what there is.
        ({"zzz": 1}, None),
        ({"ips": [7]}, "ips[0] is 7; it must be a mapping of options, such as address, prefix, dhcp."),
    ],
)
def test_misspelt_options(params: dict[str, Any], told: Optional[str]) -> None:
    assert suboption_problem(SPEC, params) == told


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"mtu": True}, "mtu is True; it must be a number."),
        ({"mtu": 1, "ips": [{"prefix": 0}, {"prefix": False}]}, "ips[1].prefix is False; it must be a number."),
        ({"mtu": 1, "name": True, "ips": None}, None),
        # Ansible's own business.
        ({"mtu": "1", "ips": ["prefix=1"]}, None),
        ({"mtu": [], "ips": {"prefix": 1}}, None),
    ],
)
def test_true_is_no_number(params: dict[str, Any], told: Optional[str]) -> None:
    assert number_problem(SPEC, params) == told
