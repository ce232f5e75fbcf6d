# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Relax NG schema of libvirt's allows, flat: each element's path with its attributes and their values.

Usage: rng.py SCHEMAS DIRECTORY   writes what the schemas in one directory (/usr/share/libvirt/schemas) allow to another
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Optional

from lxml import etree

RNG = "{http://relaxng.org/ns/structure/1.0}"

# Path of an element -> its attributes -> the values that the schema lists, None where it takes more than a list.
Flat = dict[str, dict[str, Optional[set[str]]]]


def _defines(file: Path) -> dict[str, Any]:
    """By name. Of two of one name, which are to be combined, one that has what both have."""
    found: dict[str, Any] = {}
    nodes: list[Any] = []
    for node in etree.parse(str(file)).getroot():
        if node.tag == RNG + "include":
            nodes += _defines(file.parent / node.get("href")).values()
        elif node.tag == RNG + "define":
            nodes.append(node)
    for node in nodes:
        known = found.setdefault(node.get("name"), node)
        if known is not node:
            known.extend(list(node))
    return found


class Schema:
    """One .rng file with what it includes."""

    def __init__(self, file: Path) -> None:
        self.defines = _defines(file)

    def flat(self, root: str) -> Flat:
        """root: the name of the document's element, which is also that of its <define>."""
        found: Flat = {}
        self._element(next(self.defines[root].iter(RNG + "element")), "", found)
        return found

    def _element(self, element: Any, path: str, found: Flat, inside: tuple[Any, ...] = ()) -> None:
        """inside: the elements around it. One that may contain itself, as a disk's backingStore, is laid out once."""
        if element in inside:
            return
        attributes = found.setdefault(path, {})
        for node in self._parts(element):
            name = node.get("name")
            if name is None:  # anyName, as in <metadata>
                continue
            if node.tag == RNG + "attribute":
                values = self._values(node)
                known = attributes.get(name, set())
                attributes[name] = None if values is None or known is None else known | values
                continue
            space = next((above.get("ns") for above in (node, *node.iterancestors()) if above.get("ns")), None)
            tag = f"{{{space}}}{name}" if space else name
            below = f"{path}/{tag}" if path else tag
            self._element(node, below, found, (*inside, element))

    def _parts(self, node: Any) -> Any:
        """The attributes and elements that may be in a node."""
        for part in node:
            if part.tag in (RNG + "attribute", RNG + "element"):
                yield part
            elif part.tag == RNG + "ref":
                yield from self._parts(self.defines[part.get("name")])
            elif isinstance(part.tag, str):
                yield from self._parts(part)

    def _values(self, node: Any) -> Optional[set[str]]:
        found: set[str] = set()
        for part in node:
            if part.tag == RNG + "value":
                found.add(part.text or "")
            elif part.tag == RNG + "choice":
                values = self._values(part)
                if values is None:
                    return None
                found |= values
            elif part.tag == RNG + "ref":
                values = self._values(self.defines[part.get("name")])
                if values is None:
                    return None
                found |= values
            elif isinstance(part.tag, str):
                return None
        return found or None


def load(file: Path) -> Flat:
    read = json.loads(file.read_text(encoding="utf-8"))
    return {
        path: {name: None if values is None else set(values) for name, values in names.items()}
        for path, names in read.items()
    }


def dump(flat: Flat) -> str:
    sortable = {
        path: {name: None if values is None else sorted(values) for name, values in sorted(names.items())}
        for path, names in sorted(flat.items())
    }
    return json.dumps(sortable, indent=1) + "\n"


def main() -> None:
    schemas, directory = map(Path, sys.argv[1:])
    for what in ("network", "networkport", "domain"):
        (directory / f"{what}.json").write_text(dump(Schema(schemas / f"{what}.rng").flat(what)), encoding="utf-8")


if __name__ == "__main__":
    main()
