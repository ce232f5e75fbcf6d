# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC is plugged in with, from its own definition, its portgroup and the network: held against what it had, and
against what libvirt takes for this kind of network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..._model.field import Document
from ..._model.forward import is_virtual
from .. import remedy
from ..case import Case
from ..finding import Finding, deaf, refused, weaker
from ..promise import members

VLAN_ON_LINUX_BRIDGE = (11, 0, 0)
_QB = ("802.1Qbg", "802.1Qbh")
_NEEDS = {"802.1Qbg": ("managerid", "typeid", "typeidversion"), "802.1Qbh": ("profileid",), "midonet": ("interfaceid",)}
# libvirt makes these up where they are missing.
_MADE_UP = ("interfaceid", "instanceid")


def _kind(port: Optional[Document]) -> Optional[str]:
    return (port or {}).get("type")


def virtualport(case: Case) -> Iterator[Finding]:
    net, gets = case.net, case.gets
    if net is None or gets is None:
        return
    sides = [
        case.nic["own"].get("virtualport"),
        net.document.get("virtualport"),
        (gets["portgroup"] or {}).get("virtualport"),
    ]
    kinds = {_kind(side) for side in sides if _kind(side)}
    kind = _kind(gets["virtualport"])
    if len(kinds) > 1:
        yield refused(
            "VPORT_MISMATCH",
            f"NIC and {case.where} ask for virtualports of different types ({' and '.join(sorted(map(str, kinds)))}), "
            "which libvirt cannot join.",
        )
        return
    clash = _clash([side for side in sides if side])
    if clash:
        yield refused("VPORT_MISMATCH", f"NIC and {case.where} ask for virtualports of different {clash}.")
        return
    unfit = _unfit(case, kind)
    if unfit:
        yield refused("VPORT_MISMATCH", f"A virtualport of type {kind} is asked for, which {unfit} does not take.")
        return
    switch = _other_switch(case, kind)
    if switch:
        yield refused("VPORT_MISMATCH", switch)
        return
    missing = [
        name for name in _NEEDS.get(kind or "", ()) if name not in ((gets["virtualport"] or {}).get("parameters") or {})
    ]
    if missing:
        yield refused("VPORT_MISMATCH", f"The virtualport of type {kind} on {case.where} has no {', '.join(missing)}.")
        return
    if case.had is not None:
        yield from _other_port(case, case.had["virtualport"], gets["virtualport"])


def _other_port(case: Case, had: Optional[Document], gets: Optional[Document]) -> Iterator[Finding]:
    """A switch's port profile decides what the switch does with the frames; without a switch that knows such there is
    none to lose."""
    profiles = [parameters(side) for side in (had, gets)]
    if _kind(had) in _QB and (_kind(had), profiles[0]) != (_kind(gets), profiles[1]):
        yield deaf(
            "VPORT_MISMATCH",
            f"The guest is associated with its switch by a virtualport of type {_kind(had)}; {case.where} gives it "
            f"{'another one' if gets else 'none'}.",
        )
    elif _kind(had) == _kind(gets) and profiles[0] != profiles[1]:
        yield weaker(
            "VPORT_MISMATCH", f"The virtualport on {case.where} has other parameters than on the guest's own host."
        )


def parameters(port: Optional[Document]) -> Document:
    """Of a virtualport, without those that libvirt makes up."""
    return {key: value for key, value in ((port or {}).get("parameters") or {}).items() if key not in _MADE_UP}


def _clash(sides: list[Document]) -> Optional[str]:
    values: dict[str, set[Any]] = {}
    for side in sides:
        for key, value in (side.get("parameters") or {}).items():
            values.setdefault(key, set()).add(value)
    return next((key for key in sorted(values) if len(values[key]) > 1), None)


