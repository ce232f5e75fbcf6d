# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virNetworkUpdate does to a live definition, on paper: libvirt's own matching, record by record.

Written from libvirt's virNetworkDefUpdate* (9.0, and tried against 9.0 and 11.3 in tests/integration/updates) and
sharing nothing with the collection: it works on XML, by the standard library.
"""

from __future__ import annotations

import copy
import ipaddress
import xml.etree.ElementTree as ET


class RefusedError(Exception):
    """libvirt's error; the definition is as it was."""


class Network:
    """A running network's definition."""

    def __init__(self, xml: str) -> None:
        self.root = ET.fromstring(xml)

    def update(self, command: str, section: str, index: int, xml: str) -> None:
        """command: add (last), add_first, modify or delete. Raises RefusedError."""
        # libvirt works on a copy made by formatting and parsing, in which a <dhcp> that hands out nothing is lost.
        root = copy.deepcopy(self.root)
        for ip in root.findall("ip"):
            for dhcp in ip.findall("dhcp"):
                if not (dhcp.findall("range") or dhcp.findall("host")):
                    ip.remove(dhcp)
        _SECTIONS[section](root, command, index, ET.fromstring(xml))
        self.root = root

    def records(self) -> dict[str, list[tuple]]:
        """Everything that updates reach, by section, in order."""
        found = {
            "dns-host": [_dns_host(node) for node in self.root.findall("dns/host")],
            "dns-txt": [_attributes(node) for node in self.root.findall("dns/txt")],
            "dns-srv": [_attributes(node) for node in self.root.findall("dns/srv")],
            "portgroup": [_attributes(node) for node in self.root.findall("portgroup")],
            "forward-interface": [node.get("dev") for node in self.root.findall("forward/interface")],
        }
        for place, ip in enumerate(self.root.findall("ip")):
            for tag in ("range", "host", "bootp"):
                # Without ranges and hosts there is no <dhcp>.
                served = bool(ip.findall("dhcp/range") or ip.findall("dhcp/host"))
                nodes = ip.findall(f"dhcp/{tag}") if served else []
                found[f"ip-dhcp-{tag} {place}"] = [(_attributes(node), _lease(node)) for node in nodes]
        return found


def _attributes(node) -> tuple:
    return tuple(sorted(node.attrib.items()))


def _lease(node) -> tuple:
    return tuple(_attributes(lease) for lease in node.findall("lease"))


def _dns_host(node) -> tuple:
    return node.get("ip"), tuple(name.text for name in node.findall("hostname"))


def _same_address(one, other) -> bool:
    return one is not None and other is not None and ipaddress.ip_address(one) == ipaddress.ip_address(other)


def _same_mac(one: str, other: str) -> bool:
    return [int(part, 16) for part in one.split(":")] == [int(part, 16) for part in other.split(":")]


def _need(condition, why: str) -> None:
    if not condition:
        raise RefusedError(why)


def _put(parent, tag: str, command: str, node) -> None:
    """First or last of its kind."""
    there = parent.findall(tag)
    if command == "add_first" and there:
        parent.insert(list(parent).index(there[0]), node)
    elif there:
        parent.insert(list(parent).index(there[-1]) + 1, node)
    else:
        parent.append(node)


def _dns(root):
    dns = root.find("dns")
    _need(dns is None or dns.get("enable") != "no", "Extra data in disabled network")
    return ET.SubElement(root, "dns") if dns is None else dns


def _update_dns_host(root, command, _index, node) -> None:
    _need(command != "modify", "DNS HOST records cannot be modified")
    dns = _dns(root)
    ip, names = _dns_host(node)
    if command == "delete":
        _need(ip or names, "Missing ip and hostname")
        found = [
            other
            for other in dns.findall("host")
            if _same_address(ip, other.get("ip")) or set(names) & set(_dns_host(other)[1])
        ]
        _need(found, "couldn't locate a matching DNS HOST record")
        _need(len(found) == 1, "multiple matching DNS HOST records were found")
        dns.remove(found[0])
        return
    _need(ip and names, "Missing IP address or hostname")
    same = [other for other in dns.findall("host") if _same_address(ip, other.get("ip"))]
    _need(not same, "there is already at least one DNS HOST record with a matching field")
    _put(dns, "host", command, node)


def _update_dns_txt(root, command, _index, node) -> None:
    _need(command != "modify", "DNS TXT records cannot be modified")
    _need(node.get("name"), "missing required name attribute in DNS TXT record")
    dns = _dns(root)
    found = [other for other in dns.findall("txt") if other.get("name") == node.get("name")]
    if command == "delete":
        _need(found, "couldn't locate a matching DNS TXT record")
        dns.remove(found[0])
        return
    _need(node.get("value") is not None, "missing required value")
    _need(not found, "there is already a DNS TXT record with this name")
    _put(dns, "txt", command, node)


