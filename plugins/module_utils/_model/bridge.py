# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<bridge>: the bridge that libvirt makes, or the host's own that it uses."""

from __future__ import annotations

import re

from .field import ATTRIBUTE, Entity, Field, attribute, number

BRIDGE = Entity(
    attribute("name", generated=True, blank=True),
    attribute("zone", default="", blank=True),
    Field("stp", ATTRIBUTE, "stp", type="onoff", default=True, blank=True, loose=True),
    # Seconds.
    number("delay", default=0, blank=True),
    attribute("mac_table_manager", "macTableManager", choices=("kernel", "libvirt"), blank=True),
)


def is_template(name: str) -> bool:
    """Whether libvirt generates the bridge name, by numbering this template or, if it cannot, virbr%d."""
    return "%d" in name


def fits_template(name: str, template: str) -> bool:
    """Whether a bridge's name is one that libvirt would make of a template."""
    before, _percent, after = template.partition("%d") if template.count("%") == 1 else ("virbr", "", "")
    return bool(re.fullmatch(f"{re.escape(before)}[0-9]+{re.escape(after)}", name))
