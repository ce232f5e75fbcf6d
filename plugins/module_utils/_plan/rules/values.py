# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that are invalid in every mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..._model import address
from ..._model.errors import Path, Problem, shortened
from ..._model.field import Document
from ..._model.network import MTU

VLAN_ID = (0, 4095)
# KiB/s, or KiB for a burst: beyond it libvirt's count of bytes would overflow.
RATE = 2**54
LEASE_SECONDS = 120
LEASE_END = 2**64
_NO_MAC = "00:00:00:00:00:00"
# virNetworkDNSSrvDefParseXML
_SRV = {"service": re.compile(r"[a-zA-Z0-9_\-+/*]{0,482}"), "protocol": re.compile(r"[a-zA-Z0-9\-+/]*")}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


def check_values(document: Document) -> Iterator[Problem]:
    mtu = document.get("mtu")
    if mtu and not MTU[0] <= mtu <= MTU[1]:
        yield Problem(
            "MTU_INVALID",
            Path("mtu"),
            "mtu is {mtu}; it must be {least} to {most}.",
            mtu=mtu,
            least=MTU[0],
            most=MTU[1],
        )
    mac = document.get("mac")
    if mac is not None and (not address.is_mac(mac) or int(mac.split(":")[0], 16) & 1 or address.mac(mac) == _NO_MAC):
        yield Problem("MAC_INVALID", Path("mac"), "mac is {mac!a}, which is not a unicast MAC address.", mac=mac)
    forward = document.get("forward") or {}
    driver, nat = forward.get("driver") or {}, forward.get("nat") or {}
    holds = any(forward.get(name) for name in ("dev", "interfaces", "addresses", "pf")) or "ipv6" in nat
    if "model" in driver and "name" not in driver and not (holds or nat.get("address") or nat.get("port")):
        yield Problem(
            "DRIVER_INVALID",
            Path("forward.driver"),
            "forward.driver has model but no name; without devices, libvirt does not keep it. Set name.",
        )
    for device in (document.get("forward") or {}).get("addresses") or ():
        if not _is_function(device.get("address", "")):
            yield Problem(
                "PCI_INVALID",
                Path("forward.addresses"),
                "{address!a} is not a valid PCI address, such as 0000:03:10.1.",
                address=device.get("address"),
            )
    domain = document.get("domain") or {}
    if domain.get("name") == "":
        yield Problem(
            "DOMAIN_INVALID", Path("domain.name"), "domain.name is empty; omit domain, or pass {{}} to remove it."
        )
    yield from _check_portgroups(document)
    yield from _check_vlan(Path("vlan"), document.get("vlan"))
    yield from _check_bandwidth(Path("bandwidth"), document.get("bandwidth"))
    yield from _check_dns(document.get("dns") or {})


def _is_function(pci: str) -> bool:
    if not address.is_pci(pci):
        return False
    domain, bus, rest = address.pci(pci).split(":")
    slot, function = rest.split(".")
    numbers = [int(part, 16) for part in (domain, bus, slot, function)]
    return any(numbers) and numbers[0] <= 0xFFFF and numbers[2] <= 0x1F


def _check_portgroups(document: Document) -> Iterator[Problem]:
    groups = document.get("portgroups") or []
    names = [str(group.get("name", "")) for group in groups]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Problem("PORTGROUP_TWICE", Path(("portgroups", name)), "{path} is listed more than once.")
    if "" in names:
        yield Problem("PORTGROUP_INVALID", Path("portgroups"), "A portgroup has no name.")
    defaults = [str(group.get("name")) for group in groups if group.get("default")]
    if len(defaults) > 1:
        both = " and ".join(f"'{name}'" for name in defaults)
        yield Problem(
            "PORTGROUP_DEFAULTS",
            Path("portgroups"),
            "portgroups {both} are all marked as default; a network can have only one default.",
            both=both,
        )
    for group in groups:
        where = Path(("portgroups", group.get("name")))
        yield from _check_vlan(where / "vlan", group.get("vlan"))
        yield from _check_bandwidth(where / "bandwidth", group.get("bandwidth"))


def _check_vlan(what: Path, vlan: Any) -> Iterator[Problem]:
    if vlan is None:
        return
    tags = vlan.get("tags") or []
    if not tags:
        yield Problem("VLAN_INVALID", what, "{path} has no tags.")
    for tag in tags:
        if not VLAN_ID[0] <= tag.get("id", -1) <= VLAN_ID[1]:
            yield Problem(
                "VLAN_INVALID",
                what,
                "{path} has the tag {tag}; it must be {least} to {most}.",
                tag=tag.get("id"),
                least=VLAN_ID[0],
                most=VLAN_ID[1],
            )
    if len(tags) > 1 and vlan.get("trunk") is False:
        yield Problem(
            "VLAN_INVALID", what, "{path} has several tags and trunk: false; several tags are always a trunk."
        )
    if vlan.get("trunk") is False and any("native_mode" in tag for tag in tags):
        yield Problem(
            "VLAN_INVALID", what, "{path} has native_mode and trunk: false; only a trunk can have a native VLAN."
        )
    if sum("native_mode" in tag for tag in tags) > 1:
        yield Problem("VLAN_INVALID", what, "{path} has several tags with native_mode; only one tag can have it.")


