# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a guest's frames from a bridge to the wire, link by link.

A closed world: a link of a kind, or a setting, that is not understood makes the way unknown, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Optional

from .._model import link_kinds
from .._model.field import Document
from .host_links import HostLinks, Link, OvsInterface, OvsPort

UP, DOWN, NONE = "up", "down", "none"

# Why frames do not pass, or why that is not known: words of Way.why.
SET_DOWN, NO_CARRIER, PORT_STATE, OWN_MAC_ONLY, NOWHERE = "set_down", "no_carrier", "port_state", "own_mac", "nowhere"
NOT_FLOODED, NOT_IN_VLAN, NO_FLOWS, BRIDGE_SET_DOWN, ISOLATED = (
    "not_flooded", "not_in_vlan", "no_flows", "bridge_down", "isolated",
)  # fmt: skip
LOCKED, NO_LACP, COPIES_ONLY, SWITCHED_OFF = "locked", "no_lacp", "copies_only", "switched_off"
KIND, SETTING, TWO_TAGS, FLOWS, VLANS, ENDS_HERE, NOT_SEEN, PROGRAM, PROTOCOL = (
    "kind", "setting", "two_tags", "flows", "vlans", "ends_here", "not_seen", "program", "protocol",
)  # fmt: skip


@dataclass(frozen=True)
class FramePath:
    """uplink: the bridge's port by which it leaves; state: UP, DOWN, or None when it is not known; vlan: in which it
    reaches the wire, None for untagged; mtu: the smallest on it; link, why, what: where it breaks or is not understood,
    a word above, and of KIND the kind, of SETTING, NOT_FLOODED and SWITCHED_OFF the setting, of PROGRAM its name.
    multicast: whether that passes too.
    """

    uplink: str
    state: Optional[str]
    vlan: Optional[int] = None
    mtu: Optional[int] = None
    link: Optional[Link] = None
    why: str = ""
    what: str = ""
    multicast: bool = True


@dataclass(frozen=True)
class NicPort:
    """The port of a bridge that a NIC gets. tags: its VLANs, none where it is untagged; isolated: from other such."""

    tags: tuple[int, ...] = ()
    isolated: bool = False


PLAIN_PORT = NicPort()


def tags_of(vlan: Optional[Document]) -> tuple[int, ...]:
    """Of a NIC's VLAN settings: its tags, none for an untagged port."""
    return tuple(sorted(int(tag["id"]) for tag in (vlan or {}).get("tags") or () if tag.get("id") is not None))


def port_on(links: HostLinks, bridge: str, vlan: Optional[Document], isolated: bool) -> NicPort:
    """Of a NIC on this bridge, which can only tag frames if it is Open vSwitch or filters VLANs."""
    own = links.link(bridge)
    tagging = bridge in links.ovs_bridges or (own is not None and own.vlan_filtering)
    return NicPort(tags_of(vlan) if tagging else (), isolated)


def port_by_itself(links: HostLinks, bridge: str, own: Document) -> NicPort:
    """Of a NIC that names this bridge, by its own settings."""
    return port_on(links, bridge, own.get("vlan"), bool(own.get("isolated")))


def port_of_tap(links: HostLinks, bridge: str, tap: str) -> NicPort:
    """For a tap that is already a port of this bridge."""
    switch, link, own = links.ovs_bridges.get(bridge), links.link(tap), links.link(bridge)
    port = None if switch is None else switch.ports.get(tap)
    if port is not None:
        return NicPort((port.tag,) if port.tag else port.trunks)
    if link is None:
        return PLAIN_PORT
    filtered = own is not None and own.vlan_filtering
    tags = tuple(sorted(vlan.id for vlan in link.vlans or ())) if filtered else ()
    return NicPort(tags, (link.port_settings or {}).get("isolated", False))


def paths_out(links: HostLinks, bridge: str, nic: NicPort = PLAIN_PORT) -> Optional[list[FramePath]]:
    """By each uplink of a bridge; None where they cannot be seen."""
    if links.by_name is None:
        return None
    key = (bridge, nic)
    if key not in links.paths:
        links.paths[key] = _paths_out(links, bridge, nic, frozenset())
    found: Optional[list[FramePath]] = links.paths[key]
    return found


