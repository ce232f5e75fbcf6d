# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt makes of a metadata element that is set in a running network: the very same, or it is not set at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from lxml import etree

from ansible_collections.virtfleet.network.plugins.module_utils._xml.etree import parse_xml
from ansible_collections.virtfleet.network.plugins.module_utils._xml.live_metadata import make_settable
from ansible_collections.virtfleet.network.tests.unit.strategies import foreign


def injected(text, prefix, uri):
    """virXMLInjectNamespace: the prefix is declared on the root, and nodes without a namespace get it."""
    root = parse_xml(text)
    if prefix in root.nsmap:
        raise ValueError("failed to create a new XML namespace")

    def into(node, around):
        if not isinstance(node.tag, str):
            return etree.Comment(node.text)
        name = etree.QName(node)
        tag = node.tag if name.namespace else f"{{{uri}}}{name.localname}"
        spaces = {**node.nsmap, **({prefix: uri} if around is None else {})}
        copy = etree.Element(tag, dict(node.attrib), nsmap=spaces) if around is None else None
        if copy is None:
            copy = etree.SubElement(around, tag, dict(node.attrib), nsmap=spaces)
        copy.text = node.text
        for child in node:
            inner = into(child, copy)
            if inner.getparent() is None:
                copy.append(inner)
            inner.tail = child.tail
        return copy

    return into(root, None)


def normalize_metadata(root):
    return etree.tostring(root, method="c14n", exclusive=False)


def declared(root):
    return {(key, value) for node in root.iter(etree.Element) for key, value in node.nsmap.items()}


@given(foreign())
def test_libvirt_makes_the_same_of_it(text):
    form = make_settable(text)
    if form is None:
        return
    was = parse_xml(text)
    now = injected(*form, etree.QName(was).namespace)
    assert etree.tostring(now, method="c14n", exclusive=True) == etree.tostring(was, method="c14n", exclusive=True)
    assert declared(now) == declared(was)


@pytest.mark.parametrize(
    "text",
    [
        '<virtfleet:network xmlns:virtfleet="https://virtfleet.network/ns/1" managed="yes"/>',
        '<p:a xmlns:p="u:1" x="1"><p:b>t</p:b></p:a>',
        '<p:a xmlns:p="u:1"><q:b xmlns:q="u:2" q:z="1"><p:c/></q:b></p:a>',
    ],
)
def test_what_can_be_set(text):
    was = parse_xml(text)
    assert normalize_metadata(injected(*make_settable(text), etree.QName(was).namespace)) == normalize_metadata(was)


@pytest.mark.parametrize(
    "text",
    [
        '<a xmlns="u:1"/>',
        '<p:a xmlns:p="u:1"><c/></p:a>',
        '<p:a xmlns:p="u:1" p:z="1"/>',
        '<p:a xmlns:p="u:1"><p:b xmlns:p="u:2"/></p:a>',
        '<p:a xmlns:p="u:1"><b xmlns="u:2"/></p:a>',
    ],
)
def test_what_cannot_be_set(text):
    assert make_settable(text) is None
