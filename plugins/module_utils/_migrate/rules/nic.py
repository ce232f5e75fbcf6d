# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC is plugged in with, from its own definition, its portgroup and the network: compared with what it had, and
with what libvirt takes for this kind of network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..._model.field import Document
from ..._model.vlan import ON_LINUX_BRIDGE
from .. import remedy
from ..destination_facts import NetworkFacts
from ..finding import Finding, Remedy, blocked, degraded, refused
from ..guest_facts import NicSettings
from ..lookup_kinds import HOST, LINKS
from ..nic_settings import member_links
from ..rule import NicCase, nic_rule
from .network import given_parameters

# --- Virtualport ---

TYPES_CLASH = refused(
    "VPORT_MISMATCH",
    "The NIC and {where} request virtualports of different types ({types}), which libvirt cannot merge.",
    "The virtualports cannot be merged; the network does not support the virtualport type; an Open vSwitch port on a "
    "Linux bridge, or no Open vSwitch port on Open vSwitch. Seen: errors 67 and 1",
)
PARAMETERS_CLASH = refused(
    "VPORT_MISMATCH", "The NIC and {where} request virtualports with different values of {parameter}."
)
TYPE_UNSUPPORTED = refused("VPORT_MISMATCH", "{Where} ({mode}) does not support virtualport type {type}.")
NOT_OPEN_VSWITCH = refused(
    "VPORT_MISMATCH", "The virtualport has type openvswitch, and bridge {link} of {where} is a Linux bridge."
)
IS_OPEN_VSWITCH = refused(
    "VPORT_MISMATCH", "Bridge {link} of {where} is Open vSwitch, and the NIC has no virtualport of type openvswitch."
)
PARAMETERS_MISSING = refused("VPORT_MISMATCH", "The virtualport of type {type} on {where} lacks {parameters}.")
PROFILE_LOST = blocked(
    "VPORT_MISMATCH",
    "The guest is associated with its switch by a virtualport of type {type}; {where} does not provide the same.",
)
PARAMETERS_DIFFER = degraded(
    "VPORT_MISMATCH",
    "The virtualport on {where} has different parameters than on the guest's own host.",
    "The virtualport has the same type but different parameters",
)

_QB = ("802.1Qbg", "802.1Qbh")
_REQUIRED_PARAMETERS = {
    "802.1Qbg": ("managerid", "typeid", "typeidversion"),
    "802.1Qbh": ("profileid",),
    "midonet": ("interfaceid",),
}


def _port_type(port: Optional[Document]) -> Optional[str]:
    return (port or {}).get("type")


@nic_rule(
    TYPES_CLASH,
    PARAMETERS_CLASH,
    TYPE_UNSUPPORTED,
    NOT_OPEN_VSWITCH,
    IS_OPEN_VSWITCH,
    PARAMETERS_MISSING,
    PROFILE_LOST,
    PARAMETERS_DIFFER,
    needs=(LINKS,),
)
def check_virtualport(case: NicCase) -> Iterator[Finding]:
    net, after = case.net, case.after
    if net is None or after is None:
        return
    sides = [
        case.nic.own.get("virtualport"),
        net.document.get("virtualport"),
        (after.portgroup or {}).get("virtualport"),
    ]
    types = sorted({str(_port_type(side)) for side in sides if _port_type(side)})
    kind = _port_type(after.virtualport)
    parameter = _clashing_parameter([side for side in sides if side])
    required = _REQUIRED_PARAMETERS.get(kind or "", ())
    missing = [name for name in required if name not in ((after.virtualport or {}).get("parameters") or {})]
    link = case.host.link(net.bridge) if net.mode == "bridge" and net.bridge else None
    if len(types) > 1:
        yield TYPES_CLASH.found(network=net.name, types=types)
    elif parameter:
        yield PARAMETERS_CLASH.found(network=net.name, parameter=parameter)
    elif kind and not _takes_virtualport(net, kind):
        yield TYPE_UNSUPPORTED.found(network=net.name, type=kind, mode=f"forward mode {net.mode or 'none'}")
    elif link is not None and kind == "openvswitch" and link.kind == "bridge":
        yield NOT_OPEN_VSWITCH.found(network=net.name, link=link.name)
    elif link is not None and kind != "openvswitch" and link.name in case.host.ovs_bridges:
        # libvirt goes by the virtualport, not by what the bridge is.
        yield IS_OPEN_VSWITCH.found(network=net.name, link=link.name)
    elif missing:
        yield PARAMETERS_MISSING.found(network=net.name, type=kind, parameters=missing)
    elif case.before is not None:
        yield from _compare_virtualports(net.name, case.before.virtualport, after.virtualport)


