# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's links under a network, or under a NIC that names a bridge or link itself: the bridge, what leads out of
it, and whether full-size frames pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._fleet.reach import underlying_links
from .. import remedy
from ..destination_facts import DestinationFacts, NetworkFacts
from ..finding import WARNING, Finding, Remedy, blocked, degraded, informational, refused, unknown
from ..frame_path import (
    DOWN,
    NONE,
    PLAIN_PORT,
    UP,
    FramePath,
    path_once_up,
    path_through,
    paths_out,
    port_by_itself,
    port_of_tap,
    port_on,
)
from ..guest_facts import SourceLink, Uplink
from ..lookup_kinds import LINKS, POOLS
from ..nic_settings import bridge_mtu, combine_ways, wire_vlan
from ..rule import NicCase, nic_rule
from .paths import PATH_UNKNOWN, explain_break, repair_path
from .pools import MEMBER_DOWN, draws_from_pool, is_only_down, report_member_down

# --- The bridge ---

BRIDGE_MISSING = refused(
    "BRIDGE_MISSING",
    "{host} has no bridge {link}, which {subject} uses.",
    "The bridge does not exist, or the link of that name is not a bridge. The network is active all the same, but "
    "libvirt refuses the guest. Seen: error 38",
    "`ip link add`",
)
NOT_A_BRIDGE = refused("BRIDGE_MISSING", "{link} on {host}, which {subject} uses, is not a bridge.")
BRIDGE_DOWN = blocked(
    "BRIDGE_DOWN",
    "Bridge {link} on {host}, which {subject} uses, is down.",
    "The bridge is down: libvirt accepts the guest, but drops its frames. Seen",
    "`ip link set up`",
)
STP_DELAY = degraded(
    "BRIDGE_STP_DELAY",
    "Bridge {link} on {host}, which {subject} uses, has STP on and blocks a new port for {seconds:.0f} seconds.",
    "The bridge has STP on and blocks a new port for more than 8 seconds (twice its forward delay). Seen",
    "reduce the bridge's `forward_delay`",
)
BRIDGE_NOT_SEEN = unknown(
    "The links of {host} cannot be read from here, so it is unknown whether bridge {link}, which {subject} uses, works."
)
SWITCH_NOT_SEEN = unknown(
    "It is unknown whether bridge {link} of {subject} on {host} works, because Open vSwitch does not answer."
)
BRIDGE_WITHOUT_NAME = unknown("The bridge of {where} has no name, so the check cannot find it.")
_BRIDGE_KINDS = (BRIDGE_MISSING, NOT_A_BRIDGE, BRIDGE_DOWN, STP_DELAY, BRIDGE_NOT_SEEN, SWITCH_NOT_SEEN)

# Seconds for which libvirt's own bridges block a new port, too.
SHORT_STP_DELAY = 8


@nic_rule(*_BRIDGE_KINDS, BRIDGE_WITHOUT_NAME, needs=(LINKS,))
def check_bridge(case: NicCase) -> Iterator[Finding]:
    net = case.net
    if net is None or not net.active:
        return
    if net.bridge:
        yield from _check_bridge(case.host, net.bridge, net)
    elif net.is_virtual:
        yield BRIDGE_WITHOUT_NAME.found(network=net.name)


def _check_bridge(host: DestinationFacts, name: str, net: Optional[NetworkFacts]) -> Iterator[Finding]:
    """net: the network that uses the bridge, None for a NIC that names it."""
    network = None if net is None else net.name
    link = host.link(name)
    if host.links is None:
        yield BRIDGE_NOT_SEEN.found(network=network, link=name)
    elif link is None:
        # Only a restart of the network makes libvirt's own bridge again, and cuts off everything that is plugged in.
        made = net is not None and net.is_virtual
        repair = None if made else remedy.run_command("ip", "link", "add", name, "up", "type", "bridge")
        yield BRIDGE_MISSING.found(network=network, link=name, remedy=repair)
    elif host.may_be_switch(name):
        yield SWITCH_NOT_SEEN.found(network=network, link=name)
    elif not host.is_bridge(name):
        yield NOT_A_BRIDGE.found(network=network, link=name)
    elif link.admin != "up" and name not in host.ovs_bridges:
        # Of Open vSwitch this is only the host's own port.
        yield BRIDGE_DOWN.found(network=network, link=name, remedy=remedy.set_link_up(name))
    else:
        switch = host.ovs_bridges.get(name)
        delay = link.stp_delay if switch is None else switch.stp_delay
        if (delay or 0) > SHORT_STP_DELAY:
            yield STP_DELAY.found(network=network, link=name, seconds=delay)