def _unfit(case: Case, kind: Optional[str]) -> Optional[str]:
    net = case.net
    if net is None or kind is None:
        return None
    if is_virtual(net.document):
        return f"{case.where}, which libvirt forwards for itself,"
    if net.mode == "bridge" and net.bridge:
        return None if kind == "openvswitch" else f"{case.where}, a bridge,"
    if kind in _QB:
        return None
    return f"{case.where}, {'a pool of PCI devices' if net.mode == 'hostdev' else 'a macvtap'},"


def _other_switch(case: Case, kind: Optional[str]) -> Optional[str]:
    """libvirt plugs a NIC into a Linux bridge or an Open vSwitch by what the virtualport says, not by what is there."""
    name = case.net.bridge if case.net is not None and case.net.mode == "bridge" else None
    link = case.view.link(name) if name else None
    if link is None:
        return None
    if kind == "openvswitch" and link["kind"] == "bridge":
        return f"A virtualport of type openvswitch is asked for, and {name} of {case.where} is a Linux bridge."
    if kind != "openvswitch" and name in case.view.switches:
        return f"Bridge {name} of {case.where} is an Open vSwitch, and no virtualport of type openvswitch is asked for."
    return None


def vlan(case: Case) -> Iterator[Finding]:
    net, gets = case.net, case.gets
    if net is None or gets is None:
        return
    if gets["vlan"] and not takes_vlan(case):
        asked = f"The NIC asks for VLAN {_tags(gets['vlan'])}, which {case.where} does not take"
        yield refused("VLAN_UNSUPPORTED", f"{asked}.")
        if net.mode == "bridge" and net.bridge and not gets["virtualport"]:
            yield refused("LIBVIRT_TOO_OLD", f"{asked} before libvirt 11.0; {case.view.name} has {case.view.release}.")
        return
    link = case.view.link(str(net.bridge)) or {}
    if gets["vlan"] and net.mode == "bridge" and link.get("vlan_filtering") is False:
        yield deaf(
            "VLAN_UNSUPPORTED",
            f"The NIC asks for VLAN {_tags(gets['vlan'])}, and bridge {net.bridge} of {case.where} filters no VLANs: "
            "the tag would be refused, or mean nothing.",
            remedy.command("ip", "link", "set", "dev", str(net.bridge), "type", "bridge", "vlan_filtering", "1"),
        )
        return
    unfit = _no_vf(case) if gets["vlan"] else None
    if unfit:
        yield refused(
            "VLAN_UNSUPPORTED",
            f"The NIC asks for VLAN {_tags(gets['vlan'])}, and {unfit} of {case.where} is no VF, as it would need.",
        )
        return
    if case.had is not None and case.had["vlan"] != gets["vlan"]:
        yield deaf(
            "VLAN_DIFFERS",
            f"The guest would be in VLAN {_tags(gets['vlan'])} on {case.where}; it is in {_tags(case.had['vlan'])}.",
            _vlan_repair(case),
        )


def takes_vlan(case: Case) -> bool:
    """Whether libvirt plugs a NIC with a VLAN into the destination's network."""
    if case.net is None or case.gets is None:
        return False
    if case.net.mode in ("hostdev", "passthrough"):
        return True
    if case.net.mode != "bridge" or not case.net.bridge:
        return False
    port = case.gets["virtualport"]
    return _kind(port) == "openvswitch" or (not port and case.view.version >= VLAN_ON_LINUX_BRIDGE)


def _no_vf(case: Case) -> Optional[str]:
    """The first member of a passthrough pool that the kernel cannot give a VLAN."""
    if case.net is None or case.net.mode != "passthrough":
        return None
    return next((str(link["name"]) for link in members(case.view, case.net) if link.get("vf") is False), None)


