# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<bandwidth>: average, peak and floor in KiB/s, burst in KiB."""

from __future__ import annotations

from .field import EXTRA, Document, Entity, child, number

# What check mode says of a host whose kernel does not list its modules.
UNKNOWN_TRAFFIC_CONTROL = "whether the kernel has the traffic control modules that bandwidth needs"

_RATES = (number("average", default=0), number("peak", default=0), number("burst", default=0))


def _same(rates: Document) -> Document:
    # libvirt shows a direction only by its average or floor.
    return rates if rates.get("average") or rates.get("floor") or EXTRA in rates else {}


INBOUND = Entity(*_RATES, number("floor", default=0), same=_same)
OUTBOUND = Entity(*_RATES, same=_same)

BANDWIDTH = Entity(
    # libvirt's own bookkeeping in the live XML of guests, allowed and ignored in a network's.
    number("class_id", "classID", volatile=True),
    child("inbound", INBOUND),
    child("outbound", OUTBOUND),
)
