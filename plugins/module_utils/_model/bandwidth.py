# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<bandwidth>: average, peak and floor in KiB/s, burst in KiB."""

from __future__ import annotations

from .field import Entity, child, number

_RATES = (number("average"), number("peak"), number("burst"))

INBOUND = Entity(*_RATES, number("floor"))
OUTBOUND = Entity(*_RATES)

BANDWIDTH = Entity(
    # libvirt's own bookkeeping in the live XML of guests, allowed and ignored in a network's.
    number("class_id", "classID", volatile=True),
    child("inbound", INBOUND),
    child("outbound", OUTBOUND),
)
