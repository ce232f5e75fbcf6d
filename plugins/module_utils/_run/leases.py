# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP leases over a transaction: kept before libvirt removes them, and given to the bridge that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .._host.leases import has_lease_files, read_leases, remove_leases
from .._host.networks import read_network, read_networks
from .._model.leases import Leases
from .._plan.leases import merge_leases, own_bridge
from .._plan.record import Entry
from .._plan.step import DESTROY, LEASES, UNDEFINE, Step


def keep_leases(conn: Any, entry: Entry, bridge: str) -> Entry:
    """The entry, with what the files of a bridge say now beside what they said before."""
    if not bridge or not has_lease_files(conn):
        return entry
    try:
        found = read_leases(bridge)
    except OSError:
        return entry
    known = [one for one in entry.leases if one.bridge == bridge]
    now = merge_leases([*known, found], bridge)
    if not (now.status or now.macs) or [now] == known:
        return entry
    return replace(entry, leases=(*(one for one in entry.leases if one.bridge != bridge), now))


def kept_before(conn: Any, entry: Entry, step: Step) -> Entry:
    """To be called before each step of a network's."""
    if step.action == LEASES and own_bridge(entry.was) in step.command.split():
        return keep_leases(conn, entry, own_bridge(entry.was))  # dnsmasq has ended by now
    if step.action in (DESTROY, UNDEFINE):
        return keep_leases(conn, entry, own_bridge(read_network(conn, entry.was.name)))
    return entry


def sources(step: Step, entries: Iterable[Entry]) -> list[Leases]:
    """What a step may take along."""
    names = step.command.split() if step.action == LEASES else []
    return [one for entry in entries for one in entry.leases if one.bridge in names]


def remove_unused_leases(conn: Any, entries: Sequence[Entry]) -> None:
    """Leases under the name of a bridge that no network has any more would be those of the next that gets it."""
    names = {one.bridge for entry in entries for one in entry.leases}
    names |= {own_bridge(entry.was) for entry in entries} - {""}
    if not names or not has_lease_files(conn):
        return
    for observed in read_networks(conn).values():
        names -= {own_bridge(observed), own_bridge(replace(observed, live=None))}
    for name in names:
        with suppress(OSError):
            remove_leases(name)
