# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC enjoys on a host: on its own now, and on another if it came there. The check holds the one against the
other, so both are worked out here."""

from __future__ import annotations

from typing import Any, Optional

from .._fleet.reach import MODES
from .._model.address import ip as same
from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import is_virtual, members_of
from .._model.guest import SETTINGS
from .._model.mark import foreign
from .._model.network import DESCRIPTIVE
from .._model.portgroup import PORTGROUP
from .._plan.old_settings import effective_settings
from .view import Net, View, passes

DEFAULT_MTU = 1500
UP, DOWN, NONE = "up", "down", "none"
_REACH = {mode: reach for reach, modes in MODES.items() for mode in modes}
# What a host makes up for itself, or what says nothing of the network.
_NOT_PROMISED = ("uuid", "mac", "name", *DESCRIPTIVE)


def promises(view: View, nic: Document, held: Optional[Document] = None) -> Optional[Document]:
    """None when the NIC asks for no network, or for one that the host lacks.

    nic: as virt_guest_info shows it; held: the settings that it was plugged in with, where it is plugged in.
    """
    net = view.networks.get(str(nic["network"])) if nic["type"] == "network" else None
    if net is None:
        return None
    own = nic["own"]
    asked = {key: value for key, value in own.items() if key not in _BESIDE}
    got = effective_settings(net.document, nic["portgroup"], asked)
    if held is not None:
        got.update(held)
    own_isolated = own.get("isolated")
    device = nic.get("device")
    return {
        "network": {
            "uuid": net.document.get("uuid"),
            "active": net.active,
            "persistent": net.persistent,
            "autostart": net.autostart,
            "managed": net.managed,
        },
        "mode": net.mode,
        "reach": _REACH.get(net.mode),
        "mtu": _least(path_mtu(view, net, device), own.get("mtu")),
        "uplink": uplink(view, net, device),
        "portgroup": portgroup(net, nic["portgroup"]),
        "vlan": got["vlan"],
        "bandwidth": got["bandwidth"],
        "virtualport": got["virtualport"],
        "trust_guest_rx_filters": bool(got["trust_guest_rx_filters"]),
        "isolated": bool((net.document.get("port") or {}).get("isolated") if own_isolated is None else own_isolated),
        "addresses": addresses(view, net),
        "forwarding": forwarding(view, net),
        "definition": definition(net),
    }


_BESIDE = ("mtu", "isolated")


def portgroup(net: Net, name: Optional[str]) -> Optional[Document]:
    """The portgroup that a NIC gets: the one it names, else the default; None when there is none."""
    for group in net.document.get("portgroups") or ():
        if group.get("default") if name is None else group.get("name") == name:
            return dict(group)
    return None


def addresses(view: View, net: Net) -> list[str]:
    """The host's own on the network, such as 10.20.0.1/24: what guests have as their gateway and subnet.

    Those that the network defines, but for what somebody has taken off its bridge, where that can be seen.
    """
    return sorted(f"{ip.get('address')}/{ip.get('prefix')}" for ip in _addresses(view, net))


def removed(view: View, net: Net) -> list[str]:
    """The addresses that the network defines, and that its bridge does not have."""
    there = addresses(view, net)
    defined = (f"{ip.get('address')}/{ip.get('prefix')}" for ip in net.document.get("ips") or ())
    return sorted(address for address in defined if address not in there)


def _addresses(view: View, net: Net) -> list[Document]:
    ips = list(net.document.get("ips") or ())
    link = view.link(net.bridge) if net.active and net.bridge else None
    if link is None or link.get("addresses") is None:
        return ips
    live = {same(str(one)) for one in link["addresses"]}
    return [ip for ip in ips if same(str(ip.get("address"))) in live or _is_of_the_link(str(ip.get("address")))]


def _is_of_the_link(address: str) -> bool:
    """Links are not shown with the addresses that are theirs alone."""
    return address.lower().startswith(("fe80:", "169.254."))


def forwarding(view: View, net: Net) -> Optional[list[str]]:
    """The families of the network's subnets whose packets the host passes on; None when it cannot be seen, or there is
    nothing to pass on. A network without a subnet here may have any behind its bridge.
    """
    if view.forwarding is None or not net.active or _REACH.get(net.mode) not in ("nat", "routed"):
        return None
    return [family for family in families(net) if view.forwarding[family]]


def families(net: Net) -> list[str]:
    """Of the network's subnets."""
    return sorted({str(ip.get("family") or "ipv4") for ip in net.document.get("ips") or ()} or {"ipv4", "ipv6"})


