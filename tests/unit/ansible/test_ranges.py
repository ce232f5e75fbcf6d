# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that clocks and libvirt cannot hold are refused before anything is done with them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.params import safety
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.request import Request

FINE: dict[str, Any] = {"lock_timeout": 60, "confirm_timeout": 0}


@pytest.mark.parametrize("option", ["lock_timeout", "confirm_timeout"])
@pytest.mark.parametrize("value", [-1, 2**31, 10**400])
def test_no_number_of_seconds(option: str, value: int) -> None:
    with pytest.raises(VirtfleetError, match=rf"{option} is {value}; it must be 0 to 2147483647\.") as refused:
        safety({**FINE, option: value})
    assert refused.value.code == "OPTIONS_INVALID"


@pytest.mark.parametrize("value", [0, 2**31 - 1])
def test_every_other_number_of_seconds(value: int) -> None:
    assert safety({**FINE, "lock_timeout": value, "confirm_timeout": value}).confirm_timeout == value


@pytest.mark.parametrize("value", [2**31, 10**400])
def test_no_number_of_guests(value: int) -> None:
    assert "max_guests must be 0 (no limit) to 2147483647" in str(
        Request("n", members=("p0",), max_guests=value).problem
    )
