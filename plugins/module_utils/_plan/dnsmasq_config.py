# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt would write into the configuration of a network's dnsmasq, as far as dnsmasq can judge it beforehand.

The order and the words are those of networkDnsmasqConfContents.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._model import address
from .._model.canonical import canonical
from .._model.dnsmasq import needs_dnsmasq
from .._model.field import Document
from .._model.forward import mode_of
from .._model.ip import prefix_of
from .._model.network import NETWORK

# Options by which a configuration reads or runs other files, which is not to happen before libvirt does it.
_ELSEWHERE = ("conf-", "servers-file")


def configuration(document: Document) -> list[str] | None:
    """The lines; None when there are none to judge, or they cannot be judged without reading other files."""
    options = document.get("dnsmasq_options") or ()
    if not needs_dnsmasq(document) or any(option.strip().startswith(_ELSEWHERE) for option in options):
        return None
    plain = canonical(NETWORK, document)
    return [*_domain(plain), *_dns(plain), *_dhcp(plain), *options]


def _dns_on(document: Document) -> bool:
    return bool((document.get("dns") or {}).get("enable", True))


def _domain(document: Document) -> Iterator[str]:
    domain = document.get("domain", {})
    if "name" in domain:
        if domain.get("local_only"):
            yield f"local=/{domain['name']}/"
        yield f"domain={domain['name']}"


def _dns(document: Document) -> Iterator[str]:
    dns = document.get("dns", {})
    if not _dns_on(document):
        yield "port=0"
        return
    for forwarder in dns.get("forwarders", ()):
        domain = f"/{forwarder['domain']}/" if "domain" in forwarder else ""
        yield f"server={domain}{forwarder.get('addr', '#')}"
    for record in dns.get("txts", ()):
        yield f"txt-record={record['name']},{record['value']}"
    for record in dns.get("srvs", ()):
        yield _srv(record)


def _srv(record: Document) -> str:
    line = f"srv-host=_{record['service']}._{record['protocol']}"
    if "domain" in record:
        line += f".{record['domain']}"
    if record.get("target", ".") == ".":
        return line
    numbers = [record.get(name, 0) for name in ("port", "priority", "weight")]
    while numbers and not numbers[-1]:
        numbers.pop()
    if numbers:
        numbers[0] = numbers[0] or 1
    return ",".join([line, record["target"], *map(str, numbers)])


def _dhcp(document: Document) -> Iterator[str]:
    for ip in document.get("ips", ()):
        if ip.get("tftp"):
            yield f"tftp-root={ip['tftp']}"
        dhcp = ip.get("dhcp", {})
        ipv6 = ":" in ip["address"]
        for given in dhcp.get("ranges", ()):
            yield f"dhcp-range={given['start']},{given['end']},{_mask(ip)}{_lease(given.get('lease'))}"
        if dhcp.get("hosts") and not dhcp.get("ranges"):
            yield f"dhcp-range={ip['address']},static" + (f",{prefix_of(ip)}" if ipv6 else "")
        if "bootp" in dhcp:
            server = dhcp["bootp"].get("server")
            yield f"dhcp-boot={dhcp['bootp']['file']}" + (f",,{server}" if server else "")
    if document.get("mtu"):
        yield f"dhcp-option=option:mtu,{document['mtu']}"
    if mode_of(document) is None:
        yield "dhcp-option=3"


def _mask(ip: Document) -> str:
    prefix = prefix_of(ip) or 0
    if ":" in ip["address"]:
        return str(prefix)
    return address.ip(str((0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF))


def _lease(lease: Document | None) -> str:
    if not lease:
        return ""
    return ",infinite" if not lease["expiry"] else f",{lease['expiry']}{lease.get('unit', 'minutes')[0]}"