def _vlan_repair(case: Case) -> Optional[dict[str, Any]]:
    """Where the guest's VLAN comes from its portgroup or its network, the destination's can be given the same."""
    if case.had is None or case.gets is None or case.net is None or case.nic["own"].get("vlan"):
        return None
    group = case.had["portgroup"]
    if group is not None and group.get("vlan"):
        return remedy.portgroup(case.name, group["name"], vlan=group["vlan"])
    if case.gets["portgroup"] is not None and case.gets["portgroup"].get("vlan"):
        return remedy.portgroup(case.name, case.gets["portgroup"]["name"], vlan={})
    return remedy.network(case.name, vlan=case.had["vlan"] or {})


def _tags(vlan: Optional[Document]) -> str:
    return "+".join(str(tag.get("id")) for tag in (vlan or {}).get("tags") or ()) or "none"


def bandwidth(case: Case) -> Iterator[Finding]:
    net, gets = case.net, case.gets
    if net is None or gets is None:
        return
    wants = gets["bandwidth"] or {}
    if wants and net.mode == "hostdev":
        yield refused(
            "QOS_UNSUPPORTED", f"The NIC has a bandwidth, which {case.where}, a pool of PCI devices, does not take."
        )
        return
    floor = (wants.get("inbound") or {}).get("floor")
    if floor:
        yield from _floor(case, int(floor))
    if case.had is not None and case.had["bandwidth"] != gets["bandwidth"]:
        group = case.had["portgroup"]
        repair = None
        if group is not None and not case.nic["own"].get("bandwidth"):
            repair = remedy.portgroup(case.name, group["name"], bandwidth=group.get("bandwidth") or {})
        yield weaker("QOS_DIFFERS", f"The guest would have another bandwidth on {case.where} than it has.", repair)


def _floor(case: Case, floor: int) -> Iterator[Finding]:
    """libvirt promises no floor that the network's own bandwidth does not cover. floor: in KiB/s."""
    net = case.net
    if net is None:
        return
    inbound = (net.document.get("bandwidth") or {}).get("inbound")
    if not is_virtual(net.document):
        yield refused("QOS_UNSUPPORTED", f"The NIC is promised a floor of bandwidth, which {case.where} cannot give.")
    elif not inbound:
        wanted = ((case.had or {}).get("definition") or {}).get("bandwidth")
        yield refused(
            "QOS_UNSUPPORTED",
            f"The NIC is promised a floor of bandwidth, and {case.where} has no inbound bandwidth to take it from.",
            remedy.network(case.name, bandwidth=wanted) if wanted else None,
        )
    elif floor > int(inbound.get("peak") or inbound.get("average") or 0):
        yield refused(
            "QOS_UNSUPPORTED",
            f"The NIC is promised {floor} KiB/s, more than {case.where} has.",
        )


def isolation(case: Case) -> Iterator[Finding]:
    net, had, gets = case.net, case.had, case.gets
    if net is None or gets is None:
        return
    bridged = is_virtual(net.document) or (net.mode == "bridge" and bool(net.bridge))
    if gets["isolated"] and (not bridged or _kind(gets["virtualport"]) == "openvswitch"):
        yield refused(
            "ISOLATION_UNSUPPORTED",
            f"The NIC's port is to be isolated, which {case.where} cannot do: it is no Linux bridge.",
        )
    elif had is not None and had["isolated"] and not gets["isolated"]:
        yield weaker(
            "ISOLATION_LOST",
            f"The guest's port is isolated from other guests; on {case.where} it would not be.",
            remedy.network(case.name, port={"isolated": True}) if bridged else None,
        )
    elif had is not None and gets["isolated"] and not had["isolated"]:
        yield weaker(
            "NET_REACH_DIFFERS",
            f"On {case.where} guests are isolated from each other; on the guest's own host they are not.",
            remedy.network(case.name, port={}),
        )


def trust(case: Case) -> Iterator[Finding]:
    if (
        case.had is not None
        and case.gets is not None
        and case.had["trust_guest_rx_filters"]
        and not case.gets["trust_guest_rx_filters"]
    ):
        yield weaker(
            "PORTGROUP_DIFFERS",
            f"The guest's own receive filters are trusted on its host; on {case.where} they would not be.",
        )
