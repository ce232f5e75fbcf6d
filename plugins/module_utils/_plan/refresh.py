# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving NICs of running guests the settings that their network gives now, while they stay plugged in.

docs/updates.md says by which ways, and what of it holds after a restart of the daemon and after a migration.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._model.bandwidth import UNKNOWN_TRAFFIC_CONTROL
from .._model.canonical import canonical
from .._model.desired import Desired
from .._model.field import Document
from .._model.guest import SETTINGS, Guest
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._model.portgroup import PORTGROUP
from .._xml.port import read_settings_from_network, replace_port_settings
from .duration import seconds
from .old_settings import OldNic, differing, old_nics
from .replug import goal_of, is_replug, stops
from .step import REFRESH, Plan, Step

# Who sets it: of a tap in a Linux bridge, of a port in an Open vSwitch bridge.
LIBVIRT = "libvirt"
SWITCH = "openvswitch"

# Until then, an update of a NIC that changes this and nothing else does nothing.
_TRUST_SINCE = (10, 0, 0)
# Until then, a daemon that starts leaves the ports alone that it finds in their bridge, whatever the datapath.
_SETS_PORTS_AGAIN = (9, 1, 0)
_USERSPACE = "netdev"
# What a port can have otherwise than its NIC was plugged in with.
_SETTABLE = ("bandwidth", "vlan", "trust_guest_rx_filters")


@dataclass(frozen=True)
class RefreshSupport:
    """What there is to reach plugged-in NICs with. datapaths: the host's Open vSwitch bridges, each with the
    datapath_type that its database has, None if Open vSwitch does not answer; traffic_control: whether the kernel has
    what bandwidth needs, None if that is unknown."""

    host: Host
    datapaths: Mapping[str, str] | None = field(default_factory=dict)
    traffic_control: bool | None = None


def asks_for_switches(old: Sequence[OldNic]) -> bool:
    """Whether the datapaths of Means matter."""
    return any(_obstacle_of_kind(one) is None and _setter(one) == SWITCH for one in old)


def asks_for_traffic_control(old: Sequence[OldNic]) -> bool:
    """Whether traffic_control of Means matters."""
    return any(_obstacle_of_kind(one) is None and _setter(one) == LIBVIRT and "bandwidth" in one.differs for one in old)


def obstacle_to_refresh(old: OldNic, means: RefreshSupport) -> str | None:
    """Why the NIC cannot get its settings while it is plugged in, as a sentence; None if it can."""
    never = _obstacle_of_kind(old)
    if never is not None:
        return never
    if _setter(old) == SWITCH:
        return _on_switch(old, means)
    if "vlan" in old.differs:
        return "libvirt sets a VLAN in a Linux bridge only by taking the NIC out of the bridge."
    if old.differs == ("trust_guest_rx_filters",) and not means.host.has(_TRUST_SINCE):
        return (
            f"libvirt {means.host.release} sets trust_guest_rx_filters only when it plugs in a NIC; 10.0 and newer "
            "also set it later."
        )
    return None


def _obstacle_of_kind(old: OldNic) -> str | None:
    """Why no host could give this kind of NIC its settings while it is plugged in, as a sentence."""
    if old.nic.actual == "hostdev":
        return "libvirt cannot change a host device that is plugged in."
    if old.nic.actual == "direct":
        return "libvirt applies the settings of a macvtap only when it plugs it in."
    if "virtualport" in old.differs or _types(old) not in ({None}, {SWITCH}):
        return "A NIC gets its virtualport only when it is plugged in."
    return None


def _setter(old: OldNic) -> str:
    """Who can set it: LIBVIRT or SWITCH."""
    return SWITCH if _types(old) == {SWITCH} else LIBVIRT


def _types(old: OldNic) -> set[str | None]:
    return {(port or {}).get("type") for port in (old.wanted["virtualport"], settings_of(old.port)["virtualport"])}


def _on_switch(old: OldNic, means: RefreshSupport) -> str | None:
    if "trust_guest_rx_filters" in old.differs:
        return "An Open vSwitch port gets trust_guest_rx_filters only when it is plugged in."
    inbound = [(bandwidth or {}).get("inbound") for bandwidth in _bandwidths(old)]
    if inbound[0] != inbound[1]:
        return (
            "libvirt limits the traffic that an Open vSwitch port receives with a queue. It removes the queue with "
            "the port only if the NIC was plugged in with it."
        )
    if means.host.remote:
        return "Open vSwitch cannot be reached over a remote URI."
    if means.datapaths is None:
        return "This host's Open vSwitch does not answer, or ovs-vsctl is missing."
    datapath = means.datapaths.get(str(old.nic.source))
    if datapath is None:
        return f"Bridge {old.nic.source} is not in this host's Open vSwitch."
    if "vlan" in old.differs and datapath == _USERSPACE and means.host.has(_SETS_PORTS_AGAIN):
        return (
            f"Bridge {old.nic.source} has a userspace datapath: when its daemon starts, libvirt {means.host.release} "
            "restores the VLAN with which the NIC was plugged in."
        )
    return None


