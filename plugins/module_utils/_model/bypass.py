# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bypass of a network: a temporary bridge in which its guests stay connected while it restarts, joined to the
network's own bridge by a veth pair."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Optional

_PREFIX = "vfbp"
_OUTER, _INNER = "a", "b"
_END = re.compile(rf"^{_PREFIX}[0-9a-f]{{8}}[{_OUTER}{_INNER}]$")
_BRIDGE = re.compile(rf"^{_PREFIX}[0-9a-f]{{8}}$")
_ALIAS_BYTES = 255
_UNQUOTED = re.compile(r"[^A-Za-z0-9._ -]")


@dataclass(frozen=True)
class Bypass:
    """obstacles: why it cannot be made, a clause each; none where it can."""

    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True)
class BypassFacts:
    """taken: names that it needs and other links have; refused: by kind of link, why the kernel makes none for this
    user; ipv6: whether IPv6 can be disabled on new links; filters_vlans: whether the network's bridge does; daemon_stp:
    whether a daemon, not the kernel, decides for that bridge which ports forward; silent: ports of that bridge that it
    keeps from forwarding; unequal: rules of the host's firewall by which frames between
    guests may fare otherwise than in the network's own bridge."""

    taken: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    ipv6: bool = True
    filters_vlans: bool = False
    daemon_stp: bool = False
    silent: tuple[str, ...] = ()
    unequal: tuple[str, ...] = ()


def bypass_of(network: str) -> str:
    """The temporary bridge's name."""
    return _PREFIX + hashlib.sha256(network.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def outer_end(bypass: str) -> str:
    """The end of the veth pair that is in the network's bridge."""
    return bypass + _OUTER


def inner_end(bypass: str) -> str:
    """The end of the veth pair that is in the temporary bridge."""
    return bypass + _INNER


def is_end(link: str) -> bool:
    """Whether a name is that of an end of such a veth pair."""
    return bool(_END.match(link))


def is_bypass(link: str) -> bool:
    """Whether a name is that of such a bridge."""
    return bool(_BRIDGE.match(link))


def alias_of(network: str) -> str:
    """What the temporary bridge says about itself (ip link show), by which it is recognized. The ip of Debian 11 does
    not escape an alias in JSON; the kernel refuses one that is too long."""
    return f"virtfleet.network: bypass of network {_UNQUOTED.sub('?', network)}"[:_ALIAS_BYTES]


def is_alias_of(alias: Optional[str], network: str) -> bool:
    """Whether a bridge says that it is the bypass of this network."""
    return alias == alias_of(network)
