# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain values are taken by their type alone, which refuses what the decoders refuse, and takes what they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import DataError, read_record


@dataclass(frozen=True)
class Record:
    text: str = ""
    number: int = 0
    seconds: float = 0
    on: bool = False
    maybe: Optional[int] = None


class MarkedText(str):
    """As Ansible's strings are."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("text", "a"), ("text", MarkedText("a")), ("number", 7), ("seconds", 7), ("seconds", 1.5), ("on", True),
     ("maybe", 7), ("maybe", None)],
)  # fmt: skip
def test_taken_as_it_is(name: str, value: Any) -> None:
    assert getattr(read_record(Record, {name: value}), name) is value


@pytest.mark.parametrize(
    ("name", "value"),
    [("text", 7), ("text", None), ("number", True), ("number", 1.5), ("number", "7"), ("seconds", True), ("on", 1),
     ("on", None), ("maybe", False), ("maybe", "7")],
)  # fmt: skip
def test_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(DataError) as error:
        read_record(Record, {name: value})
    assert error.value.path == name
