# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with all that decides whether one can be a pool's member: addresses, the default route, what stands on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from .._model.link_kinds import USUAL_QDISCS, XDP
from .links import link_of, netlink

# RT_SCOPE_LINK: an address that every link has automatically does not make it the host's.
_SCOPE_LINK = 253
# IFA_F_DADFAILED, IFA_F_TENTATIVE: nothing can listen there (yet).
_UNUSABLE = 0x08 | 0x40
# BRIDGE_VLAN_INFO_PVID, _UNTAGGED, _RANGE_BEGIN (linux/if_bridge.h)
_PVID, _UNTAGGED, _RANGE_BEGIN = 0x02, 0x04, 0x08
# Disciplines that do nothing without filters, and the parents of those (TC_H_INGRESS, TC_H_MIN_INGRESS, _EGRESS).
_FILTERED = {"ingress": (0xFFFF0000,), "clsact": (0xFFFFFFF2, 0xFFFFFFF3)}


def read_netlink() -> list[dict[str, Any]]:
    """link_of's facts of every link, with the master's name, and addresses (the host's own), subnets (the same with
    their prefix), link_local (its own, on which a service can listen), default_route, mode (of a macvtap or macvlan),
    programs (what may drop frames by rules of its own: XDP, disciplines of tc that are not usual).

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    with netlink() as route:
        links = list(route.get_links())
        addresses = list(route.get_addr())
        # The main table only: what other tables route is no way out of this host's own.
        routes = [message for family in (2, 10) for message in route.get_default_routes(family=family, table=254)]
        found = from_messages(links, addresses, routes)
        # Only a bridge that filters VLANs needs them.
        vlans = vlans_by_port(route.get_vlans()) if any(link["vlan_filtering"] for link in found) else {}
        qdiscs = unusual_qdiscs(route.get_qdiscs(), lambda index, parent: _has_filters(route, index, parent))
    for link in found:
        link["vlans"] = vlans.get(int(link["index"]))
        link["programs"] = [*([XDP] if link.pop("xdp") else ()), *qdiscs.get(int(link["index"]), ())]
    return sorted(found, key=lambda link: int(link["index"]))


def unusual_qdiscs(messages: Iterable[Any], has_filters: Callable[[int, int], bool]) -> dict[int, list[str]]:
    """Of links, by index: the disciplines of tc that may drop frames by rules of their own. has_filters: of a link and
    a parent."""
    found: dict[int, list[str]] = {}
    for message in messages:
        kind, index = str(message.get_attr("TCA_KIND")), int(message["index"])
        if kind in USUAL_QDISCS or kind == "noop":  # of a link that is down
            continue
        if kind not in _FILTERED or any(has_filters(index, parent) for parent in _FILTERED[kind]):
            found.setdefault(index, []).append(f"tc {kind}")
    return found


def _has_filters(route: Any, index: int, parent: int) -> bool:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        return bool(list(route.get_filters(index=index, parent=parent)))
    except NetlinkError:
        return True  # whatever they are


def vlans_by_port(messages: Iterable[Any]) -> dict[int, list[dict[str, Any]]]:
    """Of ports of bridges, by index: the VLANs that they are in, each with id, untagged and pvid."""
    found: dict[int, list[dict[str, Any]]] = {}
    for message in messages:
        spec = message.get_attr("IFLA_AF_SPEC")
        entries = [value for name, value in spec["attrs"] if name == "IFLA_BRIDGE_VLAN_INFO"] if spec else []
        first = None
        for entry in entries:
            # A range consists of its two ends.
            if entry["flags"] & _RANGE_BEGIN:
                first = entry["vid"]
                continue
            ids = range(entry["vid"] if first is None else first, entry["vid"] + 1)
            first = None
            flags = {"untagged": bool(entry["flags"] & _UNTAGGED), "pvid": bool(entry["flags"] & _PVID)}
            found.setdefault(int(message["index"]), []).extend({"id": one, **flags} for one in ids)
    return found


def from_messages(links: list[Any], addresses: list[Any], routes: list[Any]) -> list[dict[str, Any]]:
    """links, addresses, routes: netlink's answers."""
    found = [{**link_of(message), "mode": _mode(message)} for message in links]
    names = {link["index"]: link["name"] for link in found}
    ways_out = {index for message in routes for index in _out(message)}
    for link in found:
        link["master"] = names.get(link["master"])
        link["default_route"] = link["index"] in ways_out
        its = [message for message in addresses if message["index"] == link["index"]]
        link["addresses"] = tuple(_address(message) for message in its if message["scope"] < _SCOPE_LINK)
        link["subnets"] = tuple(
            f"{_address(message)}/{message['prefixlen']}" for message in its if message["scope"] < _SCOPE_LINK
        )
        link["link_local"] = tuple(
            _address(message) for message in its if message["scope"] == _SCOPE_LINK and not message["flags"] & _UNUSABLE
        )
    return found


def _address(message: Any) -> str:
    return str(message.get_attr("IFA_ADDRESS"))


def _mode(message: Any) -> Any:
    info = message.get_attr("IFLA_LINKINFO")
    data: Any = info.get_attr("IFLA_INFO_DATA") if info else None
    if not hasattr(data, "get_attr"):
        return None
    return data.get_attr("IFLA_MACVTAP_MODE") or data.get_attr("IFLA_MACVLAN_MODE")


def _out(message: Any) -> list[int]:
    """The links by which a route leaves; several for a multipath route."""
    single = message.get_attr("RTA_OIF")
    return ([single] if single else []) + [hop["oif"] for hop in message.get_attr("RTA_MULTIPATH") or ()]