def _update_dns_srv(root, command, _index, node) -> None:
    _need(command != "modify", "DNS SRV records cannot be modified")
    dns = _dns(root)
    if node.get("target") is None:
        _need(not {"port", "priority", "weight"} & set(node.attrib), "not permitted without target")
    given = [name for name in ("domain", "service", "protocol", "target") if node.get(name) is not None]
    found = [other for other in dns.findall("srv") if all(other.get(name) == node.get(name) for name in given)]
    if command == "delete":
        _need(found, "couldn't locate a matching DNS SRV record")
        _need(len(found) == 1, "multiple DNS SRV records matching all specified fields were found")
        dns.remove(found[0])
        return
    _need(node.get("service") and node.get("protocol"), "missing required attribute")
    _need(not found, "there is already at least one DNS SRV record matching all specified fields")
    _put(dns, "srv", command, node)


def _dhcp_of(root, index: int, command: str):
    ips = root.findall("ip")
    if index < 0:
        serving = [ip for ip in ips if ip.findall("dhcp/range") or ip.findall("dhcp/host")]
        plain = [ip for ip in ips if ip.get("family") != "ipv6"]
        ip = (serving or plain or ips or [None])[0]
        _need(ip is not None, "no <ip> element found")
    else:
        _need(index < len(ips), "no <ip> element found at index")
        ip = ips[index]
    if command in ("add", "add_first"):
        for other in ips:
            if other is not ip and other.get("family", "ipv4") == ip.get("family", "ipv4"):
                serves = other.findall("dhcp/range") or other.findall("dhcp/host")
                _need(not serves, "dhcp is supported only for a single address")
    dhcp = ip.find("dhcp")
    return ip, ET.SubElement(ip, "dhcp") if dhcp is None else dhcp


def _update_range(root, command, index, node) -> None:
    _need(command != "modify", "dhcp ranges cannot be modified")
    _need(node.get("start") and node.get("end"), "Missing attribute in dhcp range")
    _ip, dhcp = _dhcp_of(root, index, command)
    found = [
        other
        for other in dhcp.findall("range")
        if _same_address(other.get("start"), node.get("start")) and _same_address(other.get("end"), node.get("end"))
    ]
    if command == "delete":
        _need(found, "couldn't locate a matching dhcp range entry")
        dhcp.remove(found[0])
        return
    _need(not found, "there is an existing dhcp range entry")
    _put(dhcp, "range", command, node)


def _update_dhcp_host(root, command, index, node) -> None:
    ip, dhcp = _dhcp_of(root, index, command)
    mac, name, address, ident = (node.get(key) for key in ("mac", "name", "ip", "id"))
    six = ip.get("family") == "ipv6"
    _need(not (six and mac), "Invalid to specify MAC address in IPv6 static host definition")
    hosts = dhcp.findall("host")
    if command == "delete":
        _need(mac or name or address, "At least one of name, mac, or ip must be specified")
        found = [
            other
            for other in hosts
            if (mac is None or other.get("mac") is None or _same_mac(mac, other.get("mac")))
            and (name is None or name == other.get("name"))
            and (address is None or _same_address(address, other.get("ip")))
        ]
        _need(found, "couldn't locate a matching dhcp host entry")
        dhcp.remove(found[0])
        return
    _need((ident or name) if six else (mac or name), "static host definition must have a name or id or mac")
    _need(address, "Missing IP address in static host definition")
    found = [
        other
        for other in hosts
        if (mac and other.get("mac") and _same_mac(mac, other.get("mac")))
        or (name and name == other.get("name"))
        or _same_address(address, other.get("ip"))
    ]
    if command == "modify":
        _need(found, "couldn't locate an existing dhcp host entry")
        dhcp.insert(list(dhcp).index(found[0]), node)
        dhcp.remove(found[0])
        return
    _need(not found, "there is an existing dhcp host entry")
    _put(dhcp, "host", command, node)


def _update_interface(root, command, _index, node) -> None:
    _need(command != "modify", "forward interface entries cannot be modified")
    forward = root.find("forward")
    found = [other for other in forward.findall("interface") if other.get("dev") == node.get("dev")]
    if command == "delete":
        _need(found, "couldn't find an interface entry")
        forward.remove(found[0])
        return
    _need(not found, "there is an existing interface entry")
    _put(forward, "interface", command, node)


def _update_portgroup(root, command, _index, node) -> None:
    _need(node.get("name"), "a portgroup without a name")
    groups = root.findall("portgroup")
    found = [group for group in groups if group.get("name") == node.get("name")]
    defaults = [group for group in groups if group.get("default") == "yes" and group.get("name") != node.get("name")]
    _need(found or command in ("add", "add_first"), "couldn't find a portgroup entry")
    _need(not found or command in ("modify", "delete"), "there is an existing portgroup entry")
    _need(command == "delete" or node.get("default") != "yes" or not defaults, "a different portgroup is the default")
    if command == "delete":
        root.remove(found[-1])
    elif command == "modify":
        root.insert(list(root).index(found[-1]), node)
        root.remove(found[-1])
    else:
        _put(root, "portgroup", command, node)


_SECTIONS = {
    "dns-host": _update_dns_host,
    "dns-txt": _update_dns_txt,
    "dns-srv": _update_dns_srv,
    "ip-dhcp-range": _update_range,
    "ip-dhcp-host": _update_dhcp_host,
    "forward-interface": _update_interface,
    "portgroup": _update_portgroup,
}
