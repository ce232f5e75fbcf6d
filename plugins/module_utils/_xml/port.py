# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A <networkport>: one guest NIC plugged into a network."""

from __future__ import annotations

from typing import Any, Optional

from .._model.plugged import GUEST, Plugged
from .codec import pci_address
from .etree import parse


def parse_port(xml: str) -> Plugged:
    """Who is plugged in, and into what. Raises VirtfleetError XML_INVALID."""
    root = parse(xml)
    mac = root.find("mac")
    return Plugged(
        GUEST,
        root.findtext("owner/name") or "?",
        mac=None if mac is None else mac.get("address"),
        uuid=root.findtext("owner/uuid"),
        portgroup=root.findtext("group"),
        port=root.findtext("uuid"),
        member=_member(root.find("plug")),
        xml=xml,
    )


def _member(plug: Any) -> Optional[str]:
    """A bridge is no member: it is there for everyone."""
    if plug is None:
        return None
    if plug.get("type") == "direct":
        return str(plug.get("dev"))
    address = plug.find("address")
    return None if address is None else pci_address(dict(address.attrib))
