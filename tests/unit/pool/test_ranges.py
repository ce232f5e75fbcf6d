# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of members: ranges in brackets, and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.ranges import expand_ranges, sort_names

DIGITS = "0123\u00b2\u0661\u0967"


@given(st.lists(st.text(alphabet=DIGITS + "pv", max_size=8)))
def test_any_link_has_its_place(names: list[str]) -> None:
    """The kernel takes any character in a link's name; some are digits to one function of Python, not to another."""
    assert sorted(sort_names(names)) == sorted(names)
    assert sort_names(reversed(names)) == sort_names(names)


def test_numbers_count() -> None:
    assert sort_names(["p10", "p2", "p\u00b2"]) == ["p2", "p10", "p\u00b2"]
    assert sort_names(["9" * 5000]) == ["9" * 5000]


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["a[0-1]b[7,9]c", "d"], ["a0b7c", "a0b9c", "a1b7c", "a1b9c", "d"]),
        (["x" + "[3]" * 2000], ["x" + "3" * 2000]),
        ([""], [""]),
    ],
)
def test_brackets(names: list[str], meant: list[str]) -> None:
    assert expand_ranges(names) == meant


@pytest.mark.parametrize(
    "names", [["p[0-9]" * 2000], ["p[0-4095]", "q"], ["p[0-99999999]"], ["p[1-" + "9" * 5000 + "]"]]
)
def test_too_many(names: list[str]) -> None:
    with pytest.raises(VirtfleetError) as refused:
        expand_ranges(names)
    assert refused.value.code == "RANGE_INVALID"
    assert len(refused.value.sentence) < 400
