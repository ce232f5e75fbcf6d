# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of a network: is there a member for the guest, and does it lead anywhere?

libvirt chooses by its own counter, which may be wrong; whether the one that it will choose is really free is worked out
from ports, guests and links.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._model import pool as kinds
from ..._model.forward import members_of
from ..._plan.pool.occupancy import EXCLUSIVE
from .. import remedy
from ..destination_facts import NetworkFacts, PoolMember
from ..finding import Finding, Remedy, blocked, degraded, refused, unknown
from ..frame_path import DOWN, KIND, SET_DOWN, FramePath, path_once_up, path_through
from ..host_links import Link
from ..lookup_kinds import LINKS, POOLS
from ..rule import NicCase, nic_rule
from .paths import PATH_UNKNOWN, explain_break

POOL_EMPTY = refused(
    "POOL_EMPTY",
    "The pool of {where} is empty.",
    "The pool has no member. Seen: error 1",
    "add the source's members that the host has",
)
MEMBER_MISSING = refused(
    "POOL_MEMBER_MISSING",
    "libvirt would give the guest {link}, a member of {where} that the host does not have.",
    "The member that libvirt would choose does not exist, but others do. Seen: error 38",
    "remove the member",
)
PF_MISSING = refused("POOL_MEMBER_MISSING", "{host} has no {link}, whose VFs are the pool of {subject}.")
MEMBER_BUSY = refused(
    "POOL_MEMBER_BUSY",
    "libvirt would give the guest {link} of {where}, which {holder} holds.",
    "The member that libvirt would choose is held by a guest of another network, by a NIC that names it, or by a "
    "bridge. Or another NIC of the same guest gets it. Seen: error 38",
    "recount, if libvirt's count is wrong",
)
POOL_EXHAUSTED = refused(
    "POOL_EXHAUSTED",
    "All members of {where} are in use ({holders}).",
    "All members are in use. Seen: error 1",
    "recount, if libvirt's count is wrong",
)
LIMIT_REACHED = degraded(
    "POOL_EXHAUSTED",
    "The members of {where} have reached their max_guests.",
    "`max_guests` is reached; libvirt does not enforce it",
)
NO_VFS = refused(
    "PF_NO_VFS",
    "{link}, whose VFs are the pool of {where}, has no VFs: create some in /sys/class/net/{link}/device/sriov_numvfs.",
    "The pool consists of the VFs of a PF that has none. Not seen on hardware",
)
BECOMES_PCI = refused(
    "DEVICE_PINNED",
    "{Where} gives each guest a PCI device, and a NIC cannot become one while its guest runs.",
)
MEMBER_DOWN = unknown(
    "{link} on {host}, which would carry the guest's traffic, is down{carrier}: its carrier is unknown until "
    "libvirt sets it up.",
    code="MEMBER_DOWN",
    means="The pool's next member, or the device that a NIC names, is down. libvirt sets it up; only then is its "
    "carrier known. With `probe_links`, the check sets it up briefly to look. Seen, with and without a carrier",
    repair="`ip link set up`, or `probe_links`",
)
MEMBER_DEAD = blocked("UPLINK_NO_CARRIER", "{link}, which would carry the guest's traffic on {where}, {state}.")
MEMBER_VLAN_DIFFERS = blocked(
    "VLAN_DIFFERS",
    "{link}, which would carry the guest's traffic on {where}, is in {after:vlan}; on the guest's own host it is in "
    "{before:vlan}.",
)
MEMBER_MTU_TOO_SMALL = blocked(
    "MTU_TOO_SMALL",
    "{member}, which the guest would get on {where}, passes frames of up to {after} bytes; the guest's own host passes "
    "up to {before} bytes.",
)
HOLDERS_NOT_SEEN = unknown("It is unknown who holds the members of {where}.")
MEMBER_HOLDERS_NOT_SEEN = unknown("It is unknown who holds {link} of {where}.")
MEMBER_LINK_NOT_SEEN = unknown("The link of {link}, a member of {where}, cannot be read.")
MEMBER_LINKS_NOT_SEEN = unknown(
    "The links of {host} cannot be read from here, so it is unknown whether {link} of {subject} is there, free "
    "and connected."
)
VFS_NOT_SEEN = unknown("It is unknown whether {link}, whose VFs are the pool of {where}, has VFs.")

