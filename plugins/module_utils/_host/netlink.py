# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with all that decides whether one can be a pool's member: addresses, the default route, what stands on it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .._model.host_link import KernelLink, PortVlanInfo
from .._model.link_kinds import TCX, USUAL_QDISCS, XDP
from .links import has_xdp, link_of, netlink
from .tcx import links_with_tcx

# RT_SCOPE_LINK: an address that every link has automatically does not make it the host's.
_SCOPE_LINK = 253
# IFA_F_DADFAILED, IFA_F_TENTATIVE: nothing can listen there (yet).
_UNUSABLE = 0x08 | 0x40
# BRIDGE_VLAN_INFO_PVID, _UNTAGGED, _RANGE_BEGIN (linux/if_bridge.h)
_PVID, _UNTAGGED, _RANGE_BEGIN = 0x02, 0x04, 0x08
# The ticks that tc measures time in (PSCHED_SHIFT of the kernel), and the header of a frame with a tag.
_TICK, _NANOSECONDS, _HEADER = 64, 10**9, 18
# Disciplines that do nothing without filters, and the parents of those (TC_H_INGRESS, TC_H_MIN_INGRESS, _EGRESS).
_FILTERED = {"ingress": (0xFFFF0000,), "clsact": (0xFFFFFFF2, 0xFFFFFFF3)}


def read_netlink() -> list[KernelLink]:
    """All links, in the order of their indexes. Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE."""
    with netlink() as route:
        messages = {int(message["index"]): message for message in route.get_links()}
        addresses = list(route.get_addr())
        # The main table only: what other tables route is no way out of this host's own.
        routes = [message for family in (2, 10) for message in route.get_default_routes(family=family, table=254)]
        told = {index: link_of(message) for index, message in sorted(messages.items())}
        # Only a bridge that filters VLANs needs them.
        vlans = vlans_by_port(route.get_vlans()) if any(link["vlan_filtering"] for link in told.values()) else {}
        mtus = {index: int(link["mtu"] or 0) for index, link in told.items()}
        qdiscs = unusual_qdiscs(route.get_qdiscs(), mtus, lambda index, parent: _has_filters(route, index, parent))
    programs = links_with_tcx(told)
    paths_out = {index for message in routes for index in _out(message)}
    found: list[KernelLink] = []
    for index, link in told.items():
        master = told.get(messages[index].get_attr("IFLA_MASTER"))
        its = [message for message in addresses if message["index"] == index]
        own = [message for message in its if message["scope"] < _SCOPE_LINK]
        local = [message for message in its if message["scope"] == _SCOPE_LINK and not message["flags"] & _UNUSABLE]
        found.append(
            {
                **link,
                "master": None if master is None else master["name"],
                "default_route": index in paths_out,
                "addresses": tuple(map(_address, own)),
                "subnets": tuple(f"{_address(message)}/{message['prefixlen']}" for message in own),
                "link_local": tuple(map(_address, local)),
                "vlans": vlans.get(index),
                "programs": [
                    *([XDP] if has_xdp(messages[index]) else ()),
                    *([TCX] if index in programs else ()),
                    *qdiscs.get(index, ()),
                ],
            }
        )
    return found


def unusual_qdiscs(
    messages: Iterable[Any], mtus: Mapping[int, int], has_filters: Callable[[int, int], bool]
) -> dict[int, list[str]]:
    """Of links, by index: the disciplines of tc that may drop frames by rules of their own. mtus: of links, by index;
    has_filters: of a link and a parent."""
    found: dict[int, list[str]] = {}
    for message in messages:
        kind, index = str(message.get_attr("TCA_KIND")), int(message["index"])
        if kind in USUAL_QDISCS or kind == "noop":  # of a link that is down
            continue
        if kind in _LARGEST and _LARGEST[kind](message.get_attr("TCA_OPTIONS")) >= mtus.get(index, 0) + _HEADER:
            continue
        if kind not in _FILTERED or any(has_filters(index, parent) for parent in _FILTERED[kind]):
            found.setdefault(index, []).append(f"tc {kind}")
    return found


def _largest_of_fifo(options: Any) -> int:
    """The largest frame that a bfifo queues, by its limit, of which pyroute2 only shows the bytes (tc_fifo_qopt)."""
    try:
        return int.from_bytes(bytes.fromhex(str(options).replace(":", "")), sys.byteorder)
    except ValueError:
        return 0


def _largest_of_tbf(options: Any) -> int:
    """The largest frame that it lets pass (tbf_enqueue() of the kernel); 0 where that cannot be read."""
    given = options.get_attr("TCA_TBF_PARMS") if options is not None else None
    if given is None or given["peak"]:
        return 0
    burst = given["rate"] * given["buffer"] * _TICK // _NANOSECONDS
    return int(min(burst, given["limit"]))


_LARGEST = {"tbf": _largest_of_tbf, "bfifo": _largest_of_fifo}


def _has_filters(route: Any, index: int, parent: int) -> bool:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        return bool(list(route.get_filters(index=index, parent=parent)))
    except NetlinkError:
        return True  # whatever they are


def vlans_by_port(messages: Iterable[Any]) -> dict[int, list[PortVlanInfo]]:
    """The VLANs of each bridge port, by the index of the port."""
    found: dict[int, list[PortVlanInfo]] = {}
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
            untagged, pvid = bool(entry["flags"] & _UNTAGGED), bool(entry["flags"] & _PVID)
            found.setdefault(int(message["index"]), []).extend(
                {"id": one, "untagged": untagged, "pvid": pvid} for one in ids
            )
    return found


def _address(message: Any) -> str:
    return str(message.get_attr("IFA_ADDRESS"))


def _out(message: Any) -> list[int]:
    """The links by which a route leaves; several for a multipath route."""
    single = message.get_attr("RTA_OIF")
    return ([single] if single else []) + [hop["oif"] for hop in message.get_attr("RTA_MULTIPATH") or ()]
