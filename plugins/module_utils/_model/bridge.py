# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<bridge>: the bridge that libvirt makes, or the host's own that it uses."""

from __future__ import annotations

from .field import ATTRIBUTE, Entity, Field, attribute, number

BRIDGE = Entity(
    attribute("name", generated=True),
    attribute("zone", default=""),
    Field("stp", ATTRIBUTE, "stp", type="onoff", default=True),
    # Seconds.
    number("delay", default=0),
    attribute("mac_table_manager", "macTableManager", choices=("kernel", "libvirt")),
)
