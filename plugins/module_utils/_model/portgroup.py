# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<portgroup>: the settings that guests ask for by name."""

from __future__ import annotations

from .bandwidth import BANDWIDTH
from .field import Entity, attribute, child, flag
from .virtualport import VIRTUALPORT
from .vlan import VLAN

# What becomes of the removal of a portgroup that guests use.
REFUSE, ALLOW = "refuse", "allow"

PORTGROUP = Entity(
    attribute("name", required=True, blank=True),
    flag("default", default=False, loose=True),
    # Three-valued: "no" in a portgroup overrides the network's "yes".
    flag("trust_guest_rx_filters", "trustGuestRxFilters"),
    child("virtualport", VIRTUALPORT),
    child("bandwidth", BANDWIDTH),
    child("vlan", VLAN),
)
