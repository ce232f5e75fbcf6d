# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies behind a bridge, told from the kernel alone."""

from __future__ import annotations

import re
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import tools

Link = dict[str, Any]


def carries(link: Link) -> bool:
    return {"UP", "LOWER_UP"} <= set(link.get("flags", ()))


def is_tap(link: Link) -> bool:
    return link.get("linkinfo", {}).get("info_kind") == "tun"


def addresses(link: Link) -> list[str]:
    found = [f"{one['local']}/{one['prefixlen']}" for one in link.get("addr_info", []) if one.get("scope") == "global"]
    return sorted(found)


def reach(bridge: Link, uplinks: list[Link]) -> str:
    """l2: frames leave on a wire; nat, routed: the host passes them on; isolated: they end there; the host: they do as
    long as it passes nothing on at all; nothing: cut off."""
    if "UP" not in bridge.get("flags", ()):
        return "nothing"
    if uplinks:
        return "l2" if any(carries(link) for link in uplinks) else "nothing"
    if not addresses(bridge):
        return "isolated"
    return _passed_on(bridge)


def forwards(bridge: Link) -> list[str]:
    """The connections from outside that the host sends to guests: their protocol and port, and the guest's address."""
    networks = [ip_interface(address).network for address in addresses(bridge)]
    found = set()
    for rule in (tools.run("iptables-save") + tools.run("nft", "list", "ruleset")).splitlines():
        target = re.search(r"(?:--to-destination|\bdnat (?:ip )?to) ([0-9]\S*)", rule)
        if target and any(ip_interface(target[1].partition(":")[0]).ip in network for network in networks):
            came = (re.search(r"\b(?:tcp|udp)\b", rule), re.search(r"dport (\S+)", rule))
            found.add(" ".join([*(one[0] for one in came if one), target[1]]).replace("dport ", ""))
    return sorted(found)


def _passed_on(bridge: Link) -> str:
    rules = tools.run("iptables-save") + tools.run("ip6tables-save")
    name = bridge["ifname"]
    from_it = [line for line in rules.splitlines() if line.startswith("-A LIBVIRT_FWO ") and f"-i {name} " in line]
    accepted = any(line.endswith("-j ACCEPT") for line in from_it)
    if from_it and not accepted:
        return "isolated"
    sources = {match for line in from_it for match in re.findall(r"-s (\S+)", line)}
    if any(
        f"-s {source} " in line and ("MASQUERADE" in line or "SNAT" in line)
        for source in sources
        for line in rules.splitlines()
    ):
        return "nat"
    on = Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "1"
    if not on and not from_it:
        return "the host"
    return "nat" if not from_it and _is_masqueraded(bridge) else "routed"


def _is_masqueraded(bridge: Link) -> bool:
    """By a rule of the host's own, whichever tool it comes from: of the bridge's subnet, of all, but not of others."""
    subnets = {str(ip_interface(address).network) for address in addresses(bridge) if ":" not in address}
    for line in tools.run("nft", "list", "ruleset").splitlines():
        if not re.search(r"\b(masquerade|snat)\b|\"(MASQUERADE|SNAT)\"", line):
            continue
        named = re.search(r"ip saddr (\S+)", line)
        out = re.search(r"oifname \"?([^\" ]+)", line)
        if (named is None or named.group(1) in subnets) and (out is None or out.group(1) != bridge["ifname"]):
            return True
    return False