def path_through(links: HostLinks, link: Link) -> FramePath:
    """By a link that a guest's macvtap stands on, or that a network forwards by."""
    return _follow(links, link, frozenset())


def path_once_up(links: HostLinks, link: Link) -> FramePath:
    """The same by a link that is down, once libvirt has set it up; its state is None where only that will show it."""
    if link.kind in link_kinds.OWN_CARRIER and link.carrier_when_up is None:
        return FramePath(link.name, None, link.vlan, link.mtu, link, SET_DOWN)
    return _follow(links, replace(link, admin="up", carrier=link.carrier_when_up), frozenset())


def _paths_out(links: HostLinks, bridge: str, nic: NicPort, seen: frozenset[str]) -> Optional[list[FramePath]]:
    own = links.link(bridge)
    seen = seen | {bridge}
    if bridge in links.ovs_bridges:
        return list(_out_of_switch(links, bridge, nic.tags, seen))
    if own is None:
        return []
    if own.kind != "bridge":
        return None
    return [_out_of_port(links, own, port, nic, seen) for port in links.ports_of(bridge) if port.name not in seen]


# --- Linux bridges ---


def _out_of_port(links: HostLinks, bridge: Link, port: Link, nic: NicPort, seen: frozenset[str]) -> FramePath:
    # All ports of a bridge that is down are disabled, which says nothing about them.
    port = port if bridge.admin == "up" else replace(port, port_state=None)
    stopped = _stopped_by_settings(port, nic) or _stopped_by_vlans(bridge, port, nic.tags)
    if stopped is not None:
        return stopped
    path = _follow(links, port, seen)
    if bridge.vlan_filtering:
        path = _tagged(path, _wire_tag(bridge, port, nic.tags), port)
    return replace(path, multicast=path.multicast and (port.port_settings or {}).get("multicast_flood", True))


def _stopped_by_settings(port: Link, nic: NicPort) -> Optional[FramePath]:
    """What a port's settings keep from passing. Without flooding and without learning nothing finds its way."""
    settings = port.port_settings
    if settings is None:
        return None
    odd = _not_understood(settings)
    if odd:
        return FramePath(port.name, None, mtu=port.mtu, link=port, why=SETTING, what=odd[0])
    if settings.get("locked", False):
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=LOCKED)
    if nic.isolated and settings.get("isolated", False):
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=ISOLATED)
    if not settings.get("broadcast_flood", True):
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=NOT_FLOODED, what="broadcast_flood")
    if not settings.get("unicast_flood", True) and not settings.get("learning", True):
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=NOT_FLOODED, what="unicast_flood and learning")
    return None


def _unusual(port: Link) -> list[str]:
    """The settings that a port has not as usual."""
    return [name for name, value in (port.port_settings or {}).items() if value != link_kinds.USUAL.get(name, False)]


def _not_understood(settings: dict[str, bool]) -> list[str]:
    names = (name for name in settings if name in link_kinds.NOT_UNDERSTOOD or name not in link_kinds.USUAL)
    return [name for name in names if settings[name]]


def _stopped_by_vlans(bridge: Link, port: Link, tags: tuple[int, ...]) -> Optional[FramePath]:
    if not bridge.vlan_filtering:
        return None
    if bridge.has_other_tags:
        return FramePath(port.name, None, mtu=port.mtu, link=bridge, why=PROTOCOL)
    if port.vlans is None or bridge.default_pvid is None:
        return FramePath(port.name, None, mtu=port.mtu, link=port, why=VLANS)
    wanted = _vlans_of(bridge, tags)
    there = {vlan.id: vlan for vlan in port.vlans}
    if not wanted or not set(wanted) <= set(there):
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=NOT_IN_VLAN)
    # What leaves a port untagged is answered untagged, and that comes into the VLAN of its PVID.
    back = [there[one].pvid for one in wanted if there[one].untagged]
    if False in back:
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=NOT_IN_VLAN)
    return FramePath(port.name, None, mtu=port.mtu, link=port, why=VLANS) if None in back else None


def _vlans_of(bridge: Link, tags: tuple[int, ...]) -> tuple[int, ...]:
    """Of a port with these tags on a bridge that filters VLANs."""
    return tags or ((bridge.default_pvid,) if bridge.default_pvid else ())


