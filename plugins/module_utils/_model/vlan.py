# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<vlan>: tags, trunk, native mode."""

from __future__ import annotations

from .field import Document, Entity, attribute, children, flag, number

TAG = Entity(
    number("id", required=True),
    attribute("native_mode", "nativeMode", choices=("tagged", "untagged")),
)


def _same(vlan: Document) -> Document:
    # Several tags are always a trunk.
    if len(vlan.get("tags", ())) > 1:
        vlan["trunk"] = True
    return vlan


# The libvirt version that can set VLANs in a Linux bridge.
ON_LINUX_BRIDGE = (11, 0, 0)

VLAN = Entity(
    flag("trunk", default=False, blank=True, nocase=True),
    children("tags", "tag", TAG, key=lambda tag: tag.get("id")),
    same=_same,
)