def _check_bandwidth(what: Path, bandwidth: Any) -> Iterator[Problem]:
    for direction, rates in (bandwidth or {}).items():
        if not isinstance(rates, dict):
            continue
        for name, rate in rates.items():
            if not isinstance(rate, int) or not 0 <= rate <= RATE:
                yield Problem(
                    "BANDWIDTH_INVALID",
                    what / direction / name,
                    "{path} is {rate}; it must be 0 to {most}.",
                    rate=rate,
                    most=RATE,
                )
        if "floor" in rates:
            yield Problem(
                "BANDWIDTH_INVALID",
                what / direction,
                "{path} has floor, which libvirt supports only on guest interfaces.",
            )
        elif "average" not in rates:
            yield Problem("BANDWIDTH_INVALID", what / direction, "{path} has no average, which is required.")


def _check_dns(dns: Document) -> Iterator[Problem]:
    if dns.get("enable") is False and any(dns.get(name) for name in ("forwarders", "hosts", "txts", "srvs")):
        yield Problem("DNS_INVALID", Path("dns"), "dns has records or forwarders although dns.enable is false.")
    for forwarder in dns.get("forwarders") or ():
        if "addr" not in forwarder and "domain" not in forwarder:
            yield Problem(
                "DNS_INVALID", Path("dns.forwarders"), "An entry of dns.forwarders has neither addr nor domain."
            )
        elif "addr" in forwarder and address.packed(forwarder["addr"]) is None:
            yield Problem(
                "ADDRESS_INVALID",
                Path("dns.forwarders"),
                "dns.forwarders has {addr!a}, which is not a valid IP address.",
                addr=forwarder["addr"],
            )
        elif "port" in forwarder and not forwarder.get("addr"):
            yield Problem(
                "DNS_INVALID",
                Path("dns.forwarders"),
                "dns.forwarders has port {port} without addr, which it requires.",
                port=forwarder["port"],
            )
        elif not 1 <= forwarder.get("port", 53) <= 65535:
            yield Problem(
                "DNS_INVALID",
                Path("dns.forwarders"),
                "dns.forwarders has port {port}; it must be 1 to 65535.",
                port=forwarder["port"],
            )
    for record in dns.get("srvs") or ():
        for name, takes in _SRV.items():
            if not takes.fullmatch(str(record.get(name, ""))):
                yield Problem(
                    "DNS_INVALID",
                    Path("dns.srvs"),
                    "dns.srvs has the {name} {value}, which contains an invalid character or is too long.",
                    name=name,
                    value=shortened(record[name]),
                )
    for host in dns.get("hosts") or ():
        if address.packed(str(host.get("ip", ""))) is None:
            yield Problem(
                "ADDRESS_INVALID",
                Path("dns.hosts"),
                "dns.hosts has {ip!a}, which is not a valid IP address.",
                ip=host.get("ip"),
            )
        if not host.get("hostnames"):
            yield Problem("DNS_INVALID", Path("dns.hosts"), "dns.hosts has {ip} without hostnames.", ip=host.get("ip"))
        elif not all(host["hostnames"]):
            yield Problem(
                "DNS_INVALID", Path("dns.hosts"), "dns.hosts has {ip} with an empty hostname.", ip=host.get("ip")
            )


def check_lease(where: Path, what: str, given: Any) -> Iterator[Problem]:
    """libvirt's minimum: dnsmasq accepts no lease under two minutes. 0 is a lease that never expires."""
    if not given or not given.get("expiry"):
        return
    if given["expiry"] >= LEASE_END:
        yield Problem(
            "LEASE_INVALID",
            where,
            "The lease of {what} is {expiry}, which is too long.",
            what=what,
            expiry=given["expiry"],
        )
        return
    seconds = given["expiry"] * _SECONDS.get(given.get("unit", "minutes"), 1)
    if seconds < LEASE_SECONDS:
        yield Problem(
            "LEASE_INVALID",
            where,
            "The lease of {what} is {seconds} seconds; it must be 0, or {least} or more.",
            what=what,
            seconds=seconds,
            least=LEASE_SECONDS,
        )
