# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""<dns>: forwarders and the records that the network's dnsmasq serves."""

from __future__ import annotations

from . import address
from .field import TEXTS, Document, Entity, Field, attribute, children, flag, number

FORWARDER = Entity(
    attribute("addr", same=address.ip),
    attribute("domain"),
    number("port", default=53, since=(12, 0, 0)),
)
TXT = Entity(
    attribute("name", required=True),
    attribute("value", required=True),
)
SRV = Entity(
    attribute("service", required=True),
    attribute("protocol", required=True),
    attribute("domain"),
    attribute("target"),
    number("port", blank=True),
    number("priority", default=0, blank=True),
    number("weight", default=0, blank=True),
)
HOST = Entity(
    attribute("ip", required=True, same=address.ip),
    Field("hostnames", TEXTS, "hostname", required=True),
)


def dns_host_key(host: Document) -> str:
    return str(host.get("ip", ""))


def record_key(record: Document) -> tuple[str, ...]:
    """For txt and srv records: the record itself."""
    return tuple(str(record.get(name, "")) for name in (*SRV.fields, *TXT.fields))


DNS = Entity(
    flag("enable", default=True),
    flag("forward_plain_names", "forwardPlainNames", default=True),
    children("forwarders", "forwarder", FORWARDER),
    children("txts", "txt", TXT, key=record_key),
    children("srvs", "srv", SRV, key=record_key),
    children("hosts", "host", HOST, key=dns_host_key),
)
