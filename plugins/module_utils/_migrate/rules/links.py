# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's links under a network: its bridge, what leads out of it, and whether full-size frames pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._model.field import Document
from ..._model.forward import is_virtual
from .. import remedy
from ..case import Case
from ..finding import Finding, deaf, refused, unseen, weaker
from ..promise import DOWN, NONE, UP, state_of
from ..view import View, passes
from .pools import draws

# Seconds of silence that libvirt's own bridges ask of a guest, too.
_SOON = 8


def bridge(case: Case) -> Iterator[Finding]:
    net = case.net
    if net is None or not net.active:
        return
    if net.bridge:
        yield from bridge_of(case.view, net.bridge, case.where, is_virtual(net.document))
    elif is_virtual(net.document):
        yield unseen(f"The bridge of {case.where} has no name that could be looked for.")


def bridge_of(view: View, name: str, where: str, made: bool = False) -> Iterator[Finding]:
    """where: what stands on the bridge, within a sentence.

    made: by libvirt, so that only a restart of the network makes it anew, and cuts off whoever is plugged in.
    """
    if view.links is None:
        yield unseen(
            f"The links of {view.name} cannot be seen from here: whether bridge {name} of {where} works is unknown."
        )
        return
    link = view.link(name)
    if link is None:
        yield refused(
            "BRIDGE_MISSING",
            f"There is no bridge {name} on {view.name}, on which {where} stands.",
            None if made else remedy.command("ip", "link", "add", name, "up", "type", "bridge"),
        )
    elif link["kind"] != "bridge" and name not in view.switches:
        yield refused("BRIDGE_MISSING", f"{name} on {view.name}, on which {where} stands, is no bridge.")
    elif link["admin"] != "up" and name not in view.switches:
        # Of an Open vSwitch that is but the host's own port.
        yield deaf("BRIDGE_DOWN", f"Bridge {name} of {where} is down.", remedy.link_up(name))
    elif (link.get("stp_delay") or 0) > _SOON:
        yield weaker(
            "BRIDGE_STP_DELAY",
            f"Bridge {name} of {where} speaks STP and keeps a new port silent for {link['stp_delay']:.0f} seconds.",
        )


def uplinks(case: Case) -> Iterator[Finding]:
    """Of bridges, and of NAT and routed networks that are bound to a device; pools have their own."""
    net, gets = case.net, case.gets
    if net is None or gets is None or not net.active or case.view.links is None:
        return
    if net.bridge and not is_bridge(case.view, net.bridge):
        return  # said already
    had = (case.had or {}).get("uplink") or {"state": None, "vlan": None}
    if is_virtual(net.document):
        yield from _way_out(case)
    elif net.bridge:
        yield from uplinks_of(case.view, net.bridge, case.where, had)


def _way_out(case: Case) -> Iterator[Finding]:
    from ..._fleet.reach import underlying_links

    # Where the guest's own host had no way out either, there is none to lose.
    found = weaker if ((case.had or {}).get("uplink") or {}).get("state") in (DOWN, NONE) else deaf
    for device in underlying_links(case.net.document if case.net else {})[:1]:
        link = case.view.link(device)
        if link is None:
            yield found("UPLINK_MISSING", f"{case.view.name} has no {device}, by which {case.where} is to go out.")
        elif not passes(link):
            yield found("UPLINK_NO_CARRIER", f"{device}, by which {case.where} is to go out, {_why(link)}.", _up(link))
        elif _went_anywhere(case) and not (link.get("default_route") or link.get("addresses")):
            yield found(
                "NET_REACH_DIFFERS",
                f"{case.where[0].upper()}{case.where[1:]} is to go out by {device} alone, which has neither an address "
                "nor the default route; on the guest's own host it may go out by any link.",
            )


def _went_anywhere(case: Case) -> bool:
    from ..._fleet.reach import underlying_links

    return case.had is not None and not underlying_links(case.had["definition"])


def is_bridge(view: View, name: str) -> bool:
    link = view.link(name)
    return link is not None and (link["kind"] == "bridge" or name in view.switches)


def uplinks_of(view: View, name: str, where: str, had: Document) -> Iterator[Finding]:
    """had: the state of the uplinks on the guest's own host. A guest loses no way out that it never had."""
    if had["state"] == NONE:
        return
    found = view.uplinks(name)
    state = state_of(found)
    says = weaker if had["state"] == DOWN else deaf
    if found is None:
        yield unseen(f"What leads out of bridge {name} of {where} cannot be seen.")
    elif not found:
        yield says("UPLINK_MISSING", f"Nothing leads out of bridge {name} of {where}: it has no port but guests'.")
    elif state["state"] == DOWN:
        dead = min(found, key=lambda link: str(link["name"]))
        others = "" if len(found) == 1 else f" (nor do its other {len(found) - 1} uplinks pass any)"
        yield says("UPLINK_NO_CARRIER", f"{dead['name']}, the uplink of {where}, {_why(dead)}{others}.", _up(dead))
    elif state["state"] == UP and had["state"] == UP and state["vlan"] != had["vlan"]:
        yield deaf(
            "VLAN_DIFFERS",
            f"The uplink of {where} is in VLAN {state['vlan'] or 'none'}, on the guest's own host in "
            f"{had['vlan'] or 'none'}.",
        )


def _why(link: Document) -> str:
    if link["admin"] != "up":
        return "is down"
    if link.get("carrier") is False:
        return "has no carrier"
    if link["kind"] == "macvlan":
        return "takes only frames for its own MAC address (a macvlan that is not in mode passthru)"
    return f"passes no frames (the bridge has its port {link.get('port_state')})"


def _up(link: Document) -> Optional[dict[str, object]]:
    """A cable is put in by hand."""
    return remedy.link_up(link["name"]) if link["admin"] != "up" else None


def mtu(case: Case) -> Iterator[Finding]:
    net, had, gets = case.net, case.had, case.gets
    if net is None or had is None or gets is None or not net.active:
        return
    if draws(net):
        # What passes depends on the member, which the pool's rule knows.
        if had["mtu"] is None and net.mode != "hostdev":
            yield unseen(f"Which frames pass through network '{case.name}' on the guest's own host cannot be seen.")
        return
    if had["mtu"] is None or gets["mtu"] is None:
        missing = case.view.links is not None and net.bridge and not is_bridge(case.view, net.bridge)
        if not missing:
            side = "the guest's own host" if had["mtu"] is None else case.view.name
            yield unseen(f"The MTU of network '{case.name}' on {side} cannot be seen.")
    elif gets["mtu"] < had["mtu"]:
        yield deaf(
            "MTU_TOO_SMALL",
            f"Frames of {had['mtu']} bytes pass on the guest's own host, on {case.where} only those of {gets['mtu']}.",
            _bigger(case, had["mtu"]),
        )


def _bigger(case: Case, size: int) -> Optional[dict[str, object]]:
    """The link that is too small; for a network whose bridge libvirt makes, the network."""
    if case.net is None:
        return None
    if is_virtual(case.net.document):
        return remedy.network(case.name, mtu=size)
    if case.net.bridge:
        chain = [*(case.view.uplinks(case.net.bridge) or ()), case.view.link(case.net.bridge)]
        small = [link for link in chain if link and (link.get("mtu") or size) < size]
        return remedy.link_mtu(small[0]["name"], size) if small else None
    return None
