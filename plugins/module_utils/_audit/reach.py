# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what guests send leaves the host: the links beyond a network's bridge or device, and the host's firewall.

The migration check follows the same links by the same functions; it compares two hosts, this asks what the network
needs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from .._fleet.reach import underlying_links
from .._migrate.destination_facts import DestinationFacts, NetworkFacts
from .._migrate.frame_path import DOWN, NONE, UP, FramePath, NicPort, path_once_up, path_through, paths_out, port_on
from .._migrate.nic_settings import bridge_mtu, combine_ways
from .._migrate.router.of_nic import routing_on, served_directions
from .._migrate.router.passages import ACROSS, BACK, DHCP, DNS, IN, OUT, WITH_HOST
from .._migrate.router.ruleset import OPEN, SHUT
from .._migrate.rules.links import SHORT_STP_DELAY
from .._migrate.rules.paths import explain_break
from .._migrate.rules.pools import is_only_down
from .._plan.old_settings import effective_settings
from . import kinds
from .finding import AuditFinding

# Links that exist because someone declared them. A bridge of Open vSwitch is kept in its database.
_DECLARED = ("bridge", "vlan", "bond", "team")
# What the firewall must let pass, by forward mode. A network in mode open leaves its rules to the host.
_PASSES = {"nat": (OUT, BACK), "route": (OUT, BACK, IN)}
_WORDS = {
    OUT: "from", BACK: "back to", IN: "from outside to", ACROSS: "between guests on",
    WITH_HOST: "between the host itself and guests on", DHCP: "of DHCP from guests on", DNS: "of DNS from guests on",
}  # fmt: skip
# Ports of libvirt's own bridges beside guests' taps: of containers and similar ones, which leave the host by no wire.
_OF_THIS_HOST = ("tun", "veth", "dummy")
_SHOWN = 3
# A VLAN, to see whether a bridge does anything with it.
_ANY_TAG = {"tags": [{"id": 1}]}
_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}


def find_obstacles(host: str, seen: DestinationFacts, net: NetworkFacts, mtu: Optional[int]) -> Iterator[AuditFinding]:
    """mtu: by contract, None where it says nothing. A network that is not active has no way. LINKS_UNKNOWN
    covers a host whose links cannot be seen."""
    if not net.active or seen.links is None:
        return
    if net.is_virtual:
        yield from _check_libvirts_bridge(host, seen, net, mtu)
        yield from _check_devices(host, seen, net, underlying_links(net.bound)[:1])
    elif net.bridge:
        yield from _check_paths_out(host, seen, net, net.bridge, mtu)
    elif net.mode != "hostdev":
        yield from _check_devices(host, seen, net, underlying_links(net.bound))
    yield from _check_stp(host, seen, net)
    yield from _check_firewall(host, seen, net)
    yield from _check_boot(host, seen, net)


def _check_libvirts_bridge(
    host: str, seen: DestinationFacts, net: NetworkFacts, mtu: Optional[int]
) -> Iterator[AuditFinding]:
    """What someone did to a bridge that libvirt created. BRIDGE_FAULTY covers one that is not there."""
    bridge = seen.link(str(net.bridge))
    if bridge is None or bridge.kind != "bridge":
        return
    if mtu and bridge.mtu and bridge.mtu < mtu:
        named = {"bridge": bridge.name, "has": bridge.mtu, "mtu": mtu}
        yield AuditFinding(kinds.BRIDGE_MTU, host, net.name, mtu, bridge.mtu, named)
    joined = [port.name for port in seen.host_links.ports_of(bridge.name) if port.kind not in _OF_THIS_HOST]
    if joined:
        named = {"bridge": bridge.name, "links": joined}
        yield AuditFinding(kinds.BRIDGE_JOINED, host, net.name, parameters=named)


def _check_stp(host: str, seen: DestinationFacts, net: NetworkFacts) -> Iterator[AuditFinding]:
    link = seen.link(str(net.bridge))
    wanted = float((net.options.get("bridge") or {}).get("delay") or 0)
    if link is not None and link.admin == "up" and (link.stp_delay or 0) > max(SHORT_STP_DELAY, 2 * wanted):
        named = {"bridge": link.name, "seconds": round(link.stp_delay or 0)}
        yield AuditFinding(kinds.STP_DELAY, host, net.name, parameters=named)


def _check_paths_out(
    host: str, seen: DestinationFacts, net: NetworkFacts, bridge: str, mtu: Optional[int]
) -> Iterator[AuditFinding]:
    link = seen.link(bridge)
    if link is None:
        return  # LINK_MISSING says so
    if seen.may_be_switch(bridge):
        yield _report_stop(host, net, None, bridge)
        return
    if not seen.is_bridge(bridge):
        yield AuditFinding(kinds.NOT_A_BRIDGE, host, net.name, parameters={"link": bridge})
        return
    if link.admin != "up" and bridge not in seen.ovs_bridges:
        yield AuditFinding(kinds.BRIDGE_DOWN, host, net.name, parameters={"bridge": bridge})
        return
    ports = _list_ports(seen, net, bridge)
    # The first port in each state.
    first: dict[Optional[str], NicPort] = {}
    for port in ports:
        first.setdefault(combine_ways(paths_out(seen.host_links, bridge, port), port).state, port)
    # One finding is enough, of the port that is worst off.
    worst = next((state for state in (NONE, DOWN, None) if state in first), UP)
    if worst == NONE:
        yield AuditFinding(kinds.UPLINK_MISSING, host, net.name, parameters={"bridge": bridge})
    elif worst != UP:
        port = first[worst]
        paths = (path for path in paths_out(seen.host_links, bridge, port) or () if path.state == worst)
        yield _report_stop(host, net, min(paths, key=lambda path: path.uplink, default=None), bridge, port)
    if worst in (NONE, DOWN):
        return
    # A way that is known may have a fault of its own beside one that is not.
    passes = min((found for port in ports if (found := bridge_mtu(seen, bridge, port))), default=None)
    if mtu and passes and passes < mtu <= (link.mtu or 0):
        yield AuditFinding(
            kinds.PATH_MTU, host, net.name, mtu, passes, {"bridge": bridge, "mtu": mtu, "passes": passes}
        )