def _clashing_parameter(sides: list[Document]) -> Optional[str]:
    values: dict[str, set[Any]] = {}
    for side in sides:
        for key, value in (side.get("parameters") or {}).items():
            values.setdefault(key, set()).add(value)
    return next((key for key in sorted(values) if len(values[key]) > 1), None)


def _takes_virtualport(net: NetworkFacts, kind: str) -> bool:
    if net.is_virtual:
        return False
    return kind == "openvswitch" if net.mode == "bridge" and net.bridge else kind in _QB


def _compare_virtualports(network: str, before: Optional[Document], after: Optional[Document]) -> Iterator[Finding]:
    """A switch's port profile decides what the switch does with the frames; a switch that knows none has none to
    lose."""
    parameters_before, parameters_after = given_parameters(before), given_parameters(after)
    if _port_type(before) in _QB and (_port_type(before), parameters_before) != (_port_type(after), parameters_after):
        yield PROFILE_LOST.found(network=network, type=_port_type(before))
    elif _port_type(before) == _port_type(after) and parameters_before != parameters_after:
        yield PARAMETERS_DIFFER.found(network=network)


# --- VLAN ---

VLAN_DIFFERS = blocked(
    "VLAN_DIFFERS",
    "The guest would be in {after:vlan} on {where}; it is in {before:vlan}.",
    "The VLAN tags differ, or the uplink is in a different VLAN. Seen on Open vSwitch",
    "change the portgroup or network",
)
VLAN_NOT_TAKEN = refused(
    "VLAN_UNSUPPORTED",
    "The NIC requests {tags:vlan}, which {where} does not support.",
    "The network does not support VLANs, the Linux bridge does not filter VLANs, or the link is not a VF. Seen: error "
    "67",
    "turn on `vlan_filtering` of the bridge",
)
VLAN_NOT_FILTERED = blocked(
    "VLAN_UNSUPPORTED",
    "The NIC requests {tags:vlan}, and bridge {link} of {where} has VLAN filtering off: the tag would be "
    "refused, or have no effect.",
)
VLAN_WITHOUT_VF = refused(
    "VLAN_UNSUPPORTED", "The NIC requests {tags:vlan}, which needs a VF; {link} of {where} is not a VF."
)
LIBVIRT_TOO_OLD = refused(
    "LIBVIRT_TOO_OLD",
    "The NIC requests {tags:vlan} on a Linux bridge, which needs libvirt 11.0; {host} has {version}.",
    "A VLAN on a Linux bridge needs libvirt 11.0 or newer. Seen",
    "upgrade libvirt",
)