# --- What leads out. Where the guest's own host had no way out either, there is none to lose. ---

NO_UPLINK = blocked(
    "UPLINK_MISSING",
    "Bridge {link} on {host}, which {subject} uses, has no uplink: all its ports are guests'.",
    "The bridge has no uplink but has one on the source, or the device that a NIC names does not exist",
)
UPLINK_DEAD = blocked(
    "UPLINK_NO_CARRIER",
    "{link} on {host}, the uplink of {subject}, {state}{others}.",
    "No uplink of the bridge has a carrier at its end, or the pool's next member has none. The same "
    "applies to an uplink that passes no frames. This is a bridge port that is disabled or blocking, does not flood, "
    "is not in the guest's VLAN, or is isolated like the NIC's port. It can also be a macvlan, a dummy, or Open "
    "vSwitch without flows. Seen: libvirt accepts the guest",
    "`ip link set up`, or plug in the cable",
)
UPLINKS_NOT_SEEN = unknown("The uplinks of bridge {link} on {host}, which {subject} uses, cannot be read.")
UPLINK_VLAN_DIFFERS = blocked(
    "VLAN_DIFFERS", "The uplink of {where} is in {after:vlan}; on the guest's own host it is in {before:vlan}."
)
FORWARD_DEVICE_MISSING = blocked(
    "UPLINK_MISSING", "{host} has no {link}, the only device through which {subject} forwards packets."
)
FORWARD_DEVICE_DEAD = blocked(
    "UPLINK_NO_CARRIER", "{link} on {host}, the only device through which {subject} forwards packets, {state}."
)
FORWARD_DEVICE_WITHOUT_ROUTE = blocked(
    "NET_REACH_DIFFERS",
    "{Where} forwards only through {link}, which has neither an address nor the default route; on the guest's own host "
    "it forwards through any link.",
    "The network forwards through only one device, which has neither an address nor the default route. Seen",
)

MULTICAST_STOPPED = degraded(
    "UPLINK_NO_MULTICAST",
    "{link} on {host}, the uplink of {subject}, does not flood multicast frames, which IPv6 needs.",
    "The bridge does not flood multicast frames to its uplink (`mcast_flood off`), which IPv6 needs to find neighbours",
    "`bridge link set dev <uplink> mcast_flood on`",
)
UPLINK_KINDS = (
    NO_UPLINK,
    UPLINK_DEAD,
    UPLINKS_NOT_SEEN,
    UPLINK_VLAN_DIFFERS,
    PATH_UNKNOWN,
    MULTICAST_STOPPED,
)


@nic_rule(
    *UPLINK_KINDS,
    FORWARD_DEVICE_MISSING,
    FORWARD_DEVICE_DEAD,
    FORWARD_DEVICE_WITHOUT_ROUTE,
    needs=(LINKS,),
)
def check_uplinks(case: NicCase) -> Iterator[Finding]:
    """Of bridges, and of NAT and routed networks that are bound to a device; pools have their own."""
    net, host = case.net, case.host
    if net is None or not net.active or host.links is None:
        return
    if net.bridge and not host.is_bridge(net.bridge):
        return  # check_bridge reports it
    before = Uplink() if case.before is None else case.before.uplink
    if net.is_virtual:
        yield from _check_forward_device(case, net, before)
    elif net.bridge:
        yield from check_paths_out(host, net.bridge, net.name, before, case)


def _check_forward_device(case: NicCase, net: NetworkFacts, before: Uplink) -> Iterator[Finding]:
    if before.state in (DOWN, NONE):
        return
    for device in underlying_links(net.document)[:1]:
        link = case.host.link(device)
        if link is None:
            yield FORWARD_DEVICE_MISSING.found(network=net.name, link=device)
            continue
        path = path_through(case.host.host_links, link)
        if path.state == DOWN:
            yield FORWARD_DEVICE_DEAD.found(
                network=net.name, link=device, state=explain_break(path), remedy=repair_path(path)
            )
        elif path.state is None:
            yield PATH_UNKNOWN.found(network=net.name, link=device, state=explain_break(path))
        elif _forwarded_by_any(case) and not (link.default_route or link.addresses):
            yield FORWARD_DEVICE_WITHOUT_ROUTE.found(network=net.name, link=device)


