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

from ..._model.errors import Path, Problem, shortened
from ..._model.field import Document, Value

_XML = re.compile(r"[<&']")
# In an option of dnsmasq a comma begins the next value, a slash the next domain, and white space a comment perhaps; a
# quote holds such characters, and a backslash is one of C's.
_NAME = re.compile(r"[\s,/\"\\#]")
_FILE = re.compile(r"[,\"\\]|\s#|^\s|\s$")
_VALUE = re.compile(r"[\"\\]|\s#")
# A host's line in the DHCP file is split at commas, and these words mean something else there than a name.
_DHCP_NAME = re.compile(r"ignore|infinite|[0-9]+[mhdwMHDWs]?|(?:id|set|net|tag):.*", re.DOTALL)


def check_raw_texts(document: Document) -> Iterator[Problem]:
    """One problem for each text that would be read as something else."""
    for group in document.get("portgroups") or ():
        where = Path(("portgroups", group.get("name")))
        yield from _refuse(_XML, where / "name", group.get("name"), "XML")
        yield from _check_profile(where, group)
    yield from _check_profile(Path(), document)
    domain = (document.get("domain") or {}).get("name")
    yield from _refuse(_XML, Path("domain", "name"), domain, "XML")
    yield from _refuse(_NAME, Path("domain", "name"), domain, "an option of dnsmasq")
    yield from _check_bridge(document)
    for ip in document.get("ips") or ():
        yield from _check_ip(Path(("ips", ip.get("address"))), ip)
    yield from _check_dns(document.get("dns") or {})


def _refuse(pattern: re.Pattern[str], what: Path, text: Value, where: str) -> Iterator[Problem]:
    found = pattern.search(text) if isinstance(text, str) else None
    if found:
        character = found.group().strip() or "white space"
        yield Problem(
            "TEXT_INVALID",
            what,
            "{path} is {shown}; {character} is not allowed, because libvirt writes the text without escaping into "
            "{where}.",
            shown=shortened(text),
            character=character,
            where=where,
        )


def _check_profile(what: Path, holder: Document) -> Iterator[Problem]:
    parameters = (holder.get("virtualport") or {}).get("parameters") or {}
    yield from _refuse(_XML, what / "virtualport" / "profileid", parameters.get("profileid"), "XML")


def _check_bridge(document: Document) -> Iterator[Problem]:
    yield from _refuse(
        re.compile(r"[,\"\\#]"),
        Path("bridge", "name"),
        (document.get("bridge") or {}).get("name"),
        "an option of dnsmasq",
    )


def _check_ip(where: Path, ip: Document) -> Iterator[Problem]:
    yield from _refuse(_FILE, where / "tftp", ip.get("tftp"), "an option of dnsmasq")
    dhcp = ip.get("dhcp") or {}
    yield from _refuse(_FILE, where / "dhcp.bootp.file", (dhcp.get("bootp") or {}).get("file"), "an option of dnsmasq")
    for host in dhcp.get("hosts") or ():
        name, what = host.get("name"), where / ("dhcp.hosts", host.get("ip"))
        yield from _refuse(_NAME, what / "mac", host.get("mac"), "dnsmasq's list of hosts")
        yield from _refuse(_XML, what / "name", name, "XML")
        yield from _refuse(_NAME, what / "name", name, "dnsmasq's list of hosts")
        if isinstance(name, str) and _DHCP_NAME.fullmatch(name):
            yield Problem(
                "TEXT_INVALID", what / "name", "{path} is {name!a}, which is a keyword of dnsmasq.", name=name
            )


def _check_dns(dns: Document) -> Iterator[Problem]:
    option = "an option of dnsmasq"
    for forwarder in dns.get("forwarders") or ():
        yield from _refuse(_NAME, Path("dns.forwarders", "domain"), forwarder.get("domain"), option)
    for record in dns.get("txts") or ():
        yield from _refuse(_NAME, Path("dns.txts", "name"), record.get("name"), option)
        yield from _refuse(_VALUE, Path(("dns.txts", record.get("name")), "value"), record.get("value"), option)
    for record in dns.get("srvs") or ():
        for part in ("domain", "target"):
            what = Path(("dns.srvs", record.get("service")), part)
            yield from _refuse(_NAME, what, record.get(part), option)
    for host in dns.get("hosts") or ():
        for name in host.get("hostnames") or ():
            yield from _refuse(_NAME, Path(("dns.hosts", host.get("ip")), "hostnames"), name, "dnsmasq's list of hosts")
