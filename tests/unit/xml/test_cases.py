# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory per case in tests/unit/cases/xml: network.xml reads as document.yaml, which is written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.field import EXTRA
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "cases" / "xml").glob("*/network.xml"))


def document_of(case):
    return yaml.safe_load((case / "document.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    document = document_of(case)
    assert parse_network((case / "network.xml").read_text(encoding="utf-8")) == document
    assert parse_network(write_network(document)) == document
    once = canonical(NETWORK, document)
    assert canonical(NETWORK, once) == once


def said(entity, document, path=""):
    """The paths of the fields that a document uses."""
    for name, value in document.items():
        if name == EXTRA:
            continue
        yield path + name
        if entity.fields[name].entity:
            for item in value if isinstance(value, list) else [value]:
                yield from said(entity.fields[name].entity, item, f"{path}{name}.")


def fields(entity, path=""):
    for name, field in entity.fields.items():
        yield path + name
        if field.entity:
            yield from fields(field.entity, f"{path}{name}.")


def test_the_cases_say_everything_that_a_network_can_say():
    used = {path for case in CASES for path in said(NETWORK, document_of(case))}
    # A portgroup's elements are the network's own, so one of the two will do.
    used |= {path.replace("portgroups.", "", 1) for path in used} | {f"portgroups.{path}" for path in used}
    lease = {path.replace("ranges", "hosts") for path in used if "lease" in path}
    assert set(fields(NETWORK)) <= used | lease