def _forwarded_by_any(case: NicCase) -> bool:
    return case.before is not None and not underlying_links(case.before.definition)


def check_paths_out(
    host: DestinationFacts, name: str, network: Optional[str], before: Uplink, case: Optional[NicCase] = None
) -> Iterator[Finding]:
    """had: the uplinks on the guest's own host; case: of a NIC that has the bridge from its network, or names it,
    or whose tap is in it."""
    if before.state in (DOWN, NONE):
        return
    after = None if case is None else case.after
    port = own = PLAIN_PORT
    if after is not None:
        port = own = port_on(host.host_links, name, after.vlan, after.isolated)
    elif case is not None and case.nic.type == "ethernet":
        port = port_of_tap(host.host_links, name, str(case.nic.target))  # whose VLAN is not the NIC's own
    elif case is not None:
        port = own = port_by_itself(host.host_links, name, case.nic.own)
    found = paths_out(host.host_links, name, port)
    there = combine_ways(found, own)
    if found is None:
        yield UPLINKS_NOT_SEEN.found(network=network, link=name)
    elif not found:
        yield NO_UPLINK.found(network=network, link=name)
    elif there.state == DOWN:
        dead = min(found, key=lambda path: path.uplink)
        others = " (like its other uplinks)" if len(found) > 1 else ""
        yield UPLINK_DEAD.found(
            network=network, link=dead.uplink, state=explain_break(dead), others=others, remedy=repair_path(dead)
        )
    elif there.state is None:
        obscure = min((path for path in found if path.state is None), key=lambda path: path.uplink)
        yield PATH_UNKNOWN.found(network=network, link=obscure.uplink, state=explain_break(obscure))
    else:
        # Where the NIC itself gets other tags, that is said by itself.
        same_tags = case is None or case.before is None or after is None or case.before.vlan == after.vlan
        if before.state == UP and there.vlan != before.vlan and same_tags:
            vlan_after, vlan_before = (wire_vlan(vlan, own.tags) for vlan in (there.vlan, before.vlan))
            yield UPLINK_VLAN_DIFFERS.found(network=network, link=name, after=vlan_after, before=vlan_before)
        if before.multicast and not there.multicast:
            first = min((path for path in found if path.state == UP), key=lambda path: path.uplink)
            yield MULTICAST_STOPPED.found(network=network, link=first.uplink)


# --- MTU ---

MTU_TOO_SMALL = blocked(
    "MTU_TOO_SMALL",
    "{Where} passes frames of up to {after} bytes; the guest's own host passes up to {before} bytes.",
    "Full-size frames that pass on the source do not pass on the destination; the smallest MTU of network, bridge, "
    "uplinks and NIC counts. Seen: libvirt accepts the guest, except for a macvtap whose NIC sets `<mtu>` (error 38)",
    "raise the MTU of the link or network",
)
LINK_MTU_TOO_SMALL = blocked(
    "MTU_TOO_SMALL",
    "{link} on {host}, which the NIC names, passes frames of up to {after} bytes; on the guest's own host, it passes "
    "up to {before} bytes.",
)
SOURCE_MTU_NOT_SEEN = unknown("The MTU of {subject} on the guest's own host is unknown.")
MTU_NOT_SEEN = unknown("The MTU of {where} is unknown.")
LINK_MTU_NOT_SEEN = unknown("The MTU of {link}, which the NIC names, is not known for both hosts.")


@nic_rule(MTU_TOO_SMALL, SOURCE_MTU_NOT_SEEN, MTU_NOT_SEEN, needs=(LINKS,))
def compare_mtu(case: NicCase) -> Iterator[Finding]:
    net, before, after = case.net, case.before, case.after
    if net is None or before is None or after is None or not net.active:
        return
    if draws_from_pool(net):
        # What passes depends on the member, which the pool's rule knows.
        if before.mtu is None and net.mode != "hostdev":
            yield SOURCE_MTU_NOT_SEEN.found(network=net.name)
    elif before.mtu is None or after.mtu is None:
        if case.host.links is None or not net.bridge or case.host.is_bridge(net.bridge):
            yield (SOURCE_MTU_NOT_SEEN if before.mtu is None else MTU_NOT_SEEN).found(network=net.name)
    elif after.mtu < before.mtu:
        repair = _enlarge_mtu(case.host, net, before.mtu)
        yield MTU_TOO_SMALL.found(network=net.name, after=after.mtu, before=before.mtu, remedy=repair)