@nic_rule(VLAN_DIFFERS, VLAN_NOT_TAKEN, VLAN_NOT_FILTERED, VLAN_WITHOUT_VF, LIBVIRT_TOO_OLD, needs=(HOST, LINKS))
def check_vlan(case: NicCase) -> Iterator[Finding]:
    net, after = case.net, case.after
    if net is None or after is None:
        return
    tags = _tags_of(after.vlan)
    bridge = case.host.link(net.bridge) if net.bridge else None
    if after.vlan and not _takes_vlan(case, net, after):
        yield VLAN_NOT_TAKEN.found(network=net.name, tags=tags)
        if net.mode == "bridge" and net.bridge and not after.virtualport:
            yield LIBVIRT_TOO_OLD.found(network=net.name, tags=tags, version=case.host.libvirt_version)
    elif after.vlan and net.mode == "bridge" and bridge is not None and bridge.vlan_filtering is False:
        enable = ("ip", "link", "set", "dev", bridge.name, "type", "bridge", "vlan_filtering", "1")
        yield VLAN_NOT_FILTERED.found(network=net.name, link=bridge.name, tags=tags, remedy=remedy.run_command(*enable))
    elif after.vlan and _member_without_vf(case, net):
        yield VLAN_WITHOUT_VF.found(network=net.name, link=_member_without_vf(case, net), tags=tags)
    elif case.before is not None and case.before.vlan != after.vlan:
        yield VLAN_DIFFERS.found(
            network=net.name,
            after=tags,
            before=_tags_of(case.before.vlan),
            remedy=_change_vlan(case, case.before, after),
        )


def _takes_vlan(case: NicCase, net: NetworkFacts, after: NicSettings) -> bool:
    """Whether libvirt plugs a NIC with a VLAN into the destination's network."""
    if net.mode in ("hostdev", "passthrough"):
        return True
    if net.mode != "bridge" or not net.bridge:
        return False
    if _port_type(after.virtualport) == "openvswitch":
        return True
    return not after.virtualport and case.host.version >= ON_LINUX_BRIDGE


def _member_without_vf(case: NicCase, net: NetworkFacts) -> Optional[str]:
    """The first member of a passthrough pool that the kernel cannot give a VLAN."""
    if net.mode != "passthrough":
        return None
    return next((link.name for link in member_links(case.host, net) if link.vf is False), None)


def _change_vlan(case: NicCase, before: NicSettings, after: NicSettings) -> Remedy:
    """Where the guest's VLAN comes from its portgroup or its network, the destination's can be given the same."""
    if case.nic.own.get("vlan"):
        return None
    if before.portgroup is not None and before.portgroup.get("vlan"):
        return remedy.change_portgroup(case.name, str(before.portgroup.get("name")), vlan=before.portgroup["vlan"])
    if after.portgroup is not None and after.portgroup.get("vlan"):
        return remedy.change_portgroup(case.name, str(after.portgroup.get("name")), vlan={})
    return remedy.change_network(case.name, vlan=before.vlan or {})


def _tags_of(vlan: Optional[Document]) -> list[Any]:
    return [tag.get("id") for tag in (vlan or {}).get("tags") or ()]


# --- Bandwidth ---

BANDWIDTH_DIFFERS = degraded(
    "QOS_DIFFERS",
    "The guest's bandwidth on {where} would differ from that on its own host.",
    "The bandwidth limits differ",
    "change the portgroup",
)
BANDWIDTH_ON_PCI = refused(
    "QOS_UNSUPPORTED",
    "The NIC has a bandwidth, which {where}, a pool of PCI devices, does not support.",
    "The network cannot guarantee the `floor` (seen: error 84), or the NIC has a bandwidth and becomes a PCI device "
    "(read)",
    "change the network's bandwidth",
)
FLOOR_UNSUPPORTED = refused("QOS_UNSUPPORTED", "The NIC has a bandwidth floor, which {where} cannot guarantee.")
FLOOR_WITHOUT_INBOUND = refused(
    "QOS_UNSUPPORTED", "The NIC has a bandwidth floor, and {where} has no inbound bandwidth to reserve it from."
)
FLOOR_TOO_HIGH = refused(
    "QOS_UNSUPPORTED", "The NIC has a bandwidth floor of {floor} KiB/s, which is more than {where} has in total."
)


