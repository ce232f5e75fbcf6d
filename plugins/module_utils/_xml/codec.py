# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entities to XML elements and back, nothing lost.

What an entity does not know, attributes and child elements, travels in the document under EXTRA and is
written back where it was: {"attributes": {name: value}, "elements": [canonical XML, ...], "inside": {path of a
known child element without a document of its own: {"attributes": ..., "elements": ...}}}.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from .._model import address
from .._model.errors import VirtfleetError
from .._model.field import (
    CHILD,
    CHILDREN,
    EXTRA,
    METADATA,
    PCI,
    TEXT,
    TEXTS,
    VALUES,
    WRAPPED,
    Document,
    Entity,
    Field,
    Value,
)
from .etree import etree, parse_xml, write_canonical_text

_YES = {"bool": ("yes", "no"), "onoff": ("on", "off")}
_PCI_PARTS = ("domain", "bus", "slot", "function")
# Neither what only Python takes for a number (1_000, other scripts' digits) nor one too long to be any. C lets white
# space come before a number, and nothing after it.
_NUMBERS = {
    10: re.compile(r"\s*[+-]?0*[0-9]{1,20}", re.ASCII),
    0: re.compile(r"\s*[+-]?(?:0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})", re.ASCII),
}
_PCI_PART = re.compile(r"0[xX]([0-9a-fA-F]{1,8})|(0[0-7]{1,11})|(0|[1-9][0-9]{0,9})", re.ASCII)


def read_element(entity: Entity, element: Any) -> Document:
    """The document of an element. Raises VirtfleetError XML_INVALID for a value of the wrong type."""
    document: Document = {}
    extra: Document = {"attributes": {}, "elements": [], "inside": {}}
    attributes = dict(element.attrib)
    if entity.pci:
        if attributes.get("type") != "pci":
            raise VirtfleetError("XML_INVALID", "An <address> in <forward> must have type='pci'.")
        document[entity.pci.name] = read_pci_address(attributes)
    for name, raw in attributes.items():
        field = entity.attributes.get(name)
        if field is None:
            extra["attributes"][name] = raw
        elif raw or not field.blank:
            document[field.name] = _to_value(field, raw)
    for node in element:
        if not isinstance(node.tag, str):  # comments and processing instructions mean nothing to libvirt
            continue
        field = entity.elements.get(node.tag)
        if field is None or not _read_child(field, node, document, extra["inside"]):
            extra["elements"].append(_read_foreign(node))
    extra = {part: kept for part, kept in extra.items() if kept}
    if extra:
        document[EXTRA] = extra
    return document


def _read_child(field: Field, node: Any, document: Document, inside: Document) -> bool:
    """Take one child element in; False when it is one too many of its kind."""
    if field.kind == CHILDREN and field.entity:
        document.setdefault(field.name, []).append(read_element(field.entity, node))
        return True
    if field.kind == TEXTS:
        texts = document.setdefault(field.name, [])
        _keep_inside(inside, f"{field.xml}[{len(texts)}]", node)
        texts.append(_read_text(node))
        return True
    if field.name in document:
        return False
    if field.kind == CHILD and field.entity:
        document[field.name] = read_element(field.entity, node)
    elif field.kind == TEXT:
        text = _read_text(node)
        if text or not field.blank:
            document[field.name] = text
        _keep_inside(inside, field.xml, node)
    elif field.kind == WRAPPED:
        raw = node.get(field.attribute, "")
        if field.attribute not in node.attrib and (node.attrib or len(node)):
            return False
        if raw:
            document[field.name] = _to_value(field, raw)
        elif field.default == "":
            document[field.name] = ""
        _keep_inside(inside, field.xml, node, field.attribute, list(node))
    elif field.kind == VALUES:
        items = list(node.iterchildren(field.item))
        document[field.name] = [item.get(field.attribute, "") for item in items]
        _keep_inside(inside, field.xml, node, "", [child for child in node if child.tag != field.item])
        for index, item in enumerate(items):
            _keep_inside(inside, f"{field.xml}/{field.item}[{index}]", item, field.attribute, list(item))
    elif field.kind == METADATA:
        document[field.name] = [_read_foreign(item) for item in node.iterchildren(tag=etree.Element)]
        _keep_inside(inside, field.xml, node)
    return True


def _keep_inside(inside: Document, path: str, node: Any, known: str = "", children: Sequence[Any] = ()) -> None:
    """Keep what is unknown in an element that has no document of its own."""
    attributes = {name: raw for name, raw in node.attrib.items() if name != known}
    elements = [_read_foreign(child) for child in children if isinstance(child.tag, str)]
    kept = {"attributes": attributes, "elements": elements}
    if attributes or elements:
        inside[path] = {part: value for part, value in kept.items() if value}


def _read_text(node: Any) -> str:
    """All text in an element, as libvirt takes it: a comment in between does not end it."""
    return str(node.xpath("string()"))


def _read_foreign(node: Any) -> str:
    """Foreign XML, without the white space that only indents it: libvirt reformats metadata, and so do we."""
    node = copy.deepcopy(node)
    for element in node.iter(etree.Element):
        texts = [element.text, *(child.tail for child in element)]
        if len(element) and not any(text and text.strip() for text in texts):
            element.text = None
            for child in element:
                child.tail = None
    return write_canonical_text(node)