def _enlarge_mtu(host: DestinationFacts, net: NetworkFacts, size: int) -> Remedy:
    """Of the link that is too small; for a network whose bridge libvirt makes, of the network."""
    if net.is_virtual:
        return remedy.change_network(net.name, mtu=size)
    names = [*(path.uplink for path in paths_out(host.host_links, net.bridge) or ()), net.bridge] if net.bridge else []
    chain = [link for link in map(host.link, names) if link is not None]
    small = [link.name for link in chain if (link.mtu or size) < size]
    return remedy.set_link_mtu(small[0], size) if small else None


# --- NICs that name a bridge or link ---

NIC_NOT_BY_NAME = informational(
    "NIC_NOT_BY_NAME",
    "The NIC names {link} instead of a network, so it may lead to a different network on {host} ({advice}).",
    "The NIC names a bridge or link directly, which may lead to different networks on two hosts. The sentence names "
    "the network to use. The device itself is checked as above",
)
NIC_NOT_BY_NAME_UNCOMPARED = NIC_NOT_BY_NAME.rated(
    WARNING,
    "The same, and the device cannot be compared: libvirt creates the bridge, or its uplink on the source has no "
    "carrier",
)
NIC_TYPE_NOT_JUDGED = unknown(
    "A NIC of type {type} depends on configuration outside of libvirt; check it on both hosts."
)
BRIDGE_OF_NETWORK = blocked(
    "NET_REACH_DIFFERS",
    "{link} on {host} is the bridge of libvirt's network '{owner}'; on the guest's own host it leads to the physical "
    "network.",
)
BRIDGE_OF_ANOTHER_KIND = refused(
    "VPORT_MISMATCH",
    "The NIC names {link}, which on {host} is a bridge of another kind: Open vSwitch needs a virtualport of type "
    "openvswitch, and a Linux bridge supports none.",
)
NAMED_LINK_NOT_SEEN = unknown(
    "The links of {host} cannot be read from here, so it is unknown whether it has {link}, which the NIC names."
)
NAMED_LINK_MISSING = refused("UPLINK_MISSING", "{host} has no {link}, which the NIC names.")
NAMED_LINK_IN_BRIDGE = refused("POOL_MEMBER_BUSY", "{link} on {host}, which the NIC names, is a port of {master}.")
NAMED_LINK_HELD = refused("POOL_MEMBER_BUSY", "{holder} holds {link} on {host}, which the NIC names.")
NAMED_LINK_DEAD = blocked("UPLINK_NO_CARRIER", "{link} on {host}, which the NIC names, {state}.")
NAMED_LINK_VLAN_DIFFERS = blocked(
    "VLAN_DIFFERS", "{link} on {host} is in {after:vlan}; on the guest's own host it is in {before:vlan}."
)


