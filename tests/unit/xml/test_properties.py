# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every network, whatever it says."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.field import METADATA, TEXT, TEXTS
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network
from ansible_collections.virtfleet.network.tests.unit import strategies

# The documents are large, so drawing them takes its time.
often = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
networks = strategies.documents(NETWORK)
strange_networks = strategies.documents(NETWORK, extra=True)


@often
@given(networks)
def test_writing_and_reading_gives_the_document_back(document):
    assert parse_network(write_network(document)) == document


@often
@given(strange_networks)
def test_what_the_model_does_not_know_is_given_back_too(document):
    assert parse_network(write_network(document)) == document


@often
@given(networks)
def test_writing_does_not_depend_on_the_order_of_options(document):
    backwards = dict(reversed(document.items()))
    assert parse_network(write_network(backwards)) == document


@often
@given(networks)
def test_writing_leaves_the_document_alone(document):
    before = repr(document)
    write_network(document)
    canonical(NETWORK, document)
    assert repr(document) == before


@often
@given(strange_networks)
def test_canonical_is_idempotent(document):
    once = canonical(NETWORK, document)
    assert canonical(NETWORK, once) == once


@often
@given(strange_networks)
def test_the_way_through_xml_changes_no_meaning(document):
    assert canonical(NETWORK, parse_network(write_network(document))) == canonical(NETWORK, document)


@often
@given(st.data())
def test_another_spelling_means_the_same(data):
    document = data.draw(networks)
    other = data.draw(strategies.respelled(NETWORK, document))
    assert canonical(NETWORK, other) == canonical(NETWORK, document)


def decorate(entity, element):
    """Give every element of the model's an attribute and a child element of the future; how many there are now."""
    added = 1
    element.set("x-future", "yes")
    element.set("{mailto:someone@example.org}x", "é")
    for node in list(element):
        field = entity.elements[node.tag]
        if field.entity:
            added += decorate(field.entity, node)
            continue
        for inner in [node] if field.kind in (METADATA, TEXT, TEXTS) else node.iter():
            added += 1
            inner.set("x-future", "yes")
            if field.kind not in (METADATA, TEXT, TEXTS):
                inner.append(etree.Element("x-child"))
                break
    element.insert(0, etree.Element("x-child", {"x-inner": "1"}))
    return added


@often
@given(networks)
def test_a_future_libvirts_attributes_and_elements_survive_at_every_level(document):
    root = etree.fromstring(write_network(document))
    added = decorate(NETWORK, root)
    read = parse_network(etree.tostring(root, encoding="unicode"))
    again = etree.fromstring(write_network(read))
    assert len(again.xpath("//*[@x-future]")) == added
    assert len(again.xpath("//x-child")) == len(root.xpath("//x-child"))
    assert parse_network(write_network(read)) == read


@often
@given(strategies.foreign_xml())
def test_foreign_metadata_says_the_same_after_the_way_through_xml(xml):
    network = f"<network><name>a</name><metadata>{xml}</metadata></network>"
    read = parse_network(network)
    written = write_network(read)
    assert parse_network(written) == read

    def content(text):
        metadata = etree.fromstring(text, etree.XMLParser(remove_blank_text=True)).find("metadata")
        etree.indent(metadata)
        return etree.tostring(metadata, method="c14n", exclusive=True, with_tail=False)

    assert content(written) == content(network)


@often
@given(strategies.foreign(mixed=True))
@example('<p:a xmlns:p="urn:a">Hello <p:b>x</p:b> <p:i>y<p:j></p:j></p:i><!-- c --></p:a>')
def test_text_beside_elements_in_foreign_metadata_survives(xml):
    document = {"name": "a", "metadata": [xml]}
    assert parse_network(write_network(document)) == document
