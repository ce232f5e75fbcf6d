# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that are invalid in every mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..._model import address
from ..._model.errors import Problem
from ..._model.field import Document

MTU = (68, 65535)
VLAN_ID = (0, 4095)
# KiB/s, or KiB for a burst: beyond it libvirt's count of bytes would overflow.
RATE = 2**54
LEASE_SECONDS = 120
LEASE_END = 2**64
_NO_MAC = "00:00:00:00:00:00"
# virNetworkDNSSrvDefParseXML
_SRV = {"service": re.compile(r"[a-zA-Z0-9_\-+/*]{0,482}"), "protocol": re.compile(r"[a-zA-Z0-9\-+/]*")}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


def values(document: Document) -> Iterator[Problem]:
    mtu = document.get("mtu")
    if mtu and not MTU[0] <= mtu <= MTU[1]:
        yield Problem("MTU_INVALID", f"mtu is {mtu}; it must be {MTU[0]} to {MTU[1]}.")
    mac = document.get("mac")
    if mac is not None and (not address.is_mac(mac) or int(mac.split(":")[0], 16) & 1 or address.mac(mac) == _NO_MAC):
        yield Problem("MAC_INVALID", f"mac is {mac!a}, which is not a unicast MAC address.")
    forward = document.get("forward") or {}
    driver, nat = forward.get("driver") or {}, forward.get("nat") or {}
    holds = any(forward.get(name) for name in ("dev", "interfaces", "addresses", "pf")) or "ipv6" in nat
    if "model" in driver and "name" not in driver and not (holds or nat.get("address") or nat.get("port")):
        yield Problem(
            "DRIVER_INVALID",
            "forward.driver has model but no name; without devices, libvirt does not keep it. Set name.",
        )
    for device in (document.get("forward") or {}).get("addresses") or ():
        if not _is_function(device.get("address", "")):
            yield Problem("PCI_INVALID", f"{device.get('address')!a} is not a valid PCI address, such as 0000:03:10.1.")
    domain = document.get("domain") or {}
    if domain.get("name") == "":
        yield Problem("DOMAIN_INVALID", "domain.name is empty; omit domain, or pass {} to remove it.")
    yield from _portgroups(document)
    yield from _vlan("vlan", document.get("vlan"))
    yield from _bandwidth("bandwidth", document.get("bandwidth"))
    yield from _dns(document.get("dns") or {})


def _is_function(pci: str) -> bool:
    if not address.is_pci(pci):
        return False
    domain, bus, rest = address.pci(pci).split(":")
    slot, function = rest.split(".")
    numbers = [int(part, 16) for part in (domain, bus, slot, function)]
    return any(numbers) and numbers[0] <= 0xFFFF and numbers[2] <= 0x1F


def _portgroups(document: Document) -> Iterator[Problem]:
    groups = document.get("portgroups") or []
    names = [str(group.get("name", "")) for group in groups]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Problem("PORTGROUP_TWICE", f"portgroup '{name}' is listed more than once.")
    if "" in names:
        yield Problem("PORTGROUP_INVALID", "A portgroup has no name.")
    defaults = [str(group.get("name")) for group in groups if group.get("default")]
    if len(defaults) > 1:
        both = " and ".join(f"'{name}'" for name in defaults)
        yield Problem(
            "PORTGROUP_DEFAULTS", f"portgroups {both} are all marked as default; a network can have only one default."
        )
    for group in groups:
        yield from _vlan(f"vlan of portgroup '{group.get('name')}'", group.get("vlan"))
        yield from _bandwidth(f"bandwidth of portgroup '{group.get('name')}'", group.get("bandwidth"))


