# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition that libvirt got by updates, put together again by a define and updates."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given, settings

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._plan.in_parts import define_in_parts
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

from . import definitions
from .daemon_on_paper import Network, RefusedError


def built(definition):
    """By updates, as somebody may have done it: only what libvirt's updates accept beside one another."""
    base, steps = define_in_parts(write_network(definition))
    network = Network(base)
    for step in steps:
        try:
            network.update(step.command, step.section, step.index, step.xml)
        except RefusedError:
            continue
    return ET.tostring(network.root, encoding="unicode")


@settings(max_examples=300)
@given(definitions.networks(bootp=True))
def test_the_parts_are_the_whole(definition):
    xml = built(definition)
    base, steps = define_in_parts(xml)
    network = Network(base)
    for step in steps:
        network.update(step.command, step.section, step.index, step.xml)
    assert network.records() == Network(xml).records()
    again = parse_network(ET.tostring(network.root, encoding="unicode"))
    assert canonical(NETWORK, again) == canonical(NETWORK, parse_network(xml))


@settings(max_examples=300)
@given(definitions.networks(bootp=True))
def test_the_base_has_nothing_that_an_update_could_add(definition):
    base, _steps = define_in_parts(write_network(definition))
    records = Network(base).records()
    assert not any(records[section] for section in ("dns-host", "dns-txt", "dns-srv", "portgroup"))
    assert define_in_parts(base) == (base, ())