def takes_effect(old: OldNic) -> list[str]:
    """When the NIC gets its settings at the latest."""
    return ["next_start"] if old.nic.actual == "hostdev" else ["next_migration", "next_start"]


def refresh_steps(name: str, old: Sequence[OldNic], means: RefreshSupport) -> tuple[Step, ...]:
    """For those who can get their settings while they are plugged in."""
    return tuple(_refresh(name, one) for one in old if obstacle_to_refresh(one, means) is None)


def _refresh(name: str, old: OldNic) -> Step:
    port = replace(old.port, xml=replace_port_settings(old.port.xml, {name: old.wanted[name] for name in _SETTABLE}))
    return Step(
        REFRESH,
        name,
        f"update {', '.join(old.differs)} of {port} in network '{name}' while the NIC stays plugged in",
        section=_setter(old),
        ports=(port,),
    )


def with_refreshes(plan: Plan, old: Sequence[OldNic], means: RefreshSupport) -> Plan:
    """The plan, with guests last: by then the network gives what they are to have."""
    steps = refresh_steps(plan.network, old, means)
    if not steps:
        return plan
    who = [one for one in old if obstacle_to_refresh(one, means) is None]
    has = {str(one.port): {name: settings_of(one.port)[name] for name in one.differs} for one in who}
    gets = {str(one.port): {name: one.wanted[name] for name in one.differs} for one in who}
    unknown = (UNKNOWN_TRAFFIC_CONTROL,) if means.traffic_control is None and asks_for_traffic_control(who) else ()
    return replace(
        plan,
        steps=(*plan.steps, *steps),
        before={**plan.before, "guests": has},
        after={**plan.after, "guests": gets},
        seconds=round(plan.seconds + seconds(steps), 2),
        outstanding=tuple(dict.fromkeys((*plan.outstanding, *unknown))),
    )


def running_after(desired: Desired, observed: Observed, plan: Plan) -> Document | None:
    """The running network after the plan, canonical; None if it does not run on with those who are plugged in."""
    if observed.live is None or (stops(plan) and not is_replug(plan)):
        return None
    if stops(plan):
        return canonical(NETWORK, goal_of(plan, observed))
    live = dict(observed.live)
    if ("portgroups" in desired.declared or desired.exact) and "portgroups" not in plan.pending:
        live["portgroups"] = desired.declared.get("portgroups") or []
    return canonical(NETWORK, live)


def refreshed_nics(plan: Plan) -> frozenset[tuple[str | None, str | None]]:
    """Guest and MAC address of the NICs that a plan refreshes."""
    return frozenset((port.uuid, port.mac) for step in plan.steps if step.action == REFRESH for port in step.ports)


def repeated_refreshes(plan: Plan) -> tuple[Step, ...]:
    """The plan's refreshes, for a run that may have been interrupted in the middle of one."""
    return tuple(replace(step, value=True) for step in plan.steps if step.action == REFRESH)


def reverted_refreshes(
    was: Observed,
    now: Observed,
    guests: tuple[Guest, ...] | None,
    touched: Collection[tuple[str | None, str | None]],
) -> tuple[Step, ...]:
    """For NICs that may have been refreshed, the settings that they had before.

    libvirt gives a tap in a Linux bridge no other settings than those that its network gives: a guest that was on
    older ones gets those that the network gave before. A port of Open vSwitch gets its own back.
    touched: of refreshed_nics().
    """
    if not touched or was.live is None or guests is None:
        return ()
    gives = canonical(NETWORK, was.live)
    there = {(port.uuid, port.mac): port for port in now.plugged or ()}
    steps = []
    for port in was.plugged or ():
        here = there.get((port.uuid, port.mac))
        if (port.uuid, port.mac) not in touched:
            continue
        if (settings_of(port)["virtualport"] or {}).get("type") == SWITCH:
            steps.append(_back(was.name, port, SWITCH))
        elif here is not None and differing(here, settings_of(port)) and old_nics(gives, (here,), guests):
            steps.append(_back(was.name, port, LIBVIRT))
    return tuple(steps)


def _back(name: str, port: Plugged, section: str) -> Step:
    doing = f"restore the settings of {port} in network '{name}'"
    return Step(REFRESH, name, doing, section=section, value=True, ports=(port,))


def settings_of(port: Plugged) -> Document:
    """All of SETTINGS, canonical; None for those that the port does not have."""
    return {**dict.fromkeys(SETTINGS), **canonical(PORTGROUP, read_settings_from_network(port.xml))}


def _bandwidths(old: OldNic) -> tuple[Document | None, Document | None]:
    return settings_of(old.port)["bandwidth"], old.wanted["bandwidth"]
