# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An element that is there twice is called so, whichever it is; nobody says that libvirt does not know it."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.field import CHILD, CHILDREN, TEXT, WRAPPED
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.versions import check_versions
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

VALUES = {"int": "1", "bool": "yes", "onoff": "on", "str": "a"}


def elements(entity, around=("<network>", "</network>")):
    """Each element that can be there once, twice in its place."""
    for field in entity.elements.values():
        if "{" in field.xml:
            continue
        said = f" {field.attribute}='{VALUES[field.type]}'" if field.kind == WRAPPED else ""
        if field.kind in (CHILD, TEXT, WRAPPED):
            twice = f"<{field.xml}{said}>{'a' if field.kind == TEXT else ''}</{field.xml}>" * 2
            yield pytest.param(field.xml, f"{around[0]}{twice}{around[1]}", id=field.xml)
        if field.kind in (CHILD, CHILDREN):
            yield from elements(field.entity, (f"{around[0]}<{field.xml}>", f"</{field.xml}>{around[1]}"))


CASES = list(elements(NETWORK))


@pytest.mark.parametrize(("tag", "xml"), CASES)
@pytest.mark.parametrize("version", [(9, 0, 0), (99, 0, 0)])
def test_an_element_that_is_there_twice(tag, xml, version):
    problems = list(check_versions(parse_network(xml), Host(version)))
    assert [p.code for p in problems if f"<{tag}>" in p.sentence] == ["XML_TWICE"], xml
    assert not [p for p in problems if p.code == "XML_UNKNOWN"]


def test_there_are_such_elements():
    assert len(CASES) > 20
