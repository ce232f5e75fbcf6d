# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of batches is refused before the plan, where Ansible would take it for all hosts or fail in the middle."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.virtfleet.network.plugins.lookup.fleet_hosts import LookupModule


@pytest.mark.parametrize("serial", [None, 1, "5", "25%", "100%", "010%", [1, "50%"], ("1", 2)])
def test_sizes_of_batches(serial: Any) -> None:
    LookupModule._check_serial(serial)


@pytest.mark.parametrize(
    "serial", [0, "0", -1, "abc", "", "0%", "33.3%", "150%", "5 %", 1.5, True, [1, 0], [], {"a": 1}, "1,2"]
)
def test_what_is_no_size(serial: Any) -> None:
    with pytest.raises(AnsibleError, match="networks_serial"):
        LookupModule._check_serial(serial)
