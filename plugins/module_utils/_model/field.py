# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary in which the network XML is described once, for the codec, the options and the planner.

An Entity is an XML element with its fields. A Field is one option of it and says where its value lives
in the XML. Values are plain data: a dict per element (an absent key is an absent element or attribute),
lists, str, int, bool.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

Value = Any
Document = dict[str, Any]

ATTRIBUTE = "attribute"  # <element xml="...">
TEXT = "text"  # <xml>...</xml>
TEXTS = "texts"  # <xml>...</xml><xml>...</xml>
WRAPPED = "wrapped"  # <xml attribute="..."/>
VALUES = "values"  # <xml><item attribute="..."/>...</xml>
CHILD = "child"  # <xml>fields of entity</xml>
CHILDREN = "children"  # the same, any number
PCI = "pci"  # domain, bus, slot, function and type of an <address>, as one string
METADATA = "metadata"  # <metadata>, a list of its elements as canonical XML strings

# Where a document keeps what the model does not know, so that writing gives it back.
EXTRA = "_extra"


class Field:
    """One option and its place in the XML.

    type: str, int, bool (yes/no) or onoff (a bool written on/off); base: of a number in XML, 0 for C's own notation,
    which 0x and a leading 0 tell; nocase: libvirt reads yes and no in any case; loose: it takes all that is not yes (in
    any case) for no, and all that is not off for on; blank: an empty text in XML is to libvirt as if there were none;
    default: the value libvirt assumes when there is none, so that saying it is no difference; same: brings a value to
    the form in which two spellings of one thing are equal; generated: libvirt makes it up when it is left out;
    volatile: state that libvirt shows in live XML only, never an option and never a difference; key: for children,
    what tells two items apart when their order means nothing; since: the first libvirt (major, minor, 0) that has it.
    """

    __slots__ = (
        "attribute",
        "base",
        "blank",
        "choices",
        "default",
        "entity",
        "generated",
        "item",
        "key",
        "kind",
        "loose",
        "name",
        "nocase",
        "required",
        "same",
        "since",
        "type",
        "volatile",
        "xml",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        xml: str,
        *,
        type: str = "str",
        base: int = 10,
        nocase: bool = False,
        loose: bool = False,
        blank: bool = False,
        attribute: str = "",
        item: str = "",
        entity: Optional[Entity] = None,
        required: bool = False,
        choices: Optional[tuple[str, ...]] = None,
        default: Value = None,
        same: Optional[Callable[[Value], Value]] = None,
        generated: bool = False,
        volatile: bool = False,
        key: Optional[Callable[[Document], Value]] = None,
        since: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        self.name = name
        self.kind = kind
        self.xml = xml
        self.type = type
        self.base = base
        self.nocase = nocase
        self.loose = loose
        self.blank = blank
        self.attribute = attribute
        self.item = item
        self.entity = entity
        self.required = required
        self.choices = choices
        self.default = default
        self.same = same
        self.generated = generated
        self.volatile = volatile
        self.key = key
        self.since = since

    @property
    def empty(self) -> str:
        """The value that removes it, as a task says it."""
        if self.kind in (CHILDREN, METADATA, TEXTS, VALUES):
            return "[]"
        if self.kind == CHILD:
            return "{}"
        return {"int": "0", "str": "''"}.get(self.type, "false")


class Entity:
    """An XML element: its fields by option name, by attribute and by child element.

    same: a last look at a document already in canonical form, for what concerns several fields at once.
    """

    __slots__ = ("attributes", "elements", "fields", "pci", "same")

    def __init__(self, *fields: Field, same: Optional[Callable[[Document], Document]] = None) -> None:
        self.fields = {f.name: f for f in fields}
        self.attributes = {f.xml: f for f in fields if f.kind == ATTRIBUTE}
        self.elements = {f.xml: f for f in fields if f.kind not in (ATTRIBUTE, PCI)}
        self.pci = next((f for f in fields if f.kind == PCI), None)
        self.same = same


def attribute(name: str, xml: str = "", **more: Any) -> Field:
    return Field(name, ATTRIBUTE, xml or name, **more)


def flag(name: str, xml: str = "", **more: Any) -> Field:
    """A yes/no attribute."""
    return Field(name, ATTRIBUTE, xml or name, type="bool", **more)


def number(name: str, xml: str = "", **more: Any) -> Field:
    return Field(name, ATTRIBUTE, xml or name, type="int", **more)


def text(name: str, **more: Any) -> Field:
    return Field(name, TEXT, name, **more)


def child(name: str, entity: Entity, xml: str = "", **more: Any) -> Field:
    return Field(name, CHILD, xml or name, entity=entity, **more)


def children(name: str, xml: str, entity: Entity, **more: Any) -> Field:
    return Field(name, CHILDREN, xml, entity=entity, **more)