def _wire_tag(bridge: Link, port: Link, tags: tuple[int, ...]) -> Optional[int]:
    wanted = _vlans_of(bridge, tags)
    sent = [vlan for vlan in port.vlans or () if vlan.id in wanted and not vlan.untagged]
    return sent[0].id if len(sent) == 1 and len(wanted) == 1 else None


# --- Open vSwitch ---


def _out_of_switch(links: HostLinks, bridge: str, tags: tuple[int, ...], seen: frozenset[str]) -> Iterator[FramePath]:
    for name, port in sorted(links.ovs_bridges[bridge].ports.items()):
        if name in seen or links.is_guests(name) or (port.is_the_hosts_or_a_guests and not links.leads_on(name)):
            continue
        yield _out_of_switch_port(links, bridge, name, tags, seen)


def _out_of_switch_port(
    links: HostLinks, bridge: str, name: str, tags: tuple[int, ...], seen: frozenset[str]
) -> FramePath:
    switch = links.ovs_bridges[bridge]
    port, known = switch.ports[name], links.link(name)
    if switch.flows == "none" or (switch.flows is None and switch.fail_mode == "secure" and not switch.controllers):
        return FramePath(name, DOWN, link=links.link(bridge) or known, why=NO_FLOWS)
    if switch.flows != "normal":
        return FramePath(name, None, link=links.link(bridge) or known, why=FLOWS)
    wire = _carried(port, tags)
    if wire is not None and 1 < len(tags) != len(wire):  # one of several VLANs loses its tag
        return FramePath(name, None, link=known or Link.unseen(name), why=VLANS)
    # What comes back has the same tags, and must come into the same VLANs.
    if wire is None or _admitted(port, wire) != tags:
        return FramePath(name, DOWN, link=known or Link.unseen(name), why=NOT_IN_VLAN)
    if not port.interfaces:
        return FramePath(name, None, why=NOT_SEEN)
    if port.mirrors:
        return FramePath(name, DOWN, link=known or Link.unseen(name), why=COPIES_ONLY)
    path = _best(name, (_by_interface(links, interface, port, wire, seen) for interface in port.interfaces))
    return _tagged(path, wire[0] if len(wire) == 1 else None, known or Link.unseen(name))


def _carried(port: OvsPort, tags: tuple[int, ...]) -> Optional[tuple[int, ...]]:
    """With which tags (none: untagged) frames of these VLANs leave by a port; None: they do not.

    By "VLAN Configuration" of ports in ovs-vswitchd.conf.db(5).
    """
    wanted = tags or (0,)
    mode = port.vlan_mode or ("access" if port.tag is not None else "trunk")
    if mode in ("access", "dot1q-tunnel"):
        return () if mode == "access" and set(wanted) == {port.tag or 0} else None
    trunks = set(port.trunks)
    native = port.tag or 0 if mode.startswith("native") else None
    if not all(not trunks or one in trunks or one == native for one in wanted):
        return None
    taken = {0, native} if mode == "native-untagged" else {0}
    return tuple(one for one in wanted if one not in taken)


def _admitted(port: OvsPort, wire: tuple[int, ...]) -> Optional[tuple[int, ...]]:
    """The VLANs within the bridge (none: untagged) of frames that come in by a port with these tags; None: dropped."""
    mode = port.vlan_mode or ("access" if port.tag is not None else "trunk")
    if mode == "dot1q-tunnel" or (mode == "access" and wire):
        return None
    within = wire or ((port.tag,) if mode != "trunk" and port.tag else ())
    allowed = {*port.trunks, port.tag or 0} if mode.startswith("native") else {*port.trunks}
    if mode != "access" and port.trunks and not {*(within or (0,))} <= allowed:
        return None
    return within


# By OpenFlow: ports that take or give nothing, and one to which broadcasts are not flooded.
_SWITCHED_OFF = ("PORT_DOWN", "NO_RECV", "NO_FWD", "NO_FLOOD")


