# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain's XML -> the guest's NICs. The rest of the domain is not read here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from .._model import address
from .._model.bandwidth import BANDWIDTH
from .._model.field import Document
from .._model.guest import Guest, Nic
from .._model.plain_number import plain_number
from .._model.virtualport import VIRTUALPORT
from .._model.vlan import VLAN
from .codec import read_element, read_pci_address
from .etree import parse_xml, write_text

# The prefixes of names that libvirt generates.
_MADE_UP = ("vnet", "macvtap", "macvlan")
_SETTINGS = {"virtualport": VIRTUALPORT, "bandwidth": BANDWIDTH, "vlan": VLAN}


def parse_guest(live: str = "", asked: str = "", inactive: str = "") -> Guest:
    """live: the XML of a running guest; asked: the same without what libvirt gave it (its migratable XML); inactive:
    what a persistent guest starts with. At least live or inactive is there.

    The live XML shows NICs as they are plugged in, a hostdev one without the network that it came from; without asked
    those count as what they show. Raises VirtfleetError XML_INVALID and what parse_xml raises.
    """
    root = parse_xml(live or inactive)
    nics = _read_nics(root)
    defined = nics if not live else _read_nics(parse_xml(inactive)) if inactive else ()
    if live and asked:
        nics = _join_nics(_read_nics(parse_xml(asked)), nics)
    return Guest(
        root.findtext("name") or "?",
        root.findtext("uuid") or "",
        running=bool(live),
        persistent=bool(inactive),
        nics=nics,
        defined=defined,
        devices=tuple(_read_pci(node) for node in root.iterfind("devices/hostdev[@type='pci']/source/address")),
        tcp_ports=tuple(_read_ports(root)),
    )


def _read_ports(root: Any) -> list[int]:
    found = [node.get(name, "") for node in root.iterfind("devices/graphics") for name in ("port", "tlsPort")]
    found += [node.get("service", "") for node in root.iterfind("devices/*[@type='tcp']/source[@mode='bind']")]
    return sorted({number for number in map(plain_number, found) if number})


def _read_nics(root: Any) -> tuple[Nic, ...]:
    return tuple(_read_nic(node) for node in root.iterfind("devices/interface"))


def _read_nic(node: Any) -> Nic:
    source, mac, target = node.find("source"), node.find("mac"), node.find("target")
    got = dict(source.attrib) if source is not None else {}
    plugged_as = str(node.get("type"))
    by_name = "network" in got
    return Nic(
        mac="" if mac is None else address.mac(mac.get("address", "")),
        type="network" if by_name else plugged_as,
        network=got.get("network"),
        portgroup=got.get("portgroup"),
        own=_read_own_settings(node),
        actual=plugged_as,
        source=_read_device(source, got),
        mode=got.get("mode"),
        target=None if target is None else target.get("dev"),
        named=_read_target(target),
        port=got.get("portid"),
        mtu=_read_number(node, "mtu", "size"),
        isolated={"yes": True, "no": False}.get(_read_attribute(node, "port", "isolated") or ""),
        up=_read_attribute(node, "link", "state") != "down",
        filter=_read_attribute(node, "filterref", "filter"),
        model=_read_attribute(node, "model", "type"),
        transient=_read_attribute(node, "teaming", "type") == "transient",
        managed=_read_attribute(node, "target", "managed") != "no",
        queues=_read_number(node, "driver", "queues") or 1,
    )


def _read_target(target: Any) -> Optional[str]:
    name = None if target is None else target.get("dev")
    return None if not name or name.startswith(_MADE_UP) else str(name)


def _read_attribute(node: Any, child: str, name: str) -> Optional[str]:
    found = node.find(child)
    return None if found is None else found.get(name)


def _read_number(node: Any, child: str, name: str) -> Optional[int]:
    text = _read_attribute(node, child, name) or ""
    return plain_number(text) or None


def _read_device(source: Any, got: dict[str, str]) -> Optional[str]:
    node = None if source is None else source.find("address")
    return _read_pci(node) if node is not None else got.get("bridge") or got.get("dev")


def _read_pci(node: Any) -> str:
    return read_pci_address(dict(node.attrib))


def _read_own_settings(node: Any) -> Document:
    own: Document = {
        name: read_element(entity, found) for name, entity in _SETTINGS.items() for found in node.iterfind(name)
    }
    if node.get("trustGuestRxFilters"):
        own["trust_guest_rx_filters"] = node.get("trustGuestRxFilters") == "yes"
    return own


def _join_nics(asked: tuple[Nic, ...], got: tuple[Nic, ...]) -> tuple[Nic, ...]:
    """Requested NICs beside the actual ones, matched by MAC address and, if two share one, by their order."""
    rest = list(asked)
    nics = []
    for nic in got:
        found = next((item for item in rest if item.mac == nic.mac), None)
        if found is None:  # plugged in between the two looks
            nics.append(nic)
            continue
        rest.remove(found)
        asks = {name: getattr(found, name) for name in ("type", "network", "portgroup", "own", "mtu", "isolated")}
        nics.append(replace(nic, **asks))
    return tuple(nics)


def find_place(xml: str, mac: str, tap: str) -> int:
    """Which of the NICs with a MAC address, of which a guest has two where they back one another (<teaming>), has a
    tap, by the guest's live XML; the first where none has it."""
    taps = [_read_attribute(node, "target", "dev") for node in _find_interfaces(xml, mac)]
    return taps.index(tap) if tap in taps else 0


def find_interface(xml: str, mac: str, place: int) -> Optional[str]:
    """The <interface> of a domain's XML that has a MAC address, by its place among those; None when there is none."""
    nodes = _find_interfaces(xml, mac)
    return write_text(nodes[place]) if place < len(nodes) else None


def read_recorded_bridge(xml: str, mac: str, place: int) -> Optional[str]:
    """The bridge that libvirt has for a running guest's NIC, by the guest's live XML; None when it has none."""
    nodes = _find_interfaces(xml, mac)
    return _read_attribute(nodes[place], "source", "bridge") if place < len(nodes) else None


def find_tap(xml: str, mac: str) -> Optional[str]:
    """The tap or macvtap of the first NIC with a MAC address, by the guest's live XML; None when there is none."""
    nodes = _find_interfaces(xml, mac)
    return _read_attribute(nodes[0], "target", "dev") if nodes else None


def _find_interfaces(xml: str, mac: str) -> list[Any]:
    nodes = parse_xml(xml).iterfind("devices/interface")
    return [node for node in nodes if (_read_attribute(node, "mac", "address") or "").lower() == mac.lower()]
