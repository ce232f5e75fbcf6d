# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds which member of a pool, worked out from ports, guests and links.

libvirt's own counter is not used, because live updates corrupt it. It is only compared with the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from ..._model import pool as kinds
from ..._model.device import PASSTHRU, Device
from ..._model.field import Document
from ..._model.forward import members_of, mode_of
from ..._model.guest import Guest, Nic
from ..._model.plugged import Plugged
from ..._model.pool import Holder, Member, Pool

# The modes in which a member is one guest's.
EXCLUSIVE = ("passthrough", "hostdev")
_HANDED_OUT = ("direct", "hostdev")


@dataclass(frozen=True)
class PoolUsage:
    """Of a whole host. ports: of every network by name; guests: all, None where they cannot be seen; devices: None
    where the host's links cannot be seen."""

    ports: Mapping[str, Sequence[Plugged]]
    guests: Optional[Sequence[Guest]]
    devices: Optional[Sequence[Device]]


def occupancy(network: str, document: Document, limits: Mapping[str, int], use: PoolUsage) -> Pool:
    """document: the network's live definition, or the persistent one of a network that does not run; limits:
    max_guests by member.
    """
    mode = mode_of(document) or ""
    names = members_of(document)
    devices = use.devices
    holders = _holders(network, use)
    known = None if devices is None else {alias: device for device in devices for alias in device.aliases}
    members = [_member(name, mode, known, holders, limits.get(name) or None) for name in names]
    inside = {alias for name in names for alias in _aliases(name, known)}
    others = sorted({name for name, holder in holders if holder.network == network} - inside)
    outside = [_member(name, mode, known, holders, None) for name in others]
    rest = sorted({name for name, _holder in holders} - inside - set(others))
    elsewhere = [_member(name, mode, known, holders, None) for name in rest]
    left = [member.left for member in members]
    return Pool(
        network,
        mode,
        tuple(members),
        tuple(replace(member, left=0) for member in outside),
        tuple(replace(member, left=0) for member in elsewhere),
        left=None if None in left else sum(number or 0 for number in left),
        miscounted=_miscounted(document, use.ports.get(network, ())),
    )


def _aliases(name: str, known: Optional[Mapping[str, Device]]) -> frozenset[str]:
    device = (known or {}).get(name)
    return frozenset({name}) | (device.aliases if device else frozenset())


def _member(
    name: str,
    mode: str,
    known: Optional[Mapping[str, Device]],
    holders: Sequence[tuple[str, Holder]],
    limit: Optional[int],
) -> Member:
    aliases = _aliases(name, known)
    mine = tuple(holder for device, holder in holders if device in aliases)
    missing = known is not None and name not in known
    guests = [holder for holder in mine if holder.kind == kinds.GUEST]
    stale = [holder for holder in mine if holder.kind == kinds.STALE]
    foreign = [holder for holder in mine if holder.kind not in (kinds.GUEST, kinds.STALE)]
    if guests:
        state = kinds.HELD
    elif missing:
        state = kinds.MISSING
    else:
        state = kinds.STALE if stale else kinds.FOREIGN if foreign else kinds.FREE
    left: Optional[int]
    if mode in EXCLUSIVE:
        left = 1 if state == kinds.FREE else 0
    elif missing or any(not holder.shares for holder in foreign):
        left = 0
    else:
        left = None if limit is None else max(0, limit - len(guests))
    return Member(name, state, mine, limit, left)


def _holders(network: str, use: PoolUsage) -> list[tuple[str, Holder]]:
    """Every device that is held, with who holds it, as seen from one network. The ports lead: a NIC whose port is
    known, and a macvtap whose NIC is known, are the same thing seen again."""
    guests = use.guests
    running = {guest.uuid: guest for guest in guests or () if guest.running}
    nics = [
        (guest, nic) for guest in running.values() for nic in guest.nics if nic.source and nic.actual in _HANDED_OUT
    ]
    found: list[tuple[str, Holder]] = []
    seen: set[str] = set()
    for other, plugged in use.ports.items():
        for port in plugged:
            if not port.member:
                continue
            seen.add(str(port.port))
            runs = guests is None or port.uuid in running
            kind = kinds.STALE if not runs else kinds.GUEST if other == network else kinds.NETWORK
            if not runs and other != network:
                continue  # it only counts in the accounting of that network
            nic = next((nic for _guest, nic in nics if nic.port and nic.port == port.port), None)
            holder = Holder(kind, port.name, port.mac, port.uuid, other, port.port, shares=_shares(nic))
            found.append((port.member, holder))
    for guest, nic in nics:
        if nic.port and nic.port in seen:
            continue
        # A hostdev NIC's live XML does not say its port; its device does.
        if not nic.port and any(device == nic.source and holder.uuid == guest.uuid for device, holder in found):
            continue
        kind = kinds.DIRECT if nic.type != "network" else kinds.GUEST if nic.network == network else kinds.NETWORK
        holder = Holder(kind, guest.name, nic.mac, guest.uuid, nic.network, shares=_shares(nic))
        found.append((str(nic.source), holder))
    for guest in running.values():
        found += [(pci, Holder(kinds.DIRECT, guest.name, uuid=guest.uuid, shares=False)) for pci in guest.devices]
    taps = {nic.target for _guest, nic in nics}
    for device in use.devices or ():
        name = device.name
        if name and device.master:
            found.append((name, Holder(kinds.BRIDGE, device.master, shares=False)))
        for upper in device.uppers if name and guests is not None else ():
            if upper.name not in taps:
                shares = upper.mode != PASSTHRU
                found.append((str(name), Holder(kinds.LINK, upper.name, mac=upper.mac, shares=shares)))
    return found


def _shares(nic: Optional[Nic]) -> bool:
    return nic is None or (nic.mode != "passthrough" and nic.actual != "hostdev")


def _miscounted(document: Document, ports: Sequence[Plugged]) -> tuple[str, ...]:
    """Where libvirt's counters, which only a live definition has, differ from its ports. It shows none below one."""
    forward = document.get("forward") or {}
    counted = {item["dev"]: item.get("connections", 0) for item in forward.get("interfaces", ())}
    counted.update({item["address"]: item.get("connections", 0) for item in forward.get("addresses", ())})
    wrong = [name for name, number in counted.items() if number != sum(port.member == name for port in ports)]
    whole = [] if document.get("connections", 0) == len(ports) else [""]
    return tuple(whole + sorted(wrong))
