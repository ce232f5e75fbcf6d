# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own element in a guest's <metadata>: its origin, the host that it was evacuated from."""

from __future__ import annotations

from typing import Any, Optional

from .._model.mark import NAMESPACE
from .etree import etree, parse_xml, write_canonical_text

_TAG = f"{{{NAMESPACE}}}guest"


def find_origin(root: Any) -> Optional[str]:
    """root: of a domain's XML."""
    node = root.find(f"metadata/{_TAG}")
    return None if node is None else node.get("origin") or None


def read_origin(text: Optional[str]) -> Optional[str]:
    """text: our element, None where there is none."""
    return None if text is None else parse_xml(text).get("origin") or None


def write_origin(text: Optional[str], origin: str) -> str:
    """Our element with this origin, and whatever else was in it."""
    root = etree.Element(_TAG, nsmap={"virtfleet": NAMESPACE}) if text is None else parse_xml(text)
    root.set("origin", origin)
    return write_canonical_text(root)


def remove_origin(text: str) -> Optional[str]:
    """None when nothing is left in the element."""
    root = parse_xml(text)
    root.attrib.pop("origin", None)
    return write_canonical_text(root) if len(root) or root.attrib else None
