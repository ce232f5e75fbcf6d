# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that a result has lost is a fault, or unknown: what a record takes in its place never says 'none'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import NetworkInfo
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import GuestFacts, Uplink

# What the check is strictest with.
STRICTEST = {
    ("GuestFacts", "unsafe"): False,
    ("Graphics", "tcp"): True,
    ("HostFile", "rounded"): False,
    ("SourceLink", "uplink"): Uplink(state=None, vlan=None, multicast=True),
    ("Uplink", "multicast"): True,
}


def records_in(kind: Any) -> Iterator[Any]:
    if is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind, include_extras=True).values():
            yield from records_in(hint)
    for argument in get_args(kind):
        yield from records_in(argument)


RECORDS = sorted({*records_in(NetworkInfo), *records_in(GuestFacts)}, key=lambda record: record.__name__)


def default_of(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_lost_key_is_not_taken_for_nothing(record: Any) -> None:
    taken = {field.name: default_of(field) for field in fields(record)}
    said = {name: value for name, value in taken.items() if value is not MISSING and value is not None}
    assert said == {name: value for (place, name), value in STRICTEST.items() if place == record.__name__}
