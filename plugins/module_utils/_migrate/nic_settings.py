# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC gets from its network on a host: on its own host now, and on a destination if it came there. The check
compares the two, so one function computes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional

from .._fleet.reach import MODES
from .._model.address import ip as canonical_ip
from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import is_virtual, members_of
from .._model.guest import SETTINGS
from .._model.mark import foreign
from .._model.network import DESCRIPTIVE
from .._model.portgroup import PORTGROUP
from .._plan.old_settings import effective_settings
from .destination_facts import DestinationFacts, NetworkFacts
from .frame_path import (
    DOWN,
    NONE,
    PLAIN_PORT,
    UP,
    FramePath,
    NicPort,
    path_through,
    paths_out,
    port_by_itself,
    port_of_tap,
    port_on,
)
from .guest_facts import NetworkState, NicFacts, NicSettings, SourceLink, Uplink
from .host_links import Link
from .router.of_nic import routing_on

DEFAULT_MTU = 1500
# Of an Uplink that takes away the NIC's own VLAN tag.
UNTAGGED = 0
_REACH = {mode: reach for reach, modes in MODES.items() for mode in modes}
# What each host generates, or what says nothing about the network.
_NOT_PORTABLE = ("uuid", "mac", "name", *DESCRIPTIVE)
# Own settings that no portgroup has.
_NOT_IN_PORTGROUPS = ("mtu", "isolated")


def compute_nic_settings(
    host: DestinationFacts, nic: NicFacts, device: Optional[str], held: Optional[Document] = None
) -> Optional[NicSettings]:
    """None when the NIC asks for no network by name, or for one that the host lacks.

    device: the member that it has been given, where that is known; held: the settings that its port was made with.
    """
    net = None if nic.network_name is None else host.networks.get(nic.network_name)
    if net is None:
        return None
    got = settings_from(net, nic)
    if held is not None:
        got.update(held)
    own_isolation = nic.own.get("isolated")
    isolated = bool((net.document.get("port") or {}).get("isolated") if own_isolation is None else own_isolation)
    port = port_on(host.host_links, net.bridge, got["vlan"], isolated) if net.bridge else PLAIN_PORT
    return NicSettings(
        network=NetworkState(
            uuid=net.document.get("uuid"),
            active=net.active,
            persistent=net.persistent,
            autostart=net.details.autostart,
            managed=net.details.managed,
        ),
        mode=net.mode,
        reach=_REACH.get(net.mode),
        mtu=_smallest(path_mtu(host, net, device, port), nic.own.get("mtu")),
        uplink=uplink_of(host, net, device, port),
        portgroup=portgroup_of(net, nic.portgroup),
        vlan=got["vlan"],
        bandwidth=got["bandwidth"],
        virtualport=got["virtualport"],
        trust_guest_rx_filters=bool(got["trust_guest_rx_filters"]),
        isolated=isolated,
        addresses=addresses_on(host, net),
        forwarding=forwarded_families(host, net),
        definition=portable_definition(net),
        routing=routing_on(host, net.bridge, net) if net.active else None,
        dnsmasq=net.details.dnsmasq if net.active else None,
    )


def settings_from(net: NetworkFacts, nic: NicFacts) -> Document:
    """What the NIC gets by its own settings, its portgroup and the network."""
    own = {name: value for name, value in nic.own.items() if name not in _NOT_IN_PORTGROUPS}
    return effective_settings(net.document, nic.portgroup, own)


def portgroup_of(net: NetworkFacts, name: Optional[str]) -> Optional[Document]:
    """The portgroup that a NIC gets: the one it names, else the default; None when there is none."""
    for group in net.document.get("portgroups") or ():
        if group.get("default") if name is None else group.get("name") == name:
            return dict(group)
    return None


def addresses_on(host: DestinationFacts, net: NetworkFacts) -> tuple[str, ...]:
    """The host's own on the network, such as 10.20.0.1/24: what guests have as their gateway and subnet.

    Those that the network defines, without those that were removed from its bridge, where that can be seen.
    """
    return tuple(sorted(f"{ip.get('address')}/{ip.get('prefix')}" for ip in _addresses(host, net)))