def _to_value(field: Field, raw: str) -> Value:
    if field.type == "int":
        if not _NUMBERS[field.base].fullmatch(raw):
            raise VirtfleetError(
                "XML_INVALID", f"{_name_place(field)} is {_show(raw)} in the XML, which is not a number."
            )
        return _read_number(raw.strip(), field.base)
    if field.type in _YES:
        yes, no = _YES[field.type]
        if field.loose:
            return raw != no if field.type == "onoff" else raw.lower() == yes
        said = raw.lower() if field.nocase else raw
        if said not in (yes, no):
            raise VirtfleetError("XML_INVALID", f"{_name_place(field)} is {_show(raw)} in the XML, not {yes} or {no}.")
        return said == yes
    return raw


def _read_number(raw: str, base: int) -> int:
    digits = raw.lstrip("+-")
    if base == 0 and digits[0] == "0":
        base = 16 if digits[1:2] in ("x", "X") else 8
    return int(raw, base or 10)


def _name_place(field: Field) -> str:
    return f"<{field.xml} {field.attribute}>" if field.kind == WRAPPED else f"Attribute {field.xml}"


def _show(raw: str) -> str:
    """A stranger's text in one line of a sentence."""
    return repr(raw if len(raw) <= 60 else raw[:57] + "...")


def read_pci_address(attributes: dict[str, str]) -> str:
    """The address in the attributes of an <address>, as 0000:03:10.1; takes them out.

    Raises VirtfleetError XML_INVALID.
    """
    if attributes.get("type") == "pci":
        del attributes["type"]
    parts = [_read_pci_part(attributes.pop(name, "0")) for name in _PCI_PARTS]
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*parts)


def _read_pci_part(raw: str) -> int:
    """As C reads a number: 0x makes it hexadecimal, another leading 0 octal."""
    found = _PCI_PART.fullmatch(raw)
    if not found:
        raise VirtfleetError("XML_INVALID", f"A PCI <address> has {_show(raw)} in the XML, which is not a number.")
    sixteen, eight, ten = found.groups()
    return int(sixteen, 16) if sixteen else int(eight, 8) if eight else int(ten)


def write_element(entity: Entity, tag: str, document: Document) -> Any:
    """The element of a document. Raises VirtfleetError TEXT_INVALID for characters XML cannot hold."""
    element = etree.Element(tag)
    fill_element(entity, element, document)
    return element


def fill_element(entity: Entity, element: Any, document: Document) -> None:
    """Write a document into an element that is there (its namespace declarations are the caller's)."""
    extra = document.get(EXTRA, {})
    try:
        for name, value in document.items():
            if name != EXTRA and value is not None:
                _write_field(entity.fields[name], element, value)
        for path, kept in extra.get("inside", {}).items():
            tag, _bracket, index = path.rstrip("]").partition("[")
            owners = element.findall(tag)[int(index or 0) :]
            if owners:  # what was inside an element that is gone has gone with it
                _put_back(owners[0], kept)
        _put_back(element, extra)
    except ValueError as error:
        raise VirtfleetError("TEXT_INVALID", f"A value cannot be written as XML: {error}.") from None


def _put_back(element: Any, kept: Document) -> None:
    # Attributes last: elements would take over the prefix of a namespace that is declared around them.
    for text in kept.get("elements", ()):
        element.append(parse_xml(text))
    for name, raw in kept.get("attributes", {}).items():
        element.set(name, raw)


def _write_field(field: Field, element: Any, value: Value) -> None:
    if field.kind == CHILD and field.entity:
        fill_element(field.entity, etree.SubElement(element, field.xml), value)
    elif field.kind == CHILDREN and field.entity:
        for item in value:
            fill_element(field.entity, etree.SubElement(element, field.xml), item)
    elif field.kind == TEXT:
        etree.SubElement(element, field.xml).text = value
    elif field.kind == TEXTS:
        for item in value:
            etree.SubElement(element, field.xml).text = item
    elif field.kind == WRAPPED:
        etree.SubElement(element, field.xml).set(field.attribute, _to_raw(field, value))
    elif field.kind == VALUES:
        options = etree.SubElement(element, field.xml)
        for item in value:
            etree.SubElement(options, field.item).set(field.attribute, item)
    elif field.kind == METADATA:
        metadata = etree.SubElement(element, field.xml)
        for text in value:
            metadata.append(parse_xml(text))
    elif field.kind == PCI:
        _write_pci(element, value)
    else:
        element.set(field.xml, _to_raw(field, value))


def _to_raw(field: Field, value: Value) -> str:
    if field.type in _YES:
        return _YES[field.type][0 if value else 1]
    return str(value)


def _write_pci(element: Any, value: str) -> None:
    try:
        domain, bus, rest = address.pci(value).split(":")
        slot, function = rest.split(".")
    except ValueError:
        raise VirtfleetError("TEXT_INVALID", f"{_show(value)} is not a PCI address, such as 0000:03:10.1.") from None
    element.set("type", "pci")
    for name, part in zip(_PCI_PARTS, (domain, bus, slot, function)):
        element.set(name, f"0x{part}")