# What is found about a member that libvirt would hand out.
MEMBER_KINDS = (
    MEMBER_MISSING,
    MEMBER_BUSY,
    MEMBER_DOWN,
    MEMBER_DEAD,
    MEMBER_VLAN_DIFFERS,
    PATH_UNKNOWN,
    MEMBER_MTU_TOO_SMALL,
    MEMBER_HOLDERS_NOT_SEEN,
    MEMBER_LINK_NOT_SEEN,
)
_DIRECT = ("private", "vepa", "passthrough", "hostdev")
_SHOWN_HOLDERS = 4


def draws_from_pool(net: NetworkFacts) -> bool:
    """Whether guests are given one of the host's devices."""
    return net.mode in _DIRECT or (net.mode == "bridge" and not net.bridge)


@nic_rule(
    *MEMBER_KINDS,
    POOL_EMPTY,
    PF_MISSING,
    POOL_EXHAUSTED,
    LIMIT_REACHED,
    NO_VFS,
    BECOMES_PCI,
    HOLDERS_NOT_SEEN,
    MEMBER_LINKS_NOT_SEEN,
    VFS_NOT_SEEN,
    needs=(LINKS, POOLS),
)
def check_pool(case: NicCase) -> Iterator[Finding]:
    net = case.net
    if net is None or not draws_from_pool(net):
        return
    if net.mode == "hostdev" and case.nic.plugged_as and not case.nic.transient:
        yield BECOMES_PCI.found(network=net.name)
    pf = ((net.options.get("forward") or {}).get("pf") or {}).get("dev")
    members = net.members
    if pf and not members:
        yield from _check_pf(case, net, str(pf))
    elif not members:
        yield POOL_EMPTY.found(network=net.name, remedy=_fill_pool(case))
    elif not net.active:
        return
    elif net.pool is None:
        yield HOLDERS_NOT_SEEN.found(network=net.name)
    else:
        yield from _check_next_member(case, net)


def _check_next_member(case: NicCase, net: NetworkFacts) -> Iterator[Finding]:
    chosen = (choose_unused_members if _is_exclusive(case, net) else choose_least_used_members)(net, 1)
    if not chosen:
        yield POOL_EXHAUSTED.found(network=net.name, holders=_shown_holders(net), remedy=_recount(net))
        return
    if case.host.links is None:
        yield MEMBER_LINKS_NOT_SEEN.found(network=net.name, link=chosen[0])
        return
    yield from check_member(case, net, chosen[0])
    if has_guest_limit(net) and net.pool is not None and net.pool.capacity.left == 0:
        yield LIMIT_REACHED.found(network=net.name)


def check_member(case: NicCase, net: NetworkFacts, name: str) -> Iterator[Finding]:
    """The member that libvirt will hand out."""
    member = None if net.pool is None else net.pool.member(name)
    if member is None:
        yield MEMBER_HOLDERS_NOT_SEEN.found(network=net.name, link=name)
        return
    upper = case.host.link(name)
    if member.state == kinds.MISSING and upper is not None:  # a macvlan, or another link that is no device
        yield PATH_UNKNOWN.found(
            network=net.name, link=name, state=explain_break(FramePath(name, None, why=KIND, what=upper.kind))
        )
        return
    if member.state == kinds.MISSING:
        remove = remedy.change_pool(net.name, members=[name], state="absent")
        yield MEMBER_MISSING.found(network=net.name, link=name, remedy=remove)
        return
    holder = _conflicting_holder(net, member)
    if holder is not None:
        miscounted = net.pool is not None and net.pool.miscounted
        repair = remedy.change_pool(net.name, reclaim_stale=True) if miscounted else None
        yield MEMBER_BUSY.found(network=net.name, link=name, holder=holder, remedy=repair)
    candidates = [name, *net.pf_by_vf.get(name, ())]
    link = next((link for link in map(case.host.link, candidates) if link is not None), None)
    if link is None:
        yield MEMBER_LINK_NOT_SEEN.found(network=net.name, link=name)
        return
    yield from _check_member_link(case, net, link)
    size = None if case.before is None else case.before.mtu
    if size and link.mtu and link.mtu < size:
        enlarge = remedy.set_link_mtu(link.name, size)
        yield MEMBER_MTU_TOO_SMALL.found(
            network=net.name, link=link.name, member=name, after=link.mtu, before=size, remedy=enlarge
        )