def removed_addresses(host: DestinationFacts, net: NetworkFacts) -> list[str]:
    """The addresses that the network defines, and that its bridge does not have."""
    there = addresses_on(host, net)
    defined = (f"{ip.get('address')}/{ip.get('prefix')}" for ip in net.document.get("ips") or ())
    return sorted(address for address in defined if address not in there)


def _addresses(host: DestinationFacts, net: NetworkFacts) -> list[Document]:
    ips = list(net.document.get("ips") or ())
    link = host.link(net.bridge) if net.active and net.bridge else None
    if link is None or link.addresses is None:
        return ips
    live = {canonical_ip(one) for one in link.addresses}
    return [ip for ip in ips if canonical_ip(str(ip.get("address"))) in live or _is_link_local(str(ip.get("address")))]


def _is_link_local(address: str) -> bool:
    """Links are shown without these."""
    return address.lower().startswith(("fe80:", "169.254."))


def forwarded_families(host: DestinationFacts, net: NetworkFacts) -> Optional[tuple[str, ...]]:
    """The families of the network's subnets whose packets the host passes on; None when it cannot be seen, or there is
    nothing to pass on. A network without a subnet here may have any behind its bridge.
    """
    forwarding = host.forwarding
    if forwarding is None or not net.active or _REACH.get(net.mode) not in ("nat", "routed"):
        return None
    router = None if host.routers is None else host.routers.get(str(net.bridge))
    stopped = {} if router is None else router.stopped
    return tuple(family for family in subnet_families(net) if forwarding.passes(family) and family not in stopped)


def subnet_families(net: NetworkFacts) -> list[str]:
    return sorted({str(ip.get("family") or "ipv4") for ip in net.document.get("ips") or ()} or {"ipv4", "ipv6"})


def portable_definition(net: NetworkFacts) -> Document:
    """The network as another host could be given it."""
    document = {key: value for key, value in net.options.items() if key not in _NOT_PORTABLE}
    if is_virtual(net.document):
        # libvirt finds a free name of its own.
        bridge = {key: value for key, value in (document.get("bridge") or {}).items() if key != "name"}
        document.pop("bridge", None)
        if bridge:
            document["bridge"] = bridge
    if net.options.get("metadata") and foreign(net.options):
        document["metadata"] = foreign(net.options)
    return document


def path_mtu(
    host: DestinationFacts, net: NetworkFacts, device: Optional[str] = None, port: NicPort = PLAIN_PORT
) -> Optional[int]:
    """The largest frame that passes on the host, None when it cannot be seen. device: of a pool, where it is known;
    port: the NIC's, of a bridge."""
    if net.is_virtual:
        link = host.link(net.bridge) if net.bridge else None
        return (link.mtu if link is not None else None) or net.document.get("mtu") or DEFAULT_MTU
    if host.links is None:
        return None
    if net.bridge:
        return bridge_mtu(host, net.bridge, port)
    return _smallest(*(link.mtu for link in member_links(host, net, device)))


def bridge_mtu(host: DestinationFacts, bridge: str, port: NicPort = PLAIN_PORT) -> Optional[int]:
    """The largest frame that leaves the host from this port, None when it cannot be seen."""
    link = host.link(bridge)
    if link is None:
        return None
    return _smallest(
        link.mtu, *(path.mtu for path in paths_out(host.host_links, bridge, port) or () if path.state == UP)
    )


def member_links(host: DestinationFacts, net: NetworkFacts, device: Optional[str] = None) -> list[Link]:
    """The links of a pool's members that are there, or of the one device. A PCI address has none that could be looked
    for: that of its VF may be inside a guest.
    """
    names = [device] if device else members_of(net.options)
    return [link for name in names for link in [host.link(str(name))] if link is not None]


def uplink_of(
    host: DestinationFacts,
    net: NetworkFacts,
    device: Optional[str] = None,
    port: NicPort = PLAIN_PORT,
) -> Uplink:
    """device: of a pool, where it is known; port: the NIC's, of a bridge."""
    if host.links is None or (net.is_virtual and not forward_device(net)):
        return Uplink()
    if net.is_virtual:
        return combine_ways(_ways_by(host, [host.link(str(forward_device(net)))]))
    if net.bridge:
        return combine_ways(paths_out(host.host_links, net.bridge, port), port)
    return combine_ways(None if net.mode == "hostdev" else _ways_by(host, member_links(host, net, device)))


