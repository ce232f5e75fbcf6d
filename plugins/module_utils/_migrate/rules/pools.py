# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of a network: is there a member for the guest, and does it lead anywhere?

libvirt chooses by its own counter, which may be wrong; whether the one that it will choose is really free is worked out
from ports, guests and links.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..._model import pool as kinds
from ..._model.field import Document
from ..._model.forward import members_of
from ..._plan.pool.occupancy import EXCLUSIVE
from .. import remedy
from ..case import Case
from ..finding import UNKNOWN, Finding, deaf, refused, unseen, weaker
from ..promise import DOWN
from ..view import Net, passes

_DIRECT = ("private", "vepa", "passthrough", "hostdev")


def draws(net: Net) -> bool:
    """Whether guests are given one of the host's devices."""
    return net.mode in _DIRECT or (net.mode == "bridge" and not net.bridge)


def pool(case: Case) -> Iterator[Finding]:
    net = case.net
    if net is None or not draws(net):
        return
    if net.mode == "hostdev" and case.nic["plugged_as"] and not case.nic["transient"]:
        yield refused(
            "DEVICE_PINNED",
            f"N{case.where[1:]} gives each guest a PCI device, and a NIC cannot become one while its guest runs.",
        )
    pf = ((net.options.get("forward") or {}).get("pf") or {}).get("dev")
    names = members_in_order(net)
    if pf and not names:
        yield from _physical(case, net, str(pf))
        return
    if not names:
        yield refused("POOL_EMPTY", f"The pool of {case.where} is empty.", _fill(case))
        return
    if not net.active:
        return
    if net.pool is None:
        yield unseen(f"Who holds the members of {case.where} was not looked at.")
        return
    chosen = next_members(net, 1, _alone(case))
    if not chosen:
        yield refused(
            "POOL_EXHAUSTED",
            f"All {len(names)} members of {case.where} are in use ({_holders(net)}).",
            _recount(net, case),
        )
        return
    if case.view.links is None:
        yield unseen(
            f"The links of {case.view.name} cannot be seen from here: whether {chosen[0]} of {case.where} is there, "
            "free and connected is unknown."
        )
        return
    yield from member(case, net, chosen[0])
    yield from limit(case, net)


def member(case: Case, net: Net, name: str) -> Iterator[Finding]:
    """The member that libvirt will hand out."""
    seen = _seen(net, name)
    if seen is None:
        yield unseen(f"Who holds {name} of {case.where} was not looked at.")
        return
    if seen["state"] == kinds.MISSING:
        yield refused(
            "POOL_MEMBER_MISSING",
            f"libvirt would give the guest {name}, a member of {case.where} that the host does not have.",
            remedy.pool(case.name, members=[name], state="absent"),
        )
        return
    against = _in_the_way(net, seen)
    if against is not None:
        yield refused(
            "POOL_MEMBER_BUSY",
            f"libvirt would give the guest {name} of {case.where}, which {against} holds.",
            remedy.pool(case.name, reclaim_stale=True) if net.pool and net.pool.get("miscounted") else None,
        )
    link = case.view.link(name)
    for pf in net.pfs.get(name, ()) if link is None else ():
        link = link or case.view.link(pf)
    if link is None:
        yield unseen(f"The link of {name}, a member of {case.where}, cannot be seen.")
        return
    yield from _connected(case, link)
    size = (case.had or {}).get("mtu")
    if size and link.get("mtu") and link["mtu"] < size:
        yield deaf(
            "MTU_TOO_SMALL",
            f"Frames of {size} bytes pass on the guest's own host; {name}, which it would get on {case.where}, takes "
            f"only those of {link['mtu']}.",
            remedy.link_mtu(link["name"], size),
        )


def _connected(case: Case, link: Document) -> Iterator[Finding]:
    what = f"{link['name']}, by which the guest's traffic would go on {case.where},"
    if passes(link):
        had = ((case.had or {}).get("uplink") or {}).get("vlan")
        if case.had is not None and case.had["uplink"]["state"] not in (None, DOWN) and had != link.get("vlan"):
            yield deaf(
                "VLAN_DIFFERS",
                f"{what} is in VLAN {link.get('vlan') or 'none'}, on the guest's own host in {had or 'none'}.",
            )
    elif link["admin"] == "up":
        yield deaf("UPLINK_NO_CARRIER", f"{what} has no carrier.")
    else:
        yield set_down(link, what)