def definition(net: Net) -> Document:
    """The network as another host could be given it."""
    document = {key: value for key, value in net.options.items() if key not in _NOT_PROMISED}
    if is_virtual(net.document):
        # libvirt finds a free name of its own.
        bridge = {key: value for key, value in (document.get("bridge") or {}).items() if key != "name"}
        document.pop("bridge", None)
        if bridge:
            document["bridge"] = bridge
    if net.options.get("metadata") and foreign(net.options):
        document["metadata"] = foreign(net.options)
    return document


def path_mtu(view: View, net: Net, device: Optional[str] = None) -> Optional[int]:
    """The largest frame that passes on the host, None when it cannot be seen. device: of a pool, where it is known."""
    if is_virtual(net.document):
        link = view.link(net.bridge) if net.bridge else None
        return (link or {}).get("mtu") or net.document.get("mtu") or DEFAULT_MTU
    if view.links is None:
        return None
    if net.bridge:
        return bridge_mtu(view, net.bridge)
    return _least(*(link.get("mtu") for link in members(view, net, device)))


def bridge_mtu(view: View, bridge: str) -> Optional[int]:
    link = view.link(bridge)
    if link is None:
        return None
    return _least(link.get("mtu"), *(uplink.get("mtu") for uplink in view.uplinks(bridge) or () if passes(uplink)))


def members(view: View, net: Net, device: Optional[str] = None) -> list[Document]:
    """The links of a pool's members that are there; of the one device alone where it is given. A PCI address has none
    that could be asked after: its VF's may be gone to a guest.
    """
    names = [device] if device else members_of(net.options)
    return [link for name in names for link in [view.link(str(name))] if link is not None]


def uplink(view: View, net: Net, device: Optional[str] = None) -> Document:
    """state: UP, DOWN (no carrier), NONE (nothing leads out) or None (it cannot be seen); vlan: of the uplinks."""
    if view.links is None or (is_virtual(net.document) and not _way_out(net)):
        return {"state": None, "vlan": None}
    if is_virtual(net.document):
        found: Optional[list[Document]] = [link for link in [view.link(str(_way_out(net)))] if link]
    elif net.bridge:
        found = view.uplinks(net.bridge)
    else:
        found = None if net.mode == "hostdev" else members(view, net, device)
    return state_of(found)


def state_of(found: Optional[list[Document]]) -> Document:
    if found is None:
        return {"state": None, "vlan": None}
    vlans = {link.get("vlan") for link in found if passes(link)}
    state = UP if any(passes(link) for link in found) else DOWN if found else NONE
    return {"state": state, "vlan": vlans.pop() if len(vlans) == 1 else None}


def _way_out(net: Net) -> Any:
    """The device that a NAT or routed network is bound to go out by."""
    forward = net.document.get("forward") or {}
    named = forward.get("interfaces") or ()
    return forward.get("dev") or (named[0].get("dev") if named else None)


def _least(*sizes: Optional[int]) -> Optional[int]:
    known = [size for size in sizes if size]
    return min(known) if known else None


def held_by(port: Document) -> Document:
    """What a port was made with, in the form of effective_settings()."""
    document = canonical(PORTGROUP, port)
    return {name: document.get(name) for name in SETTINGS}


def stands_on(view: View, nic: Document) -> Document:
    """mtu and uplink of the device that a NIC names in place of a network; not known of other kinds of NICs."""
    device = str(nic["source"])
    unknown: Document = {"state": None, "vlan": None}
    if view.links is None:
        return {"mtu": None, "uplink": unknown}
    if nic["type"] == "bridge":
        return {
            "mtu": _least(bridge_mtu(view, device), nic["own"].get("mtu")),
            "uplink": state_of(view.uplinks(device)),
        }
    link = view.link(device)
    if nic["type"] != "direct" or link is None:
        return {"mtu": None, "uplink": unknown}
    return {"mtu": _least(link.get("mtu"), nic["own"].get("mtu")), "uplink": state_of([link])}


def attached(view: View, nic: Document, target: Optional[str]) -> Optional[bool]:
    """Whether a running guest's NIC is where its network says: its tap in the bridge, or its device in the pool.

    target: its tap. None for a NIC of no network, and where links cannot be seen.
    """
    net = view.networks.get(str(nic["network"])) if nic["type"] == "network" else None
    if net is None or view.links is None:
        return None
    if nic["device"]:
        return nic["device"] in (net.counted or members_of(net.options))
    tap = view.link(str(target))
    if tap is None or not net.bridge:
        return False
    return bool(tap["master"] == net.bridge or target in view.switches.get(net.bridge, ()))
