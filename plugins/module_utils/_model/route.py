# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<route>: a static route of the host through the network."""

from __future__ import annotations

from . import address
from .field import Document, Entity, attribute, number
from .ip import same_prefix


def _same(route: Document) -> Document:
    # Unlike an <ip>, a route has the prefix 0 that is given: that of the default route.
    if address.packed(str(route.get("address", ""))) in (bytes(4), bytes(16)):
        if address.netmask_prefix(str(route.get("netmask"))) == 0:
            del route["netmask"]
        if "netmask" not in route:
            route.setdefault("prefix", 0)
            return route
    return same_prefix(route)


def route_key(route: Document) -> tuple[str, ...]:
    return tuple(str(route.get(name, "")) for name in ("address", "prefix", "gateway", "metric"))


ROUTE = Entity(
    attribute("family", choices=("ipv4", "ipv6"), default="ipv4"),
    attribute("address", required=True, same=address.ip),
    attribute("netmask"),
    number("prefix"),
    attribute("gateway", required=True, same=address.ip),
    number("metric"),
    same=_same,
)
