# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network's host serves to its guests, by the files that its dnsmasq runs with."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path("/var/lib/libvirt/dnsmasq")
NAMES = re.compile(r"(domain|address|txt-record|srv-host|cname)=")


def by(network: str) -> list[str]:
    """DHCP, DNS, the domain, and every name that is known here."""
    settings = _lines(f"{network}.conf")
    found = [line for line in settings if NAMES.match(line)]
    found += _lines(f"{network}.addnhosts")
    if settings and "port=0" not in settings:
        found.append("DNS")
    # ra-only: router advertisements, by which guests make up addresses themselves.
    ranges = [line for line in settings if line.startswith("dhcp-range=") and not line.endswith("ra-only")]
    found += sorted({"DHCP for IPv6" if ":" in line else "DHCP for IPv4" for line in ranges})
    return sorted(found)


def _lines(name: str) -> list[str]:
    path = FOLDER / name
    return [line.strip() for line in path.read_text().splitlines() if line.strip()] if path.exists() else []
