# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is so on a host and decides whether libvirt can start a network there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional


@dataclass(frozen=True)
class Route:
    """An IPv4 route, as the numbers that its address and its mask are."""

    link: str
    address: int
    mask: int


@dataclass(frozen=True)
class HostQuestions:
    """What to find out about a host.

    directories: whether they are there. pf: a link, hostdev: whether its VFs are to be given whole; functions: PCI
    addresses; zone: whether firewalld runs; register: whether systemd-resolved does; options: lines of a configuration
    that the host's dnsmasq is to judge.
    """

    directories: tuple[str, ...] = ()
    pf: Optional[str] = None
    hostdev: bool = False
    functions: tuple[str, ...] = ()
    zone: bool = False
    register: bool = False
    options: Optional[tuple[str, ...]] = None


@dataclass(frozen=True)
class HostFacts:
    """Contains only what was requested. Values are None if the host does not show them.

    links: the names of all; routes: of the main table; directories: those of the request that exist; vfs: by
    a PF's name how many VFs it has that a network can use, None for one that is not there; functions: by PCI address
    whether it is a VF; accept_ra: links with IPv6 routes from router advertisements that forwarding would
    cost the host; dnsmasq: what the host's dnsmasq has against the options, "" for nothing.
    """

    links: frozenset[str] = frozenset()
    routes: tuple[Route, ...] = ()
    directories: frozenset[str] = frozenset()
    vfs: dict[str, Optional[int]] = field(default_factory=dict)
    functions: dict[str, bool] = field(default_factory=dict)
    ipv6: bool = True
    accept_ra: tuple[str, ...] = ()
    vlan_filtering: Optional[bool] = None
    traffic_control: Optional[bool] = None
    firewalld: Optional[bool] = None
    resolved: Optional[bool] = None
    dnsmasq: Optional[str] = None
    hook: bool = False
