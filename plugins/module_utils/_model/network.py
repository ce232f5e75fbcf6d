# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<network>: the whole of libvirt's network XML (network.rng from 7.0 to 12.8).

A new element of libvirt's goes here, or into the entity it belongs to, and into the documentation of the
options (plugins/doc_fragments/network.py); reading, writing, comparing and the option itself follow from it.
"""

from __future__ import annotations

from . import address
from .bandwidth import BANDWIDTH
from .bridge import BRIDGE, is_template
from .dns import DNS
from .field import (
    EXTRA,
    METADATA,
    VALUES,
    WRAPPED,
    Document,
    Entity,
    Field,
    attribute,
    child,
    children,
    flag,
    number,
    text,
)
from .forward import FORWARD, is_virtual
from .ip import IP
from .mark import first_of_each_namespace
from .portgroup import PORTGROUP
from .route import ROUTE, route_key
from .virtualport import VIRTUALPORT
from .vlan import VLAN

DNSMASQ = "{http://libvirt.org/schemas/network/dnsmasq/1.0}"


def _same_domain(domain: Document) -> Document:
    # libvirt keeps no domain without a name.
    return domain if "name" in domain or EXTRA in domain else {}


DOMAIN = Entity(
    attribute("name"),
    flag("local_only", "localOnly", default=False),
    flag("register", default=False, since=(10, 1, 0)),
    same=_same_domain,
)
PORT_OPTIONS = Entity(flag("isolated", default=False, since=(6, 1, 0)))


def _same(network: Document) -> Document:
    # An <ip> or <dns> whose every part says the default is as good as none; canonical() has dropped those.
    network.pop("name", None)
    bridge = network.get("bridge", {})
    if is_virtual(network) and is_template(str(bridge.get("name", ""))):
        network["bridge"] = {name: value for name, value in bridge.items() if name != "name"}
        if not network["bridge"]:
            del network["bridge"]
    return network


# The kernel's bounds for the MTU of a bridge.
MTU = (68, 65535)

NETWORK = Entity(
    number("connections", volatile=True),
    flag("ipv6", default=False, blank=True),
    flag("trust_guest_rx_filters", "trustGuestRxFilters", default=False),
    text("name", required=True),
    text("uuid", same=address.uuid, generated=True, blank=True),
    text("title", default="", since=(9, 7, 0), blank=True),
    text("description", default="", since=(9, 7, 0), blank=True),
    Field("metadata", METADATA, "metadata", same=first_of_each_namespace),
    child("forward", FORWARD),
    child("bridge", BRIDGE),
    Field("mtu", WRAPPED, "mtu", attribute="size", type="int", default=0, since=(3, 1, 0), blank=True),
    Field("mac", WRAPPED, "mac", attribute="address", same=address.mac, generated=True, blank=True),
    child("domain", DOMAIN),
    child("dns", DNS),
    child("vlan", VLAN),
    child("bandwidth", BANDWIDTH),
    child("port", PORT_OPTIONS),
    children("ips", "ip", IP, key=lambda ip: str(ip.get("address"))),
    children("routes", "route", ROUTE, key=route_key),
    child("virtualport", VIRTUALPORT),
    children("portgroups", "portgroup", PORTGROUP, key=lambda group: str(group.get("name"))),
    Field("dnsmasq_options", VALUES, DNSMASQ + "options", item=DNSMASQ + "option", attribute="value", since=(5, 6, 0)),
    same=_same,
)

# What describes a network without being part of how it works: no guest ever notices a change of it.
DESCRIPTIVE = ("title", "description", "metadata")
