# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's links and Open vSwitch bridges as virt_network_info shows them, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Optional

# Links that are guests' taps.
_TAPS = ("tun",)
_DOT1Q = "802.1q"
# States of a bridge's port that it does not leave by itself.
_BLOCKED_STATES = ("disabled", "blocking")
_NO_UPLINKS = ("internal", "dpdkvhostuser", "dpdkvhostuserclient")


@dataclass(frozen=True)
class PortVlan:
    """id: of a VLAN that a port of a bridge is in; untagged: whether its frames leave the port without a tag; pvid:
    whether untagged frames that come in by the port are in this VLAN, None in a saved result that does not say it."""

    id: int
    untagged: bool
    pvid: Optional[bool] = None


@dataclass(frozen=True)
class Link:
    """See virt_network_info. addresses, subnets, link_local: None where a saved result lacks them; multi_queue: of a
    tap; vlan_protocol: of a VLAN device or a bridge; had_carrier, carrier_when_up: of a link that is down; programs:
    that may drop frames; bound: MAC addresses that the bridge has at this port for good."""

    name: str
    kind: str
    mtu: Optional[int]
    admin: str
    carrier: Optional[bool]
    master: Optional[str]
    default_route: bool
    programs: tuple[str, ...]
    bound: tuple[str, ...]
    mac: Optional[str] = None
    index: Optional[int] = None
    parent: Optional[int] = None
    vlan: Optional[int] = None
    vlan_filtering: Optional[bool] = None
    default_pvid: Optional[int] = None
    vlans: Optional[tuple[PortVlan, ...]] = None
    mode: Optional[str] = None
    stp_delay: Optional[float] = None
    port_state: Optional[str] = None
    port_settings: Optional[dict[str, bool]] = None
    addresses: Optional[tuple[str, ...]] = None
    subnets: Optional[tuple[str, ...]] = None
    link_local: Optional[tuple[str, ...]] = None
    vf: Optional[bool] = None
    multi_queue: Optional[bool] = None
    had_carrier: Optional[bool] = None
    carrier_when_up: Optional[bool] = None
    vlan_protocol: Optional[str] = None

    @classmethod
    def unseen(cls, name: str) -> Link:
        """A port of Open vSwitch that the kernel does not know."""
        return cls(name, "openvswitch", None, "up", None, None, default_route=False, programs=(), bound=())

    @property
    def is_blocked_port(self) -> bool:
        return self.port_state in _BLOCKED_STATES

    @property
    def has_other_tags(self) -> bool:
        """Whether a VLAN device, or a bridge that filters VLANs, speaks another protocol than 802.1Q."""
        return self.vlan_protocol not in (None, _DOT1Q)

    @property
    def is_for_its_own_mac_only(self) -> bool:
        """A macvlan hands a bridge on top of it no frames for others, unless it has its device for itself."""
        return self.kind == "macvlan" and self.mode != "passthru" and bool(self.master)


@dataclass(frozen=True)
class OvsInterface:
    """type: empty or system for a link of the kernel, internal, patch, vxlan, dpdk, ...; peer: of a patch port, the
    other one; up, lacp (whether a partner answers): None where Open vSwitch does not say; settings: by OpenFlow."""

    name: str
    type: str
    peer: Optional[str] = None
    up: Optional[bool] = None
    lacp: Optional[bool] = None
    settings: Optional[tuple[str, ...]] = None


@dataclass(frozen=True)
class OvsPort:
    """tag, trunks, vlan_mode: as in Open vSwitch's table Port; interfaces: several of a bond; needs_lacp: it carries
    nothing before LACP is negotiated; mirrors: it only gets copies of what passes elsewhere."""

    interfaces: tuple[OvsInterface, ...]
    trunks: tuple[int, ...]
    needs_lacp: bool
    mirrors: bool
    tag: Optional[int] = None
    vlan_mode: Optional[str] = None

    @property
    def is_the_hosts_or_a_guests(self) -> bool:
        return all(interface.type in _NO_UPLINKS for interface in self.interfaces)


