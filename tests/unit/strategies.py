# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies drawn from the model itself: a new field is generated without a word here."""

from __future__ import annotations

import string
import uuid

from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model import address
from ansible_collections.virtfleet.network.plugins.module_utils._model.field import (
    CHILD,
    CHILDREN,
    EXTRA,
    METADATA,
    PCI,
    TEXTS,
    VALUES,
)
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

# What XML 1.0 can hold. The last two code points of the basic plane are no characters.
CHARACTERS = st.characters(
    min_codepoint=0x20, exclude_categories=("Cs",), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)
TEXT = st.text(CHARACTERS, max_size=8)
NAME = st.text(string.ascii_lowercase, min_size=1, max_size=6).map(lambda name: "x-" + name)
NAMESPACE = st.sampled_from(["http://example.org/a", "http://example.org/b/1.0", "urn:example:c"])


IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.ip_addresses(v=6).map(str)
MAC = st.binary(min_size=6, max_size=6).map(lambda raw: ":".join(f"{byte:02x}" for byte in raw))
UUID = st.binary(min_size=16, max_size=16).map(lambda raw: str(uuid.UUID(bytes=raw)))
PCI_ADDRESS = st.builds(
    "{:04x}:{:02x}:{:02x}.{}".format,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFF),
    st.integers(0, 0x1F),
    st.integers(0, 7),
)
# By what brings two spellings of a value together: what such a value looks like. Anything else may stand there too.
SPELLED = {address.ip: IPV4 | IPV6, address.mac: MAC, address.uuid: UUID}


def documents(entity, *, extra=False, mixed=False):
    """Any document of an entity. extra: with attributes and elements that the model does not know, at any level;
    mixed: with text beside elements in foreign XML."""
    required = {}
    optional = {}
    for field in entity.fields.values():
        (required if field.required else optional)[field.name] = values(field, extra=extra, mixed=mixed)
    if extra:
        optional[EXTRA] = unknown(mixed=mixed)
    return st.fixed_dictionaries(required, optional=optional)


def values(field, *, extra=False, mixed=False):
    """Any value of a field."""
    if field.kind == CHILD:
        return documents(field.entity, extra=extra, mixed=mixed)
    if field.kind == CHILDREN:  # none of them is no list at all
        return st.lists(documents(field.entity, extra=extra, mixed=mixed), min_size=1, max_size=3)
    if field.kind == TEXTS:
        return st.lists(TEXT, min_size=1, max_size=3)
    if field.kind == VALUES:
        return st.lists(TEXT, max_size=3)
    if field.kind == METADATA:
        return st.lists(foreign(mixed=mixed), max_size=3)
    if field.kind == PCI:
        return PCI_ADDRESS
    if field.type == "int":
        return st.integers(0, 2**54)
    if field.type in ("bool", "onoff"):
        return st.booleans()
    if field.choices:
        return st.sampled_from(field.choices)
    text = TEXT.filter(bool) if field.blank else TEXT  # an empty one would be as if there were none
    return SPELLED[field.same] | text if field.same in SPELLED else text


def unknown(*, mixed=False):
    """What a document keeps for what the model does not know."""
    names = NAME | st.builds("{{{}}}{}".format, NAMESPACE, NAME)
    parts = {
        "attributes": st.dictionaries(names, TEXT, min_size=1, max_size=2),
        "elements": st.lists(foreign(mixed=mixed), min_size=1, max_size=2),
    }
    return st.fixed_dictionaries({}, optional=parts).filter(bool)


def foreign(*, mixed=False):
    """An element of somebody else's, as a document carries it: nested, of several namespaces, with comments."""
    return (
        foreign_xml(mixed=mixed)
        .map(lambda xml: parse_network(f"<network><metadata>{xml}</metadata></network>"))
        .map(lambda network: network["metadata"][0])
    )


def foreign_xml(*, mixed=False):
    """The same as somebody would write it."""
    leaf = st.builds(_element, NAMESPACE, NAME, st.dictionaries(NAME, TEXT, max_size=2), TEXT.map(_escape))
    comment = st.text(string.ascii_letters + " <&>", max_size=8).map(lambda text: f"<!--{text}-->")
    text = st.sampled_from(["", " ", "\n  ", *(["text", " two words "] if mixed else [])])

    def around(inner):
        item = st.tuples(inner | comment, text).map("".join)
        content = st.tuples(text, st.lists(item, min_size=1, max_size=3).map("".join)).map("".join)
        return st.builds(_element, NAMESPACE, NAME, st.dictionaries(NAME, TEXT, max_size=2), content)

    return st.recursive(leaf, around, max_leaves=4)


def _element(namespace, name, attributes, content):
    said = "".join(f' {key}="{_escape(value)}"' for key, value in attributes.items())
    return f'<p:{name} xmlns:p="{namespace}"{said}>{content}</p:{name}>'


def _escape(text):
    return "".join(f"&#{ord(char)};" if char in "<>&\"'\t\n\r" else char for char in text)


@st.composite
def respelled(draw, entity, document):
    """The same document in other words: defaults said or left unsaid, lists in another order, other spellings."""
    result = {}
    for name, value in document.items():
        if name == EXTRA:
            result[name] = value
            continue
        field = entity.fields[name]
        if field.default is not None and value == field.default and draw(st.booleans()):
            continue
        if field.kind == CHILD:
            value = draw(respelled(field.entity, value))
        elif field.kind == CHILDREN:
            value = [draw(respelled(field.entity, item)) for item in value]
            value = draw(st.permutations(value)) if field.key else value
        elif field.same is address.mac and address.is_mac(value):
            value = draw(st.sampled_from([value, value.upper()]))
        elif field.same is address.ip and ":" in value and address.packed(value):
            value = draw(st.sampled_from([value, value.upper(), _expanded(value)]))
        elif field.same is address.pci:
            value = draw(st.sampled_from([value, value.upper(), value[5:] if value.startswith("0000:") else value]))
        result[name] = value
    for name, field in entity.fields.items():
        if name not in document and field.default is not None and draw(st.booleans()):
            result[name] = field.default
        if field.volatile and field.type == "int" and draw(st.booleans()):
            result[name] = draw(st.integers(0, 9))
    return result


def _expanded(ip):
    raw = address.packed(ip)
    if raw is None or len(raw) != 16:
        return ip
    return ":".join(raw[at : at + 2].hex() for at in range(0, 16, 2))