@nic_rule(BANDWIDTH_DIFFERS, BANDWIDTH_ON_PCI, FLOOR_UNSUPPORTED, FLOOR_WITHOUT_INBOUND, FLOOR_TOO_HIGH)
def check_bandwidth(case: NicCase) -> Iterator[Finding]:
    net, after = case.net, case.after
    if net is None or after is None:
        return
    wanted = after.bandwidth or {}
    if wanted and net.mode == "hostdev":
        yield BANDWIDTH_ON_PCI.found(network=net.name)
        return
    floor = (wanted.get("inbound") or {}).get("floor")
    if floor:
        yield from _check_floor(case, net, int(floor))
    if case.before is not None and case.before.bandwidth != after.bandwidth:
        group, repair = case.before.portgroup, None
        if group is not None and not case.nic.own.get("bandwidth"):
            repair = remedy.change_portgroup(net.name, str(group.get("name")), bandwidth=group.get("bandwidth") or {})
        yield BANDWIDTH_DIFFERS.found(network=net.name, remedy=repair)


def _check_floor(case: NicCase, net: NetworkFacts, floor: int) -> Iterator[Finding]:
    """libvirt guarantees no floor that the network's own bandwidth does not cover. floor: in KiB/s."""
    inbound = (net.document.get("bandwidth") or {}).get("inbound")
    if not net.is_virtual:
        yield FLOOR_UNSUPPORTED.found(network=net.name)
    elif not inbound:
        wanted = None if case.before is None else case.before.definition.get("bandwidth")
        repair = remedy.change_network(net.name, bandwidth=wanted) if wanted else None
        yield FLOOR_WITHOUT_INBOUND.found(network=net.name, remedy=repair)
    elif floor > int(inbound.get("peak") or inbound.get("average") or 0):
        yield FLOOR_TOO_HIGH.found(network=net.name, floor=floor)


# --- Isolation and receive filters ---

ISOLATION_LOST = degraded(
    "ISOLATION_LOST",
    "The guest's port is isolated from other guests; on {where} it would not be.",
    "The port is isolated from other guests on the source, but not on the destination",
    "set the network's option",
)
ISOLATION_UNSUPPORTED = refused(
    "ISOLATION_UNSUPPORTED",
    "The NIC's port is isolated, which only a Linux bridge supports; {where} is not one.",
    "The port is isolated, which only a Linux bridge supports. Seen: error 67",
)
ISOLATION_GAINED = degraded(
    "NET_REACH_DIFFERS",
    "{Where} isolates guests from each other; on the guest's own host they are not isolated.",
)
TRUST_LOST = degraded(
    "PORTGROUP_DIFFERS",
    "The guest's own receive filters are trusted on its host; on {where} they would not be.",
)


@nic_rule(ISOLATION_LOST, ISOLATION_UNSUPPORTED, ISOLATION_GAINED)
def check_isolation(case: NicCase) -> Iterator[Finding]:
    net, before, after = case.net, case.before, case.after
    if net is None or after is None:
        return
    bridged = net.is_virtual or (net.mode == "bridge" and bool(net.bridge))
    if after.isolated and (not bridged or _port_type(after.virtualport) == "openvswitch"):
        yield ISOLATION_UNSUPPORTED.found(network=net.name)
    elif before is not None and before.isolated and not after.isolated:
        repair = remedy.change_network(net.name, port={"isolated": True}) if bridged else None
        yield ISOLATION_LOST.found(network=net.name, remedy=repair)
    elif before is not None and after.isolated and not before.isolated:
        yield ISOLATION_GAINED.found(network=net.name, remedy=remedy.change_network(net.name, port={}))


@nic_rule(TRUST_LOST)
def compare_trust(case: NicCase) -> Iterator[Finding]:
    before, after = case.before, case.after
    if before is None or after is None:
        return
    if before.trust_guest_rx_filters and not after.trust_guest_rx_filters:
        yield TRUST_LOST.found(network=case.name)
