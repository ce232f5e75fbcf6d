# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running guest's NICs really stand on: the kernel's links and rules, Open vSwitch's ports, libvirt's flags."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional

import libvirt
import served
import switch
import tools
import wire

Links = dict[str, dict[str, Any]]


def nics(name: str) -> list[dict[str, Any]]:
    """One entry per interface of the running guest, in its order."""
    root = ET.fromstring(tools.conn().lookupByName(name).XMLDesc())
    links: Links = {link["ifname"]: link for link in tools.shown("ip", "-json", "-details", "addr", "show")}
    return [_nic(interface, links) for interface in root.iterfind("devices/interface")]


def _nic(interface: ET.Element, links: Links) -> dict[str, Any]:
    source = interface.find("source")
    network = source.get("network") if source is not None else None
    portgroup = source.get("portgroup") if source is not None else None
    target = interface.find("target")
    device = target.get("dev", "") if target is not None else ""
    state = interface.find("link")
    found: dict[str, Any] = {
        "mac": interface.find("mac").get("address"),  # type: ignore[union-attr]
        "device": device,
        "link": state.get("state", "up") if state is not None else "up",
        "trusts": network is not None and _trusted(network, source.get("portid")),  # type: ignore[union-attr]
        **_flags(network, portgroup),
    }
    link = links.get(device)
    if link is None:
        return {**found, "plug": "nothing", "reach": "nothing"}
    if link.get("linkinfo", {}).get("info_kind") == "macvtap":
        return {**found, **_on_member(link, links)}
    bridge = switch.of(device)
    if bridge:
        return {**found, **switch.port(device, bridge, links)}
    return {**found, **_on_bridge(found["mac"], link, links)}


def _on_member(link: dict[str, Any], links: Links) -> dict[str, Any]:
    lower = links.get(link.get("link", ""), {})
    mode = link["linkinfo"]["info_data"]["mode"]
    return {
        "plug": "direct",
        "mode": mode,
        "on": link.get("link"),
        "reach": "l2" if wire.carries(lower) else "nothing",
        # With vepa and passthrough that is the next switch's business.
        "peers": {"bridge": True, "private": False}.get(mode),
        "mtu": min(link["mtu"], lower.get("mtu", 0)),
    }


def _on_bridge(mac: str, link: dict[str, Any], links: Links) -> dict[str, Any]:
    bridge = links.get(link.get("master", ""))
    if bridge is None:
        return {"plug": "no bridge", "reach": "nothing"}
    ports = [other for other in links.values() if other.get("master") == bridge["ifname"]]
    uplinks = [uplink for port in ports for uplink in _uplinks(port, links)]
    port = link.get("linkinfo", {}).get("info_slave_data", {})
    return {
        "plug": "bridge",
        "on": bridge["ifname"],
        "reach": wire.reach(bridge, uplinks),
        "addresses": wire.addresses(bridge),
        "routes": _routes(bridge["ifname"]),
        "forwards": wire.forwards(bridge),
        "mtu": min([link["mtu"], bridge["mtu"], *(up["mtu"] for up in uplinks if wire.carries(up))]),
        "isolated": bool(port.get("isolated")),
        "peers": not port.get("isolated"),
        "twins": _twins(mac, link, [*ports, bridge]),
        "silent": _silent(bridge),
    }


def _uplinks(port: dict[str, Any], links: Links) -> list[dict[str, Any]]:
    """A tap is a guest's, unless it is an internal port of a switch, by which frames come to the switch's uplinks."""
    if not wire.is_tap(port):
        return [port]
    inner = switch.of(port["ifname"])
    return [] if inner is None else switch.uplinks(inner, links)


def _silent(bridge: dict[str, Any]) -> float:
    """How many seconds a bridge that speaks STP keeps a new port silent, beyond what libvirt's own do."""
    told = bridge.get("linkinfo", {}).get("info_data", {})
    seconds = 2 * told.get("forward_delay", 0) / 100 if told.get("stp_state") else 0
    return seconds if seconds > 8 else 0


def _routes(bridge: str) -> list[str]:
    """What the host reaches through guests."""
    found = [
        route
        for family in ("-4", "-6")
        for route in tools.shown("ip", family, "-json", "route", "show", "dev", bridge)
        if "gateway" in route
    ]
    return [f"{route['dst']} by {route['gateway']}" for route in found]


def _twins(mac: str, link: dict[str, Any], ports: list[dict[str, Any]]) -> int:
    """Others on the same bridge with the same MAC, guests or links; a tap's own differs from its guest's in the first
    byte."""
    taps = [port for port in ports if wire.is_tap(port)]  # a bridge takes the lowest address of its ports for itself
    guests = sum(port["address"] == link["address"] and port["ifname"] != link["ifname"] for port in taps)
    return guests + sum(port["address"] == mac for port in ports)


def _flags(network: Optional[str], portgroup: Optional[str]) -> dict[str, Any]:
    """What libvirt says of the network's future: whether it comes back, and as what."""
    if network is None:
        return {"network": None}
    with suppress(libvirt.libvirtError):
        found = tools.conn().networkLookupByName(network)
        live = found.XMLDesc(0)
        persistent = bool(found.isPersistent())
        return {
            "network": network,
            "portgroup": portgroup,
            "portgroup there": portgroup is None or f"name='{portgroup}'" in "".join(_portgroups(live)),
            "persistent": persistent,
            "served": served.by(network),
            "autostart": bool(found.autostart()),
            "comes back the same": persistent
            and _plain(live) == _plain(found.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)),
        }
    return {"network": network, "gone": True}


def _trusted(network: str, port: Optional[str]) -> bool:
    """Whether the port lets the guest choose what it receives."""
    with suppress(libvirt.libvirtError):
        found = tools.conn().networkLookupByName(network).portLookupByUUIDString(port or "")
        return "trustGuest='yes'" in found.XMLDesc()
    return False


def _portgroups(xml: str) -> list[str]:
    return re.findall(r"<portgroup [^>]*>", xml)


def _plain(xml: str) -> str:
    """A definition without what only a running network shows."""
    root = ET.fromstring(xml)
    for element in root.iter():
        element.attrib.pop("connections", None)
        element.text = (element.text or "").strip()
        element.tail = ""
    for nat in root.findall("forward/nat"):
        for port in nat.findall("port"):
            nat.remove(port)
        if not len(nat) and not nat.attrib:
            root.find("forward").remove(nat)  # type: ignore[union-attr]
    metadata = root.find("metadata")
    if metadata is not None:
        root.remove(metadata)
    return ET.tostring(root, encoding="unicode")


def waits(name: str) -> bool:
    """Whether a tap of the guest is in a bridge or switch that speaks STP and does not let its frames through yet."""
    root = ET.fromstring(tools.conn().lookupByName(name).XMLDesc())
    devices = [target.get("dev", "") for target in root.iterfind("devices/interface/target")]
    ports = [Path(f"/sys/class/net/{device}/brport/state") for device in devices]
    on_switches = any(map(switch.waits, filter(None, devices)))
    return on_switches or any(port.read_text().strip() in ("1", "2") for port in ports if port.exists())
