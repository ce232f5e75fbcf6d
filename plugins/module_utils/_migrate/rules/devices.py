# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NICs that name a device of the host instead of a network: judged by that device, as far as one can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._model.field import Document
from ..case import Case
from ..finding import Finding, deaf, refused, told, unseen, weaker
from ..promise import UP, bridge_mtu
from ..view import passes
from .links import bridge_of, is_bridge, uplinks_of
from .pools import set_down


def by_device(case: Case) -> Iterator[Finding]:
    kind, device = case.nic["type"], case.nic["source"]
    if kind in ("network", "user", "null"):
        return
    if kind == "bridge" and device:
        yield _named(case, str(device))
        yield from _on_bridge(case, str(device))
    elif kind == "direct" and device:
        yield _named(case, str(device))
        yield from _on_link(case, str(device))
    elif kind == "hostdev":
        return  # pinned, which its own rule says
    else:
        yield unseen(f"A NIC of type {kind} depends on what the host has outside of libvirt.")


def _named(case: Case, device: str) -> Finding:
    use = _network_on(case, device)
    advice = f"use network '{use}', which stands on it there" if use else "no network there stands on it"
    # Whether it is the same wire can be told of wires alone: libvirt's own bridges may lead anywhere.
    wired = ((case.nic.get("stands_on") or {}).get("uplink") or {}).get("state") == UP and not _is_made(case, device)
    finding = told if wired else weaker
    return finding(
        "NIC_NOT_BY_NAME",
        f"The NIC names {device} itself and not a network: nothing promises that it is the same on {case.view.name} "
        f"({advice}).",
    )


def _is_made(case: Case, device: str) -> bool:
    """Whether the bridge is one that libvirt makes for a network there."""
    return any(net.active and net.bridge == device and net.mode != "bridge" for net in case.view.networks.values())


def _network_on(case: Case, device: str) -> Optional[str]:
    from ..._fleet.reach import underlying_links

    found = [
        net.name
        for net in case.view.networks.values()
        if net.bridge == device or device in underlying_links(net.document)
    ]
    return min(found, default=None)


def _on_bridge(case: Case, device: str) -> Iterator[Finding]:
    had: Document = case.nic.get("stands_on") or {"uplink": {"state": None, "vlan": None}, "mtu": None}
    yield from bridge_of(case.view, device, "the NIC")
    if not is_bridge(case.view, device):
        return
    if not _is_made(case, device):
        yield from uplinks_of(case.view, device, "the NIC", had["uplink"])
    elif had["uplink"]["state"] == UP:
        yield deaf(
            "NET_REACH_DIFFERS",
            f"{device} on {case.view.name} is the bridge of libvirt's network '{_network_on(case, device)}', on the "
            "guest's own host the wire itself.",
        )
    yield from _size(case, had["mtu"], bridge_mtu(case.view, device), device)


def _on_link(case: Case, device: str) -> Iterator[Finding]:
    had: Document = case.nic.get("stands_on") or {"uplink": {"state": None, "vlan": None}, "mtu": None}
    if case.view.links is None:
        yield unseen(f"The links of {case.view.name} cannot be seen from here: whether it has {device} is unknown.")
        return
    link = case.view.link(device)
    if link is None:
        yield refused("UPLINK_MISSING", f"{case.view.name} has no {device}, which the NIC names.")
        return
    if link["master"]:
        yield refused("POOL_MEMBER_BUSY", f"{device} on {case.view.name} is a port of {link['master']}.")
    if link["admin"] != "up":
        yield set_down(link, f"{device} on {case.view.name}")
    elif not passes(link):
        yield deaf("UPLINK_NO_CARRIER", f"{device} on {case.view.name} has no carrier.")
    elif had["uplink"]["state"] == UP and had["uplink"]["vlan"] != link.get("vlan"):
        yield deaf(
            "VLAN_DIFFERS",
            f"{device} on {case.view.name} is in VLAN {link.get('vlan') or 'none'}, on the guest's own host in "
            f"{had['uplink']['vlan'] or 'none'}.",
        )
    yield from _held(case, device)
    yield from _size(case, had["mtu"], link.get("mtu"), device)


def _held(case: Case, device: str) -> Iterator[Finding]:
    """By a guest of a network that has it for itself, or when this NIC wants it for itself."""
    for net in sorted(case.view.networks.values(), key=lambda net: net.name):
        for item in (net.pool or {}).get("members") or ():
            if item["name"] != device:
                continue
            held = [h for h in item["holders"] if h["kind"] != "stale"]
            if held and (case.nic["mode"] == "passthrough" or net.mode == "passthrough"):
                yield refused("POOL_MEMBER_BUSY", f"{held[0]['name']} holds {device} on {case.view.name}.")
                return


def _size(case: Case, had: Optional[int], gets: Optional[int], device: str) -> Iterator[Finding]:
    if had and gets and gets < had:
        yield deaf(
            "MTU_TOO_SMALL",
            f"Frames of {had} bytes pass on the guest's own host; {device} on {case.view.name} takes only those of "
            f"{gets}.",
        )
    elif not had or not gets:
        yield unseen(f"Which frames pass through {device} on both hosts cannot be seen.")