@dataclass(frozen=True)
class OvsBridge:
    """controllers: how many; flows: normal (as of a learning switch), none, other, or None where they cannot be
    seen; stp_delay: how many seconds it keeps a new port silent."""

    ports: dict[str, OvsPort]
    controllers: int
    fail_mode: Optional[str] = None
    flows: Optional[str] = None
    stp_delay: Optional[float] = None


class HostLinks:
    """by_name: None where links cannot be seen; switches_seen: whether Open vSwitch was read. ways: what
    frame_path.paths_out found, for each bridge and its tags."""

    def __init__(self, links: Optional[tuple[Link, ...]], ovs_bridges: Optional[dict[str, OvsBridge]]) -> None:
        self.by_name = None if links is None else {link.name: link for link in links}
        self.ovs_bridges = ovs_bridges or {}
        self.switches_seen = ovs_bridges is not None
        self.paths: dict[Any, Any] = {}

    def link(self, name: str) -> Optional[Link]:
        return (self.by_name or {}).get(name)

    def is_guests(self, name: str) -> bool:
        """A tap, unless it is a port of Open vSwitch's own userspace datapath."""
        link = self.link(name)
        return link is not None and link.kind in _TAPS and name not in self.internal_ports

    def ports_of(self, bridge: str) -> list[Link]:
        """Of a Linux bridge, without guests' taps and the dummy that libvirt itself puts there."""
        found = self._by_master.get(bridge, [])
        return [link for link in found if not self.is_guests(link.name) and link.name != f"{bridge}-nic"]

    def leads_on(self, name: str) -> bool:
        """Whether an internal port of Open vSwitch is a port of another bridge, too."""
        link = self.link(name)
        return name in self.internal_ports and link is not None and self.link(str(link.master)) is not None

    def parent_of(self, link: Link) -> Optional[Link]:
        """The link that it stands on, of a veth the other end; None when that is in another namespace."""
        found = None if link.parent is None else self._by_index.get(link.parent)
        return None if found is None or found.name == link.name else found

    def bridge_of(self, name: str) -> Optional[str]:
        """The bridge, of Linux or of Open vSwitch, that a link is a port of."""
        for bridge, switch in self.ovs_bridges.items():
            if any(interface.name == name for port in switch.ports.values() for interface in port.interfaces):
                return bridge
        link = self.link(name)
        return None if link is None else link.master

    def joined_with(self, bridge: str) -> frozenset[str]:
        """The bridge, and those to which its ports lead within the host, by veth or patch ports."""
        found: set[str] = set()
        ahead = [bridge]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead += [one for end in self._far_ends(name) for one in self._bridges_of(end)]
        return frozenset(found)

    def _bridges_of(self, name: str) -> list[str]:
        """An internal port of Open vSwitch may be a port of a Linux bridge as well."""
        link = self.link(name)
        masters = [link.master] if link is not None and name in self.internal_ports else []
        return [one for one in (self.bridge_of(name), *masters) if one]

    def _far_ends(self, bridge: str) -> list[str]:
        """Of the veths and patch ports among the ports of a bridge."""
        switch = self.ovs_bridges.get(bridge)
        own = [one for port in switch.ports.values() for one in port.interfaces] if switch is not None else []
        links = [self.link(one.name) for one in own] if switch is not None else list(self.ports_of(bridge))
        veths = [self.parent_of(link) for link in links if link is not None and link.kind == "veth"]
        found = [link.name for link in veths if link is not None] + [one.peer for one in own if one.peer]
        return found + [link.name for link in links if link is not None and link.name in self.internal_ports]

    @cached_property
    def internal_ports(self) -> dict[str, str]:
        """Of Open vSwitch, by name, with their bridge. The host has them as links."""
        return {
            interface.name: bridge
            for bridge, switch in self.ovs_bridges.items()
            for port in switch.ports.values()
            for interface in port.interfaces
            if interface.type == "internal"
        }

    @cached_property
    def _by_master(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in (self.by_name or {}).values():
            found.setdefault(str(link.master), []).append(link)
        return found

    @cached_property
    def _by_index(self) -> dict[int, Link]:
        return {link.index: link for link in (self.by_name or {}).values() if link.index is not None}
