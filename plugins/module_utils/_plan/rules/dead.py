# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt accepts although it has no effect, or not the expected one: for warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._model import address
from ..._model.field import Document
from ..._model.forward import is_virtual, mode_of
from ..._model.ip import prefix_of
from ..._model.mark import first_of_each_namespace, foreign, namespace_of

_NEEDS_IPS = ("domain", "dns", "dnsmasq_options")
RESERVED_VLAN = 4095


def find_dead_options(document: Document) -> Iterator[str]:
    """document: not canonical, and with nothing wrong."""
    for ip in document.get("ips") or ():
        yield from _find_dead_address(ip)
        yield from _find_dead_dhcp(ip)
    if is_virtual(document) and not document.get("ips"):
        for option in _NEEDS_IPS:
            if document.get(option):
                yield f"{option} has no effect without ips: libvirt runs no dnsmasq for the network."
    if "domain" in document and "name" not in document["domain"]:
        yield "domain has no name; libvirt ignores it."
    forward = document.get("forward") or {}
    if forward.get("managed") and mode_of(document) != "hostdev":
        yield "forward.managed applies only to mode hostdev; libvirt ignores it."
    if any(record.get("port") == {"start": 0, "end": 0} for record in [forward.get("nat") or {}]):
        yield "forward.nat.port is 0 to 0; libvirt ignores it."
    yield from _find_dead_settings(document)
    lost = [text for text in foreign(document) if text not in first_of_each_namespace(foreign(document))]
    if lost or len(first_of_each_namespace(foreign(document))) < len(foreign(document)):
        names = ", ".join(sorted({namespace_of(text) or "without a namespace" for text in lost})) or "duplicates"
        yield f"libvirt keeps only one metadata element per namespace and drops the others ({names[:100]})."
    for route in document.get("routes") or ():
        if route.get("netmask") and address.netmask_prefix(route["netmask"]) is None:
            yield f"routes {route['address']} has an invalid netmask; libvirt does not set this route."


def _find_dead_address(ip: Document) -> Iterator[str]:
    where, prefix = f"ips {ip['address']}", prefix_of(ip)
    if ip.get("prefix") == 0 and prefix:
        yield f"{where} has prefix 0, which libvirt treats as not given; it uses {prefix}."
    elif prefix == 0:
        yield f"{where} has prefix 0: every address is in its subnet."
    raw = address.packed(ip["address"]) or b""
    if len(raw) == 4 and (raw[0] in (0, 127) or raw[0] >= 224):
        yield f"{where} is in a range that guests do not accept as a host address (0, 127, or 224 and above)."
    subnet = address.subnet(ip["address"], prefix or 0)
    if subnet and subnet[0] == 32 and 0 < (prefix or 0) < 31:
        number = int.from_bytes(raw, "big")
        if number in subnet[1:]:
            what = "network" if number == subnet[1] else "broadcast"
            yield f"{where}/{prefix} is the {what} address of its subnet, which guests do not accept as a host address."


def _find_dead_dhcp(ip: Document) -> Iterator[str]:
    where, prefix, dhcp = f"ips {ip['address']}", prefix_of(ip), ip.get("dhcp") or {}
    subnet = address.subnet(ip["address"], prefix or 0)
    if subnet is None:
        return
    if (dhcp.get("ranges") or dhcp.get("hosts")) and prefix is not None and prefix >= subnet[0] - 1:
        yield f"{where}/{prefix} has dhcp, but its subnet has no address for guests, only the host's own."
    if dhcp.get("bootp") and (subnet[0] == 128 or not (dhcp.get("ranges") or dhcp.get("hosts"))):
        yield f"dhcp.bootp of {where} applies only to IPv4 with ranges or hosts; libvirt ignores it."
    seen: dict[tuple[str, Any], str] = {}
    for host in dhcp.get("hosts") or ():
        raw = address.packed(host["ip"]) or b""
        if len(raw) * 8 != subnet[0] or not subnet[1] <= int.from_bytes(raw, "big") <= subnet[2]:
            yield f"The DHCP host {host['ip']} is outside the subnet of {where} and will not get this address."
        elif raw == address.packed(ip["address"]) and subnet[2] - subnet[1] > 1:
            yield f"The DHCP host {host['ip']} has the host's own address."
        for key in _list_keys(host, raw):
            if key in seen:
                yield (
                    f"The DHCP hosts {seen[key]} and {host['ip']} have the same {key[0]}; dnsmasq serves only one of "
                    "them."
                )
            seen[key] = host["ip"]


def _list_keys(host: Document, raw: bytes) -> Iterator[tuple[str, Any]]:
    yield "ip", raw
    if host.get("mac"):
        yield "mac", address.mac(host["mac"])
    elif host.get("id"):
        yield "id", host["id"].lower()


def _find_dead_settings(document: Document) -> Iterator[str]:
    for what, holder in [("", document)] + [
        (f" of portgroup {group.get('name')!a}", group) for group in document.get("portgroups") or ()
    ]:
        if any(tag.get("id") == RESERVED_VLAN for tag in (holder.get("vlan") or {}).get("tags") or ()):
            yield f"vlan{what} has the tag {RESERVED_VLAN}, which 802.1Q reserves; switches do not accept it."
        for direction, rates in (holder.get("bandwidth") or {}).items():
            if isinstance(rates, dict) and not rates.get("average"):
                yield f"bandwidth.{direction}{what} has average 0; libvirt ignores it."