def _by_interface(
    links: HostLinks, interface: OvsInterface, port: OvsPort, wire: tuple[int, ...], seen: frozenset[str]
) -> FramePath:
    """wire: the tags with which frames leave the port."""
    name, kind, link = interface.name, interface.type, links.link(interface.name)
    shown = Link.unseen(name)
    off = [setting for setting in interface.settings or () if setting in _SWITCHED_OFF]
    if off:
        return FramePath(name, DOWN, link=link or shown, why=SWITCHED_OFF, what=off[0])
    if port.needs_lacp and not interface.lacp:
        return FramePath(name, DOWN, link=link or shown, why=NO_LACP)
    if kind == "patch":
        return _by_patch(links, interface, wire, seen)
    if kind in ("", "system") and link is not None:
        return _follow(links, link, seen, wire)
    if kind == "internal" and link is not None and link.master:
        return _into_bridge(links, link, link.master, wire, seen | {name})
    if kind in ("", "system", "dpdk", "dpdkvhostuserclient", "netdev") and interface.up is not None:
        return FramePath(name, UP, link=shown) if interface.up else FramePath(name, DOWN, link=shown, why=NO_CARRIER)
    return FramePath(name, None, link=link or shown, why=KIND, what=kind or "unseen")


def _by_patch(links: HostLinks, interface: OvsInterface, wire: tuple[int, ...], seen: frozenset[str]) -> FramePath:
    name, peer = interface.name, str(interface.peer)
    bridge = next((one for one, switch in links.ovs_bridges.items() if peer in switch.ports), None)
    if bridge is None:
        return FramePath(name, DOWN, link=Link.unseen(name), why=NO_CARRIER)
    if bridge in seen:
        return FramePath(name, None, link=Link.unseen(name), why=ENDS_HERE)
    return replace(_into_switch(links, Link.unseen(peer), bridge, wire, seen | {name, peer}), uplink=name)


def _into_switch(links: HostLinks, peer: Link, bridge: str, wire: tuple[int, ...], seen: frozenset[str]) -> FramePath:
    """On through another bridge of Open vSwitch, by its port `peer`. The tags of `wire` come on top of those of the
    way that is returned, as with any other link."""
    ports = links.ovs_bridges[bridge].ports.items()
    found = [one for own, one in ports if peer.name in (own, *(interface.name for interface in one.interfaces))]
    if not found:  # the kernel has it in the switch, and ovs-vsctl does not list it
        return FramePath(peer.name, None, link=peer, why=KIND, what=peer.kind)
    port = found[0]
    off = [one for interface in port.interfaces for one in interface.settings or () if one in _SWITCHED_OFF]
    if off:
        return FramePath(peer.name, DOWN, link=peer, why=SWITCHED_OFF, what=off[0])
    within = None if port.mirrors else _admitted(port, wire)
    if within is None or _carried(port, within) != wire:
        return FramePath(peer.name, DOWN, link=peer, why=NOT_IN_VLAN)
    path = _best(peer.name, _paths_out(links, bridge, NicPort(within), seen))
    if path.state != UP or not wire:
        return path
    if len(wire) == 1:
        return replace(path, vlan=None) if path.vlan == wire[0] else replace(path, state=None, link=peer, why=TWO_TAGS)
    return path


# --- Any link ---


def _follow(links: HostLinks, link: Link, seen: frozenset[str], wire: tuple[int, ...] = ()) -> FramePath:
    """From a link on, away from the guest. wire: the tags of the frames."""
    if link.name in seen:
        return FramePath(link.name, None, link=link, why=ENDS_HERE)
    why = _stopped(link)
    if why:
        return FramePath(link.name, DOWN, link.vlan, link.mtu, link, why)
    if link.programs:
        return FramePath(link.name, None, mtu=link.mtu, link=link, why=PROGRAM, what=link.programs[0])
    if link.has_other_tags and link.kind == "vlan":
        return FramePath(link.name, None, mtu=link.mtu, link=link, why=PROTOCOL)
    seen = seen | {link.name}
    switch = links.internal_ports.get(link.name)
    if switch is not None:
        return replace(_narrowed(_into_switch(links, link, switch, wire, seen), link.mtu), uplink=link.name)
    beneath = links.parent_of(link)
    if link.kind == "veth" and beneath is not None:
        return _over_veth(links, link, beneath, seen, wire)
    if link.kind == "bridge":
        return _best(link.name, _paths_out(links, link.name, PLAIN_PORT, seen))
    if link.kind in ("vlan", "macvlan"):
        if beneath is None:  # in another namespace
            return FramePath(link.name, UP, link.vlan, link.mtu)
        if beneath.vlan_filtering:  # on a bridge: whether that lets the tag out is not looked at
            return FramePath(link.name, None, mtu=link.mtu, link=beneath, why=VLANS)
        own = (link.vlan,) if link.kind == "vlan" and link.vlan is not None else ()
        path = replace(_follow(links, beneath, seen, wire or own), uplink=link.name)
        return _tagged(_narrowed(path, link.mtu), link.vlan, link) if link.kind == "vlan" else _narrowed(path, link.mtu)
    if link.kind in link_kinds.OWN_CARRIER:
        odd = next((port for port in links.ports_of(link.name) if port.programs), None)
        if odd is not None:
            return FramePath(link.name, None, mtu=link.mtu, link=odd, why=PROGRAM, what=odd.programs[0])
        return FramePath(link.name, UP, link.vlan, link.mtu)
    return FramePath(link.name, None, mtu=link.mtu, link=link, why=KIND, what=link.kind)


