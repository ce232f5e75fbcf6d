# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's links, as they are read and as virt_network_info returns them."""

from __future__ import annotations

from typing import Optional, TypedDict


class PortVlanInfo(TypedDict):
    """id: of a VLAN that a port of a bridge is in."""

    id: int
    untagged: bool
    pvid: bool


class LinkMessage(TypedDict):
    """A link, as one netlink message describes it.

    kind: veth, bridge, macvtap, ...; "physical" for none; state: operational (up, down, lowerlayerdown, unknown, ...);
    admin: up or down; carrier: None when unknown; parent: index of the link it stands on in this namespace; vlan: id,
    of a link of kind vlan; vlan_protocol: 802.1q or 802.1ad, of a link of kind vlan and of a bridge; vlan_filtering,
    default_pvid: of a bridge, the latter the VLAN of a port that has none of its own, 0 for none; stp_delay: of a
    bridge, how many seconds it keeps a new port silent; port_state: of a port of a bridge; mode: of a macvtap or
    macvlan.
    """

    name: str
    index: int
    kind: str
    mac: Optional[str]
    mtu: int
    state: str
    admin: str
    carrier: Optional[bool]
    vlan: Optional[int]
    vlan_protocol: Optional[str]
    vlan_filtering: Optional[bool]
    default_pvid: Optional[int]
    stp_delay: Optional[float]
    port_state: Optional[str]
    parent: Optional[int]
    mode: Optional[str]


class KernelLink(LinkMessage):
    """master: its name; addresses: the host's own; subnets: the same with their prefix; link_local: those on which a
    service can listen; programs: what may drop frames (XDP, tcx, unusual disciplines of tc).
    """

    master: Optional[str]
    default_route: bool
    addresses: tuple[str, ...]
    subnets: tuple[str, ...]
    link_local: tuple[str, ...]
    vlans: Optional[list[PortVlanInfo]]
    programs: list[str]


class HostLink(KernelLink):
    """bound: MAC addresses that its bridge has there for good; vf: whether it is a VF's; had_carrier: of a link that is
    down; multi_queue: whether a tap has several queues; port_settings: by the names of link_kinds.USUAL, or as
    "attribute 45"."""

    bound: list[str]
    vf: bool
    had_carrier: Optional[bool]
    multi_queue: Optional[bool]
    port_settings: Optional[dict[str, bool]]


class ProbedLink(HostLink):
    """carrier_when_up: None of a link that was not probed."""

    carrier_when_up: Optional[bool]
