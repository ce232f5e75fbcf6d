# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network's host serves to its guests, by the files that its dnsmasq runs with, and by its answers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

import client
import tools

DNSMASQ_DIRECTORY = Path("/var/lib/libvirt/dnsmasq")
NAMES = re.compile(r"(domain|local|address|txt-record|srv-host|cname|dhcp-boot|tftp-root)=")


def by(network: str) -> list[str]:
    """DHCP, DNS, the domain, and every name that is known here."""
    settings = _lines(f"{network}.conf") if _runs(network) else []
    if not settings:
        return []
    found = [line for line in settings if NAMES.match(line)]
    found += _lines(f"{network}.addnhosts")
    if settings and "port=0" not in settings:
        found += ["DNS", *_asked_of_others(settings)]
    # ra-only: router advertisements, by which guests make up addresses themselves.
    ranges = [line for line in settings if line.startswith("dhcp-range=") and not line.endswith("ra-only")]
    found += sorted({"DHCP for IPv6" if ":" in line else "DHCP for IPv4" for line in ranges})
    # An unknown client gets an address from a range, and none that is kept for others.
    asked = {"DNS": "DNS" in found, "DHCP": any(":" not in line and ",static" not in line for line in ranges)}
    silent = _silent(network, [name for name, wanted in asked.items() if wanted])
    return sorted(line for line in found if line.removesuffix(" for IPv4") not in silent)


def _asked_of_others(settings: list[str]) -> list[str]:
    """Which names that it does not know it looks for elsewhere, and where."""
    servers = sorted(line for line in settings if line.startswith("server="))
    domains = [line.partition("=")[2] for line in settings if line.startswith("domain=")]
    found = [f"names of {', '.join(servers) or 'the servers of the host'}"]
    found += [] if "domain-needed" in settings else ["plain names of others"]
    return found + [f"names in {domain} of others" for domain in domains if f"local=/{domain}/" not in settings]


def _silent(network: str, wanted: list[str]) -> set[str]:
    """Which of them do not answer over IPv4."""
    root = ET.fromstring(tools.conn().networkLookupByName(network).XMLDesc())
    bridge = root.find("bridge")
    own = next((ip for ip in root.iterfind("ip") if ip.get("family", "ipv4") == "ipv4"), None)
    if bridge is None or own is None or not wanted or not Path(f"/sys/class/net/{bridge.get('name')}").exists():
        return set()
    gateway = f"{own.get('address')}/{own.get('netmask') or own.get('prefix')}"
    return set(wanted) - client.ask(str(bridge.get("name")), gateway, wanted)


def leases(name: str) -> list[str]:
    """The addresses that a running guest has by DHCP, by its host's word."""
    root = ET.fromstring(tools.conn().lookupByName(name).XMLDesc())
    found = []
    for interface in root.iterfind("devices/interface"):
        source, mac = interface.find("source"), interface.find("mac")
        network = None if source is None else source.get("network")
        if network is not None and mac is not None:
            told = tools.conn().networkLookupByName(network).DHCPLeases(mac.get("address"))
            found += [lease["ipaddr"] for lease in told]
    return found


def _runs(network: str) -> bool:
    """A process with the network's configuration."""
    wanted = f"--conf-file={DNSMASQ_DIRECTORY / network}.conf".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if wanted in path.read_bytes().split(b"\0"):
                return True
    return False


def _lines(name: str) -> list[str]:
    path = DNSMASQ_DIRECTORY / name
    return [line.strip() for line in path.read_text().splitlines() if line.strip()] if path.exists() else []