@nic_rule(
    NIC_NOT_BY_NAME,
    NIC_NOT_BY_NAME_UNCOMPARED,
    NIC_TYPE_NOT_JUDGED,
    *_BRIDGE_KINDS,
    *UPLINK_KINDS,
    BRIDGE_OF_NETWORK,
    BRIDGE_OF_ANOTHER_KIND,
    NAMED_LINK_NOT_SEEN,
    NAMED_LINK_MISSING,
    NAMED_LINK_IN_BRIDGE,
    NAMED_LINK_HELD,
    NAMED_LINK_DEAD,
    NAMED_LINK_VLAN_DIFFERS,
    PATH_UNKNOWN,
    MEMBER_DOWN,
    LINK_MTU_TOO_SMALL,
    LINK_MTU_NOT_SEEN,
    needs=(LINKS, POOLS),
)
def check_named_device(case: NicCase) -> Iterator[Finding]:
    kind, device = case.nic.type, case.nic.source
    if kind in ("network", "user", "null", "hostdev", "ethernet"):
        return  # without one, or with a rule of its own
    if kind not in ("bridge", "direct") or not device:
        yield NIC_TYPE_NOT_JUDGED.found(type=kind)
        return
    before = case.nic.source_link or SourceLink()
    owner = _network_of_bridge(case.host, device)
    # Only physical networks can be compared: libvirt's own bridges may lead anywhere.
    compared = before.uplink.state == UP and owner is None
    yield (NIC_NOT_BY_NAME if compared else NIC_NOT_BY_NAME_UNCOMPARED).found(
        link=device, advice=_advice(case.host, device)
    )
    if kind == "bridge":
        port = (case.nic.own.get("virtualport") or {}).get("type")
        if case.host.is_bridge(device) and (port == "openvswitch") != (device in case.host.ovs_bridges):
            yield BRIDGE_OF_ANOTHER_KIND.found(link=device)
        yield from _check_named_bridge(case, device, owner, before)
    else:
        yield from _check_named_link(case, device, before)


def _network_of_bridge(host: DestinationFacts, device: str) -> Optional[str]:
    """The active network for which libvirt makes this bridge."""
    found = [net.name for net in host.networks.values() if net.active and net.bridge == device and net.mode != "bridge"]
    return min(found, default=None)


def _advice(host: DestinationFacts, device: str) -> str:
    found = [
        net.name for net in host.networks.values() if net.bridge == device or device in underlying_links(net.document)
    ]
    return f"use network '{min(found)}', which uses it there" if found else "no network there uses it"


def _check_named_bridge(case: NicCase, device: str, owner: Optional[str], before: SourceLink) -> Iterator[Finding]:
    host = case.host
    yield from _check_bridge(host, device, None)
    if not host.is_bridge(device):
        return
    if owner is None:
        yield from check_paths_out(host, device, None, before.uplink, case)
    elif before.uplink.state == UP:
        yield BRIDGE_OF_NETWORK.found(link=device, owner=owner)
    port = port_by_itself(host.host_links, device, case.nic.own)
    yield from compare_link_mtu(device, before.mtu, bridge_mtu(host, device, port))


def _check_named_link(case: NicCase, device: str, before: SourceLink) -> Iterator[Finding]:
    link = case.host.link(device)
    if case.host.links is None:
        yield NAMED_LINK_NOT_SEEN.found(link=device)
        return
    if link is None:
        yield NAMED_LINK_MISSING.found(link=device)
        return
    if link.master:
        yield NAMED_LINK_IN_BRIDGE.found(link=device, master=link.master)
    path = (path_through if link.admin == "up" else path_once_up)(case.host.host_links, link)
    if is_only_down(link, path):
        yield report_member_down(link, None)
    else:
        yield from _check_way(device, path, before.uplink)
    holder = _exclusive_holder(case, device)
    if holder is not None:
        yield NAMED_LINK_HELD.found(link=device, holder=holder)
    yield from compare_link_mtu(device, before.mtu, link.mtu)


def _check_way(device: str, path: FramePath, before: Uplink) -> Iterator[Finding]:
    if path.state == DOWN:
        yield NAMED_LINK_DEAD.found(link=device, state=explain_break(path))
    elif path.state is None:
        yield PATH_UNKNOWN.found(link=device, state=explain_break(path))
    elif before.state == UP and before.vlan != path.vlan:
        yield NAMED_LINK_VLAN_DIFFERS.found(link=device, after=path.vlan, before=before.vlan)


def _exclusive_holder(case: NicCase, device: str) -> Optional[str]:
    """A guest that has the device through a network, where one of the two wants it for itself."""
    for net in sorted(case.host.networks.values(), key=lambda net: net.name):
        member = None if net.pool is None else net.pool.member(device)
        held = [] if member is None else [holder.name for holder in member.holders if holder.kind != "stale"]
        if held and "passthrough" in (case.nic.mode, net.mode):
            return held[0]
    return None


def compare_link_mtu(device: str, before: Optional[int], after: Optional[int]) -> Iterator[Finding]:
    if before and after and after < before:
        yield LINK_MTU_TOO_SMALL.found(link=device, after=after, before=before)
    elif not before or not after:
        yield LINK_MTU_NOT_SEEN.found(link=device)
