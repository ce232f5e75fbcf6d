# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of processors as libvirt writes them."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.number_set import parse_number_set


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0", {0}),
        ("0-3", {0, 1, 2, 3}),
        ("0-3,^2", {0, 1, 3}),
        ("1, 5-6", {1, 5, 6}),
        ("", None),
        ("3-1", None),
        ("0-", None),
        ("0-999999999", None),
        ("a", None),
    ],
)
def test_sets(text, numbers):
    assert parse_number_set(text) == (None if numbers is None else frozenset(numbers))