def _check_member_link(case: NicCase, net: NetworkFacts, link: Link) -> Iterator[Finding]:
    path = (path_through if link.admin == "up" else path_once_up)(case.host.host_links, link)
    if is_only_down(link, path):
        yield report_member_down(link, net.name)
        return
    before = None if case.before is None else case.before.uplink
    if path.state == DOWN:
        yield MEMBER_DEAD.found(network=net.name, link=link.name, state=explain_break(path))
    elif path.state is None:
        yield PATH_UNKNOWN.found(network=net.name, link=link.name, state=explain_break(path))
    elif before is not None and before.state not in (None, DOWN) and before.vlan != path.vlan:
        yield MEMBER_VLAN_DIFFERS.found(network=net.name, link=link.name, after=path.vlan, before=before.vlan)


def is_only_down(link: Link, path: FramePath) -> bool:
    """Whether nothing else is known of a link's way."""
    return link.admin != "up" and path.state is None and path.why == SET_DOWN


def report_member_down(link: Link, network: Optional[str]) -> Finding:
    carrier = {True: " and had a carrier before", False: " and has had no carrier yet", None: ""}[link.had_carrier]
    return MEMBER_DOWN.found(network=network, link=link.name, carrier=carrier, remedy=remedy.set_link_up(link.name))


def has_guest_limit(net: NetworkFacts) -> bool:
    """max_guests is a setting of this collection that libvirt does not know: it hands the member out all the same."""
    return net.mode not in EXCLUSIVE and any(member.max_guests for member in net.pool_members)


def choose_unused_members(net: NetworkFacts, number: int) -> list[str]:
    """The members that libvirt hands out to so many guests, one after the other, where a member is for one guest only;
    fewer when it has no more."""
    return [name for name, count in _counts(net).items() if count == 0][:number]


def choose_least_used_members(net: NetworkFacts, number: int) -> list[str]:
    """The same where guests share members."""
    counts = _counts(net)
    chosen: list[str] = []
    for _turn in range(number if counts else 0):
        # The first on a tie, as min does.
        name = min(counts, key=counts.__getitem__)
        chosen.append(name)
        counts[name] += 1
    return chosen


def _counts(net: NetworkFacts) -> dict[str, int]:
    return {name: (net.connections or {}).get(name, 0) for name in net.members}


def _is_exclusive(case: NicCase, net: NetworkFacts) -> bool:
    port = (None if case.after is None else case.after.virtualport) or {}
    return net.mode in EXCLUSIVE or (net.mode == "private" and port.get("type") == "802.1Qbh")


def _conflicting_holder(net: NetworkFacts, member: PoolMember) -> Optional[str]:
    """Who has a member exclusively, or would have to share it with a guest that wants it exclusively."""
    for holder in member.holders:
        # A stale port counts in libvirt's counter alone, which has chosen already.
        if holder.kind == kinds.STALE:
            continue
        if net.mode in EXCLUSIVE or not holder.shares:
            return {
                kinds.BRIDGE: f"bridge or bond {holder.name}",
                kinds.LINK: f"link {holder.name}",
                kinds.NETWORK: f"{holder.name} through network '{holder.network}'",
            }.get(holder.kind, holder.name)
    return None


_COUNTED = "in use according to libvirt's counter"


def _shown_holders(net: NetworkFacts) -> str:
    names = [
        f"{member.name}: {', '.join(holder.name for holder in member.holders) or _COUNTED}"
        for member in net.pool_members
    ]
    return "; ".join(names[:_SHOWN_HOLDERS]) + ("; ..." if len(names) > _SHOWN_HOLDERS else "")


def _recount(net: NetworkFacts) -> Remedy:
    """Members without a holder that libvirt counts as used can be reclaimed."""
    stale = any(member.state == kinds.STALE for member in net.pool_members)
    miscounted = net.pool is not None and bool(net.pool.miscounted)
    return remedy.change_pool(net.name, reclaim_stale=True) if stale or miscounted else None


def _fill_pool(case: NicCase) -> Remedy:
    """With those members of the source's pool that the destination has as well."""
    before = members_of({} if case.before is None else case.before.definition)
    here = [name for name in before if case.host.link(name)]
    return remedy.change_pool(case.name, members=here) if here else None


def _check_pf(case: NicCase, net: NetworkFacts, pf: str) -> Iterator[Finding]:
    if case.host.links is None or (case.host.link(pf) and net.details.vfs is None):
        yield VFS_NOT_SEEN.found(network=net.name, link=pf)
    elif not case.host.link(pf):
        yield PF_MISSING.found(network=net.name, link=pf)
    elif not net.details.vfs:
        yield NO_VFS.found(network=net.name, link=pf)