def _vlan(what: str, vlan: Any) -> Iterator[Problem]:
    if vlan is None:
        return
    tags = vlan.get("tags") or []
    if not tags:
        yield Problem("VLAN_INVALID", f"{what} has no tags.")
    for tag in tags:
        if not VLAN_ID[0] <= tag.get("id", -1) <= VLAN_ID[1]:
            yield Problem(
                "VLAN_INVALID", f"{what} has the tag {tag.get('id')}; it must be {VLAN_ID[0]} to {VLAN_ID[1]}."
            )
    if len(tags) > 1 and vlan.get("trunk") is False:
        yield Problem("VLAN_INVALID", f"{what} has several tags and trunk: false; several tags are always a trunk.")
    if vlan.get("trunk") is False and any("native_mode" in tag for tag in tags):
        yield Problem("VLAN_INVALID", f"{what} has native_mode and trunk: false; only a trunk can have a native VLAN.")
    if sum("native_mode" in tag for tag in tags) > 1:
        yield Problem("VLAN_INVALID", f"{what} has several tags with native_mode; only one tag can have it.")


def _bandwidth(what: str, bandwidth: Any) -> Iterator[Problem]:
    for direction, rates in (bandwidth or {}).items():
        if not isinstance(rates, dict):
            continue
        for name, rate in rates.items():
            if not isinstance(rate, int) or not 0 <= rate <= RATE:
                yield Problem("BANDWIDTH_INVALID", f"{what}.{direction}.{name} is {rate}; it must be 0 to {RATE}.")
        if "floor" in rates:
            yield Problem(
                "BANDWIDTH_INVALID", f"{what}.{direction} has floor, which libvirt supports only on guest interfaces."
            )
        elif "average" not in rates:
            yield Problem("BANDWIDTH_INVALID", f"{what}.{direction} has no average, which is required.")


def _dns(dns: Document) -> Iterator[Problem]:
    if dns.get("enable") is False and any(dns.get(name) for name in ("forwarders", "hosts", "txts", "srvs")):
        yield Problem("DNS_INVALID", "dns has records or forwarders although dns.enable is false.")
    for forwarder in dns.get("forwarders") or ():
        if "addr" not in forwarder and "domain" not in forwarder:
            yield Problem("DNS_INVALID", "An entry of dns.forwarders has neither addr nor domain.")
        elif "addr" in forwarder and address.packed(forwarder["addr"]) is None:
            yield Problem(
                "ADDRESS_INVALID", f"dns.forwarders has {forwarder['addr']!a}, which is not a valid IP address."
            )
        elif "port" in forwarder and not forwarder.get("addr"):
            yield Problem(
                "DNS_INVALID", f"dns.forwarders has port {forwarder['port']} without addr, which it requires."
            )
        elif not 1 <= forwarder.get("port", 53) <= 65535:
            yield Problem("DNS_INVALID", f"dns.forwarders has port {forwarder['port']}; it must be 1 to 65535.")
    for record in dns.get("srvs") or ():
        for name, takes in _SRV.items():
            if not takes.fullmatch(str(record.get(name, ""))):
                what = f"dns.srvs has the {name} {record[name]!a}"[:200]
                yield Problem("DNS_INVALID", f"{what}, which contains an invalid character or is too long.")
    for host in dns.get("hosts") or ():
        if address.packed(str(host.get("ip", ""))) is None:
            yield Problem("ADDRESS_INVALID", f"dns.hosts has {host.get('ip')!a}, which is not a valid IP address.")
        if not host.get("hostnames"):
            yield Problem("DNS_INVALID", f"dns.hosts has {host.get('ip')} without hostnames.")
        elif not all(host["hostnames"]):
            yield Problem("DNS_INVALID", f"dns.hosts has {host.get('ip')} with an empty hostname.")


def lease(what: str, given: Any) -> Iterator[Problem]:
    """libvirt's minimum: dnsmasq accepts no lease under two minutes. 0 is a lease that never expires."""
    if not given or not given.get("expiry"):
        return
    if given["expiry"] >= LEASE_END:
        yield Problem("LEASE_INVALID", f"The lease of {what} is {given['expiry']}, which is too long.")
        return
    seconds = given["expiry"] * _SECONDS.get(given.get("unit", "minutes"), 1)
    if seconds < LEASE_SECONDS:
        yield Problem(
            "LEASE_INVALID", f"The lease of {what} is {seconds} seconds; it must be 0, or {LEASE_SECONDS} or more."
        )
