# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A <networkport>: one guest NIC plugged into a network."""

from __future__ import annotations

from .._model.host import Plugged
from .etree import parse


def parse_port(xml: str) -> Plugged:
    """Who is plugged in. Raises VirtfleetError XML_INVALID."""
    root = parse(xml)
    mac = root.find("mac")
    return Plugged(
        "guest",
        root.findtext("owner/name") or "?",
        mac=None if mac is None else mac.get("address"),
        uuid=root.findtext("owner/uuid"),
        portgroup=root.findtext("group"),
        port=root.findtext("uuid"),
    )