def _list_ports(seen: DestinationFacts, net: NetworkFacts, bridge: str) -> list[NicPort]:
    """The ports that guests get: by the network's portgroups, and without one."""
    isolated = bool((net.options.get("port") or {}).get("isolated"))
    untagged = port_on(seen.host_links, bridge, _ANY_TAG, isolated)
    if not untagged.tags:
        return [untagged]  # whatever the VLAN
    groups: list[Any] = [None, *(group.get("name") for group in net.document.get("portgroups") or ())]
    ports = [
        port_on(seen.host_links, bridge, effective_settings(net.document, group, {})["vlan"], isolated)
        for group in groups
    ]
    return list(dict.fromkeys(ports))


def _check_devices(host: str, seen: DestinationFacts, net: NetworkFacts, devices: Any) -> Iterator[AuditFinding]:
    """A member of a pool that is merely down is as idle members are."""
    for device in devices:
        link = seen.link(str(device))
        if link is None:
            continue  # LINK_MISSING or MEMBER_MISSING says so
        path = (path_through if link.admin == "up" else path_once_up)(seen.host_links, link)
        if path.state != UP and not is_only_down(link, path):
            yield _report_stop(host, net, path, str(device))


def _report_stop(
    host: str, net: NetworkFacts, path: Optional[FramePath], link: str, port: Optional[NicPort] = None
) -> AuditFinding:
    """link: what the way begins with."""
    kind = kinds.UPLINK_DOWN if path is not None and path.state == DOWN else kinds.UPLINK_UNKNOWN
    why = "cannot be read" if path is None else explain_break(path)
    tags = ", ".join(str(tag) for tag in port.tags) if port is not None else ""
    whose = f"with VLAN {tags} " if tags else ""
    return AuditFinding(
        kind, host, net.name, parameters={"link": link if path is None else path.uplink, "why": why, "whose": whose}
    )


def _check_firewall(host: str, seen: DestinationFacts, net: NetworkFacts) -> Iterator[AuditFinding]:
    if not net.bridge or net.bridge in seen.ovs_bridges or not seen.is_bridge(net.bridge):
        return  # LINK_MISSING, NOT_A_BRIDGE or BRIDGE_FAULTY says so
    routing = routing_on(seen, net.bridge, net)
    if routing is None:
        yield AuditFinding(
            kinds.FIREWALL_UNKNOWN, host, net.name, parameters={"what": "packets of", "rules": "it cannot be read"}
        )
        return
    setting = routing.no_arp if "ipv4" in routing.families else routing.no_ndp if routing.families else None
    if setting:
        yield AuditFinding(kinds.NO_ARP, host, net.name, parameters={"bridge": net.bridge, "setting": setting})
    if routing.misrouted:
        yield AuditFinding(
            kinds.SUBNET_MISROUTED, host, net.name, parameters={"routes": list(routing.misrouted)[:_SHOWN]}
        )
    if routing.nat not in ("", UP):
        yield AuditFinding(kinds.NAT_UNREACHABLE if routing.nat == DOWN else kinds.NAT_UNKNOWN, host, net.name)
    for one in routing.passages:
        if one.state == OPEN:
            continue
        if one.direction not in (
            *_PASSES.get(str(net.mode), ()),
            ACROSS,
            WITH_HOST,
            *served_directions(net, one.family),
        ):
            continue
        kind = kinds.FIREWALL_DROPS if one.state == SHUT else kinds.FIREWALL_UNKNOWN
        what = f"{_FAMILIES[one.family]} packets {_WORDS[one.direction]}"
        yield AuditFinding(kind, host, net.name, parameters={"what": what, "rules": list(one.rules)[:2]})


def _check_boot(host: str, seen: DestinationFacts, net: NetworkFacts) -> Iterator[AuditFinding]:
    """Of the links that the network stands on, the uplinks of its bridge, and what is below these."""
    below = [] if net.is_virtual else underlying_links(net.bound)
    uplinks = [path.uplink for name in below if seen.is_bridge(name) for path in paths_out(seen.host_links, name) or ()]
    standing = {*below, *uplinks}
    for above in filter(None, map(seen.link, (*below, *uplinks))):
        parent = seen.host_links.parent_of(above)
        while parent is not None and parent.name not in standing:
            standing.add(parent.name)
            parent = seen.host_links.parent_of(parent)
    for name in sorted(standing):
        link = seen.link(name)
        if link is None or link.kind not in _DECLARED or name in seen.ovs_bridges:
            continue
        if seen.boot is None or not seen.boot.tools:
            yield AuditFinding(kinds.BOOT_UNKNOWN, host, net.name, parameters={"link": name})
        elif name not in seen.boot.links:
            named = {"link": name, "tools": " or ".join(seen.boot.tools)}
            yield AuditFinding(kinds.NOT_AT_BOOT, host, net.name, parameters=named)
