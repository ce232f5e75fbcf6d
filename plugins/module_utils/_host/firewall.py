# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the host's firewall, as its own tools print them. Nothing is changed, and nothing judged.

What the kernel has and no tool here can show is named.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from typing import Optional

from .programs import find_program, output_of
from .raw_netlink import NETLINK_NETFILTER, parse_attributes, request_dump

_SECONDS = 20
# The older kernel interface: which of its tables a network namespace has.
_LEGACY = {"ip": "/proc/net/ip_tables_names", "ip6": "/proc/net/ip6_tables_names"}
_ARP = "/proc/net/arp_tables_names"
_FILTERS_ARP = re.compile(r"^(-A |:\S+ DROP)", re.MULTILINE)
_TOOLS = {"ip": "iptables", "ip6": "ip6tables"}
# linux/netfilter/nfnetlink.h, nf_tables.h
_GET_TABLES = 10 << 8 | 1
_TABLE_NAME = 1
_NFT_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_OF_DEVICES = re.compile(r'"hook": ?"(ingress|egress)"')
_OF_IPTABLES = re.compile(r"^(ip|ip6) (filter|nat|mangle|raw|security)$")


@dataclass(frozen=True)
class Firewall:
    """nftables: JSON, None without nft or tables; iptables: family (ip, ip6), whether it is kept as nftables, and the
    rules; hidden: what could not be read; chains: as nft prints them, where the JSON may lack something of them."""

    nftables: Optional[str]
    iptables: tuple[tuple[str, bool, str], ...]
    hidden: tuple[str, ...]
    chains: str = ""


def read_firewall() -> Firewall:
    hidden: list[str] = []
    tables = _nft_tables()
    nft, nftables = find_program("nft"), None
    if tables is None or tables:
        nftables = _output(nft, "-j", "list", "ruleset") if nft else None
    # The JSON of nft before 1.0.7 lacks the devices that chains are bound to.
    chains = _output(nft, "list", "chains") if nft and nftables and _OF_DEVICES.search(nftables) else None
    texts: list[tuple[str, bool, str]] = []
    compat = tables is None or any(_OF_IPTABLES.match(name) for name in tables)
    shown = set()
    for family in _TOOLS:
        text = _of_nft(family) if compat else None
        if text is not None:
            texts.append((family, True, text))
            shown.add(family)
        legacy, why = _of_legacy(family)
        texts += [(family, False, legacy)] if legacy else []
        hidden += [why] if why else []
    hidden += _of_arptables()
    if nftables is None:
        unseen = [name for name in tables or () if not (_OF_IPTABLES.match(name) and name.split()[0] in shown)]
        hidden += [f"nftables table {name} (install nft to read it)" for name in unseen]
        hidden += ["nftables, whose tables cannot be listed"] if tables is None and os.path.isdir(_MODULE) else []
    return Firewall(nftables, tuple(texts), tuple(hidden), chains or "")


_MODULE = "/sys/module/nf_tables"


def _of_nft(family: str) -> Optional[str]:
    """The rules of iptables that the kernel has as nftables."""
    for name in (f"{_TOOLS[family]}-nft-save", f"{_TOOLS[family]}-save"):
        tool = find_program(name)
        text = _output(tool) if tool else None
        if text is not None and (name.endswith("-nft-save") or "nf_tables" in text):
            return text
    return None


def _of_legacy(family: str) -> tuple[Optional[str], str]:
    """The rules of iptables that the kernel has by itself, or why they cannot be read."""
    try:
        with open(_LEGACY[family], encoding="ascii") as file:
            names = file.read().split()
    except OSError:
        return None, "" if not os.path.exists(_LEGACY[family]) else f"{_TOOLS[family]}: {_LEGACY[family]}"
    if not names:
        return None, ""
    for name in (f"{_TOOLS[family]}-legacy-save", f"{_TOOLS[family]}-save"):
        tool = find_program(name)
        text = _output(tool) if tool else None
        if text is not None and "nf_tables" not in text:
            return text, ""
    tool = f"{_TOOLS[family]}-legacy-save"
    return None, f"{_TOOLS[family]} tables {', '.join(sorted(names))} (install {tool} to read them)"


def _of_arptables() -> list[str]:
    """What filters ARP by the older kernel interface. Without rules the tables that are there do nothing."""
    try:
        with open(_ARP, encoding="ascii") as file:
            names = file.read().split()
    except OSError:
        return []
    tool = find_program("arptables-legacy-save") or find_program("arptables-save")
    text = _output(tool) if tool and names else None
    if not names or (text is not None and "nf_tables" not in text and not _FILTERS_ARP.search(text)):
        return []
    return [f"arptables tables {', '.join(sorted(names))}"]


def _output(*argv: str) -> Optional[str]:
    return output_of(argv, _SECONDS)


def _nft_tables() -> Optional[list[str]]:
    """Family and name of each table that the kernel has; None where it does not say, such as without nftables."""
    try:
        return [_table_of(answer) for answer in request_dump(NETLINK_NETFILTER, _GET_TABLES, bytes(4))]
    except (OSError, struct.error):
        return None


def _table_of(answer: bytes) -> str:
    family = _NFT_FAMILIES.get(answer[0], str(answer[0]))
    name = dict(parse_attributes(answer[4:])).get(_TABLE_NAME, b"?")
    return f"{family} {name.rstrip(bytes(1)).decode(errors='replace')}"
