# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<dhcp>: ranges, fixed hosts, bootp."""

from __future__ import annotations

from . import address
from .field import EXTRA, Document, Entity, attribute, child, children, number


def _same_lease(lease: Document) -> Document:
    # Without an expiry a lease says nothing, and without an end it has no unit.
    if "expiry" not in lease:
        return {EXTRA: lease[EXTRA]} if EXTRA in lease else {}
    if lease["expiry"] == 0:
        lease.pop("unit", None)
    return lease


LEASE = Entity(
    number("expiry", required=True),
    attribute("unit", choices=("seconds", "minutes", "hours"), default="minutes"),
    same=_same_lease,
)
RANGE = Entity(
    attribute("start", required=True, same=address.ip),
    attribute("end", required=True, same=address.ip),
    child("lease", LEASE, since=(6, 3, 0)),
)
HOST = Entity(
    attribute("mac", same=address.mac),
    attribute("id"),
    attribute("name"),
    attribute("ip", required=True, same=address.ip),
    child("lease", LEASE, since=(6, 3, 0)),
)
BOOTP = Entity(
    attribute("file", required=True),
    attribute("server", same=address.ip),
)


def dhcp_host_key(host: Document) -> tuple[str, ...]:
    return tuple(str(host.get(name, "")) for name in ("ip", "mac", "id", "name"))


def range_key(range_: Document) -> tuple[str, ...]:
    return (str(range_.get("start", "")), str(range_.get("end", "")))


def _same(dhcp: Document) -> Document:
    # libvirt does not keep a <dhcp> that hands out no address.
    return dhcp if dhcp.get("ranges") or dhcp.get("hosts") or EXTRA in dhcp else {}


DHCP = Entity(
    children("ranges", "range", RANGE, key=range_key),
    children("hosts", "host", HOST, key=dhcp_host_key),
    child("bootp", BOOTP),
    same=_same,
)
