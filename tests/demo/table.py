# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of hosts by networks, read from libvirt's own XML and not with the code on show."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree


def built_from(live: str) -> str:
    """A word or two for what a network is built from, from its live XML."""
    network = ElementTree.fromstring(live)
    forward, bridge = network.find("forward"), network.find("bridge")
    mode = "isolated" if forward is None else forward.get("mode", "nat")
    if mode in ("isolated", "nat", "route", "open"):
        address = network.find("ip")
        return mode if address is None else f"{mode} {address.get('address')}"
    members = [member.get("dev", "") for member in network.iterfind("forward/interface")]
    if bridge is not None and not members:
        return f"bridge {bridge.get('name')}"
    return f"{'macvtap ' if mode != 'passthrough' else ''}{mode} {','.join(members)}"


def table(found: dict[str, dict[str, tuple[str, str]]], names: Sequence[str]) -> str:
    """Networks down, hosts across. found: host to network to (live, persistent) XML."""
    rows = [["network", *found]]
    for name in names:
        rows.append([name, *(built_from(found[host][name][0]) if name in found[host] else "-" for host in found)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