def _ways_by(host: DestinationFacts, links: Iterable[Optional[Link]]) -> list[FramePath]:
    return [path_through(host.host_links, link) for link in links if link is not None]


def combine_ways(paths: Optional[Sequence[FramePath]], port: NicPort = PLAIN_PORT) -> Uplink:
    """One way that works is enough; as long as one of them is not understood, it may be that one.

    port: the NIC's, whose tags are its own and not the uplink's.
    """
    if paths is None:
        return Uplink()
    states = {path.state for path in paths}
    vlans = {_uplinks_own(path.vlan, port.tags) for path in paths if path.state == UP}
    state = NONE if not paths else UP if UP in states else None if None in states else DOWN
    open_paths = [path for path in paths if path.state == UP]
    return Uplink(
        state,
        vlans.pop() if len(vlans) == 1 else None,
        multicast=not open_paths or any(path.multicast for path in open_paths),
    )


def _uplinks_own(wire: Optional[int], tags: tuple[int, ...]) -> Optional[int]:
    """Beside the NIC's own tag: None when frames leave as the NIC sends them, UNTAGGED when they lose its tag."""
    if len(tags) != 1:
        return wire
    return UNTAGGED if wire is None else None if wire == tags[0] else wire


def wire_vlan(own: Optional[int], tags: tuple[int, ...]) -> Optional[int]:
    """The VLAN on the wire, from that of an Uplink."""
    if len(tags) == 1:
        return tags[0] if own is None else own or None
    return own


def forward_device(net: NetworkFacts) -> Optional[str]:
    """The only device by which a NAT or routed network forwards, where it names one."""
    forward = net.document.get("forward") or {}
    named = forward.get("interfaces") or ()
    device = forward.get("dev") or (named[0].get("dev") if named else None)
    return None if device is None else str(device)


def _smallest(*sizes: Optional[int]) -> Optional[int]:
    known = [size for size in sizes if size]
    return min(known) if known else None


def canonical_port_settings(port: Document) -> Document:
    """The settings that a port was made with, as effective_settings() gives those of a NIC."""
    document = canonical(PORTGROUP, port)
    return {name: document.get(name) for name in SETTINGS}


def find_source_link(host: DestinationFacts, nic: NicFacts, tap: Optional[str]) -> SourceLink:
    """Of the device that a NIC names in place of a network, or that the tap of an ethernet NIC is in; nothing is known
    about that of other kinds of NICs."""
    device = str(nic.source)
    if host.links is None:
        return SourceLink()
    if nic.type == "ethernet":
        bridge = None if tap is None else host.host_links.bridge_of(tap)
        if bridge is None:
            return SourceLink()
        port = port_of_tap(host.host_links, bridge, str(tap))
        # The VLAN is the tap's and not the NIC's, so that it is compared.
        return SourceLink(bridge_mtu(host, bridge, port), combine_ways(paths_out(host.host_links, bridge, port)))
    own_mtu = nic.own.get("mtu")
    if nic.type == "bridge":
        port = port_by_itself(host.host_links, device, nic.own)
        uplink = combine_ways(paths_out(host.host_links, device, port), port)
        return SourceLink(_smallest(bridge_mtu(host, device, port), own_mtu), uplink, routing_on(host, device, None))
    link = host.link(device)
    if nic.type != "direct" or link is None:
        return SourceLink()
    return SourceLink(_smallest(link.mtu, own_mtu), combine_ways([path_through(host.host_links, link)]))


def is_attached(host: DestinationFacts, nic: NicFacts, tap: Optional[str]) -> Optional[bool]:
    """Whether the kernel has a running guest's NIC where its network says: its tap in the bridge, or its device in the
    pool. None for a NIC of no network, and where links cannot be seen.
    """
    net = None if nic.network_name is None else host.networks.get(nic.network_name)
    if net is None or host.links is None:
        return None
    if nic.device:
        return nic.device in (net.connections or members_of(net.options))
    link = host.link(str(tap))
    if link is None or not net.bridge:
        return False
    return host.host_links.bridge_of(link.name) == net.bridge