def _stopped(link: Link) -> str:
    if link.admin != "up":
        return SET_DOWN
    if link.carrier is False:
        return NO_CARRIER
    if link.is_for_its_own_mac_only:
        return OWN_MAC_ONLY
    if link.kind in link_kinds.NOWHERE:
        return NOWHERE
    return PORT_STATE if link.is_blocked_port else ""


def _over_veth(links: HostLinks, link: Link, peer: Link, seen: frozenset[str], wire: tuple[int, ...]) -> FramePath:
    """A veth whose other end is on this host: into another bridge, or to the host itself."""
    other = links.bridge_of(peer.name)
    if other is None and peer.admin == "up":
        return FramePath(link.name, None, mtu=link.mtu, link=peer, why=ENDS_HERE)
    path = _into_bridge(links, peer, str(other), wire, seen | {peer.name})
    return _narrowed(replace(path, uplink=link.name), link.mtu)


def _into_bridge(links: HostLinks, port: Link, bridge: str, wire: tuple[int, ...], seen: frozenset[str]) -> FramePath:
    """On through another bridge, by its port `port`."""
    if port.admin != "up":
        return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=SET_DOWN)
    if port.programs:
        return FramePath(port.name, None, mtu=port.mtu, link=port, why=PROGRAM, what=port.programs[0])
    if bridge in links.ovs_bridges:
        return _narrowed(_into_switch(links, port, bridge, wire, seen), port.mtu)
    own = links.link(bridge)
    stopped = None if own is None else _stopped_on_the_way_in(own, port)
    return stopped or _narrowed(_best(port.name, _paths_out(links, bridge, PLAIN_PORT, seen)), port.mtu)


def _stopped_on_the_way_in(bridge: Link, port: Link) -> Optional[FramePath]:
    """Into a Linux bridge, or one of another kind, by this port."""
    if bridge.kind == "bridge":
        if bridge.admin != "up":
            return FramePath(port.name, DOWN, mtu=port.mtu, link=bridge, why=BRIDGE_SET_DOWN)
        if port.is_blocked_port:
            return FramePath(port.name, DOWN, mtu=port.mtu, link=port, why=PORT_STATE)
        odd = _unusual(port)
        if odd:
            return FramePath(port.name, None, mtu=port.mtu, link=port, why=SETTING, what=odd[0])
    return FramePath(port.name, None, mtu=port.mtu, link=port, why=VLANS) if bridge.vlan_filtering else None


def _best(uplink: str, paths: Optional[Iterable[FramePath]]) -> FramePath:
    """Of several: one by which frames pass, else one that is not known, else one that is broken."""
    found = list(paths or ())
    for state in (UP, None, DOWN):
        for path in found:
            if path.state == state:
                return replace(path, uplink=uplink)
    return FramePath(uplink, DOWN, link=Link.unseen(uplink), why=NOWHERE)


def _narrowed(path: FramePath, mtu: Optional[int]) -> FramePath:
    return replace(path, mtu=min(path.mtu or mtu, mtu)) if mtu else path


def _tagged(path: FramePath, tag: Optional[int], link: Link) -> FramePath:
    if tag is None or path.state != UP:
        return path
    if path.vlan is not None:
        return replace(path, state=None, link=link, why=TWO_TAGS)
    return replace(path, vlan=tag)
