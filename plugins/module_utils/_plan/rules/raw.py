# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that libvirt copies without escaping into XML or into the files of dnsmasq, where a part of them could become
another element, another option or another host.

Which they are was read in libvirt's source, 9.0 and 11.3: network_conf.c and netdev_vport_profile_conf.c format XML,
networkDnsmasqConfContents and virdnsmasq.c write for dnsmasq. docs/validation.md has the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..._model.errors import Problem
from ..._model.field import Document, Value

_XML = re.compile(r"[<&']")
# In an option of dnsmasq a comma begins the next value, a slash the next domain, and white space a comment perhaps; a
# quote holds such characters, and a backslash is one of C's.
_NAME = re.compile(r"[\s,/\"\\#]")
_FILE = re.compile(r"[,\"\\]|\s#|^\s|\s$")
_VALUE = re.compile(r"[\"\\]|\s#")
# A host's line in the DHCP file is split at commas, and these words mean something else there than a name.
_DHCP_NAME = re.compile(r"ignore|infinite|[0-9]+[mhdwMHDWs]?|(?:id|set|net|tag):.*", re.DOTALL)


def raw_texts(document: Document) -> Iterator[Problem]:
    """One problem for each text that would be read as something else."""
    for group in document.get("portgroups") or ():
        yield from _refuse(_XML, "The name of a portgroup", group.get("name"), "XML")
        yield from _profile(f"virtualport of portgroup {group.get('name')!a}", group)
    yield from _profile("virtualport", document)
    domain = (document.get("domain") or {}).get("name")
    yield from _refuse(_XML, "domain.name", domain, "XML")
    yield from _refuse(_NAME, "domain.name", domain, "an option of dnsmasq")
    yield from _bridge(document)
    for ip in document.get("ips") or ():
        yield from _ip(f"ips {ip.get('address')}", ip)
    yield from _dns(document.get("dns") or {})


def _refuse(pattern: re.Pattern[str], what: str, text: Value, where: str) -> Iterator[Problem]:
    found = pattern.search(text) if isinstance(text, str) else None
    if found:
        shown = ascii(text) if len(text) <= 60 else ascii(text[:57]) + "..."
        character = found.group().strip() or "white space"
        yield Problem(
            "TEXT_INVALID",
            f"{what} is {shown}; {character} is not allowed, because libvirt writes the text without escaping into "
            f"{where}.",
        )


def _profile(what: str, holder: Document) -> Iterator[Problem]:
    parameters = (holder.get("virtualport") or {}).get("parameters") or {}
    yield from _refuse(_XML, f"The profileid of {what}", parameters.get("profileid"), "XML")


def _bridge(document: Document) -> Iterator[Problem]:
    yield from _refuse(
        re.compile(r"[,\"\\#]"), "bridge.name", (document.get("bridge") or {}).get("name"), "an option of dnsmasq"
    )


def _ip(where: str, ip: Document) -> Iterator[Problem]:
    yield from _refuse(_FILE, f"tftp of {where}", ip.get("tftp"), "an option of dnsmasq")
    dhcp = ip.get("dhcp") or {}
    yield from _refuse(
        _FILE, f"dhcp.bootp.file of {where}", (dhcp.get("bootp") or {}).get("file"), "an option of dnsmasq"
    )
    for host in dhcp.get("hosts") or ():
        name, what = host.get("name"), f"The name of the DHCP host {host.get('ip')}"
        yield from _refuse(
            _NAME, f"The mac of the DHCP host {host.get('ip')}", host.get("mac"), "dnsmasq's list of hosts"
        )
        yield from _refuse(_XML, what, name, "XML")
        yield from _refuse(_NAME, what, name, "dnsmasq's list of hosts")
        if isinstance(name, str) and _DHCP_NAME.fullmatch(name):
            yield Problem("TEXT_INVALID", f"{what} is {name!a}, which is a keyword of dnsmasq.")


def _dns(dns: Document) -> Iterator[Problem]:
    option = "an option of dnsmasq"
    for forwarder in dns.get("forwarders") or ():
        yield from _refuse(_NAME, "The domain of a forwarder of dns", forwarder.get("domain"), option)
    for record in dns.get("txts") or ():
        yield from _refuse(_NAME, "The name of a TXT record of dns", record.get("name"), option)
        yield from _refuse(_VALUE, f"The value of TXT record {record.get('name')!a}", record.get("value"), option)
    for record in dns.get("srvs") or ():
        for part in ("domain", "target"):
            what = f"The {part} of SRV record {record.get('service')!a}"
            yield from _refuse(_NAME, what, record.get(part), option)
    for host in dns.get("hosts") or ():
        for name in host.get("hostnames") or ():
            yield from _refuse(_NAME, f"A hostname of dns host {host.get('ip')}", name, "dnsmasq's list of hosts")