def set_down(link: Document, what: str) -> Finding:
    """A link that is down tells nobody whether there is a cable in it."""
    return Finding(
        "UPLINK_NO_CARRIER",
        UNKNOWN,
        f"{what} is down: libvirt will set it up, and only then shows whether it has a carrier.",
        remedy=remedy.link_up(link["name"]),
    )


def limit(case: Case, net: Net) -> Iterator[Finding]:
    """max_guests is a note of ours that libvirt does not know: it hands the member out all the same."""
    if limited(net) and (net.pool or {}).get("capacity", {}).get("left") == 0:
        yield weaker("POOL_EXHAUSTED", f"The members of {case.where} have as many guests as they are to have.")


def limited(net: Net) -> bool:
    return net.mode not in EXCLUSIVE and any(item["max_guests"] for item in (net.pool or {}).get("members") or ())


def next_members(net: Net, number: int, alone: bool) -> list[str]:
    """The members that libvirt hands out to so many guests, one after the other; fewer when it has no more.

    alone: whether a member is for one guest only. libvirt takes the first unused one, else the least used.
    """
    counts = {name: (net.counted or {}).get(name, 0) for name in members_in_order(net)}
    chosen: list[str] = []
    for _turn in range(number):
        free = [name for name, count in counts.items() if count == 0] if alone else list(counts)
        if not free:
            break
        # The first on a tie, as min does.
        name = min(free, key=lambda name: counts[name])
        chosen.append(name)
        counts[name] += 1
    return chosen


def _alone(case: Case) -> bool:
    net = case.net
    port = (case.gets or {}).get("virtualport") or {}
    return net is not None and (net.mode in EXCLUSIVE or (net.mode == "private" and port.get("type") == "802.1Qbh"))


def members_in_order(net: Net) -> list[str]:
    """In libvirt's own order. The VFs of a PF are known to a running network only."""
    return list(net.counted) if net.counted else list(members_of(net.options))


def _seen(net: Net, name: str) -> Optional[dict[str, Any]]:
    found = [item for item in (net.pool or {}).get("members") or () if item["name"] == name]
    return found[0] if found else None


def _in_the_way(net: Net, seen: dict[str, Any]) -> Optional[str]:
    """Who has a member for himself, or would have to share it with a guest that wants it for itself."""
    for holder in seen["holders"]:
        # A stale port counts in libvirt's books alone, and those have chosen already.
        if holder["kind"] == kinds.STALE:
            continue
        if net.mode in EXCLUSIVE or not holder.get("shares", True):
            return {
                kinds.BRIDGE: f"bridge or bond {holder['name']}",
                kinds.LINK: f"link {holder['name']}",
                kinds.NETWORK: f"{holder['name']} through network '{holder['network']}'",
            }.get(holder["kind"], str(holder["name"]))
    return None


def _holders(net: Net) -> str:
    names = [
        f"{item['name']}: {', '.join(holder['name'] for holder in item['holders']) or 'nobody, but counted so'}"
        for item in (net.pool or {}).get("members") or ()
    ]
    return "; ".join(names[:4]) + ("; ..." if len(names) > 4 else "")


def _recount(net: Net, case: Case) -> Optional[dict[str, Any]]:
    """Members that nobody holds and libvirt thinks in use can be had back."""
    members = (net.pool or {}).get("members") or ()
    stale = any(item["state"] == kinds.STALE for item in members)
    wrong = bool((net.pool or {}).get("miscounted"))
    return remedy.pool(case.name, reclaim_stale=True) if stale or wrong else None


def _fill(case: Case) -> Optional[dict[str, Any]]:
    """With those members of the source's pool that the destination has as well."""
    had = members_of((case.had or {}).get("definition") or {})
    here = [name for name in had if case.view.link(name)]
    return remedy.pool(case.name, members=here) if here else None


def _physical(case: Case, net: Net, pf: str) -> Iterator[Finding]:
    if case.view.links is None or (case.view.link(pf) and net.vfs is None):
        yield unseen(f"Whether {pf}, whose VFs are the pool of {case.where}, has any cannot be seen.")
    elif not case.view.link(pf):
        yield refused("POOL_MEMBER_MISSING", f"The host has no {pf}, whose VFs are the pool of {case.where}.")
    elif not net.vfs:
        yield refused(
            "PF_NO_VFS",
            f"{pf}, whose VFs are the pool of {case.where}, has none: make some in "
            f"/sys/class/net/{pf}/device/sriov_numvfs.",
        )
