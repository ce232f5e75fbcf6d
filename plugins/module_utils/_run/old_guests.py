# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests on old settings: who they are, and the steps that bring those up to date who can be while they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._host.guests import read_guests
from .._host.host_facts import has_traffic_control
from .._host.networks import find_network
from .._host.ovs import read_datapaths
from .._host.plugged import read_plugged
from .._host.ports import read_ports
from .._model.desired import Desired
from .._model.field import Document
from .._model.guest import Guest
from .._model.host import Host
from .._model.observed import Observed
from .._model.plugged import GUEST, Plugged
from .._plan.old_settings import OldNic, guests_on_old_settings, old_nics, suspects_of_any
from .._plan.refresh import (
    RefreshSupport,
    asks_for_switches,
    asks_for_traffic_control,
    obstacle_to_refresh,
    running_after,
    with_refreshes,
)
from .._plan.step import Plan, Work


@dataclass(frozen=True)
class OldGuests:
    """network: as it runs; old: None if this connection shows no guests."""

    network: Document
    means: RefreshSupport
    old: Optional[tuple[OldNic, ...]] = field(default=())

    def listed(self) -> Optional[list[dict[str, Any]]]:
        """For results; None if unknown."""
        return None if self.old is None else guests_on_old_settings(self.network, self.old, self.means)

    def listed_after_refresh(self) -> Optional[list[dict[str, Any]]]:
        """Without those whom a refresh brings up to date."""
        if self.old is None:
            return None
        left = tuple(one for one in self.old if obstacle_to_refresh(one, self.means))
        return replace(self, old=left).listed()

    def added_to(self, plan: Plan) -> Plan:
        return with_refreshes(plan, self.old, self.means) if self.old else plan


def find_old_guests(
    network: Document, found: tuple[Plugged, ...], host: Host, guests: Callable[[], Optional[tuple[Guest, ...]]]
) -> OldGuests:
    """network: as it runs, canonical; found: suspects; guests: reads them."""
    means = RefreshSupport(host)
    running = guests()
    if running is None:
        return OldGuests(network, means, None)
    old = old_nics(network, found, running)
    if asks_for_switches(old) and not host.remote:
        means = replace(means, datapaths=read_datapaths())
    if asks_for_traffic_control(old) and not host.remote:
        means = replace(means, traffic_control=has_traffic_control())
    return OldGuests(network, means, old)


def with_old_guests(
    conn: Any, host: Host, wanted: Sequence[Desired], work: Sequence[Work]
) -> tuple[list[Work], dict[str, OldGuests]]:
    """The plans of networks with the refreshes of their guests, and the guests on old settings after the plans without
    these, by network."""
    by_name = {desired.name: desired for desired in wanted}
    result: list[Work] = []
    all_found: dict[str, OldGuests] = {}
    for plan, observed in work:
        runs = running_after(by_name[plan.network], observed, plan)
        if runs is not None:
            ports = _ports(conn, observed)
            found = _found(conn, host, runs, suspects_of_any(runs, ports))
            all_found[plan.network] = found
            refreshing = found.added_to(plan)
            if refreshing is not plan and observed.plugged is None:
                observed = replace(observed, plugged=read_plugged(conn, observed, host))
            plan = refreshing
        result.append((plan, observed))
    return result, all_found


def _ports(conn: Any, observed: Observed) -> tuple[Plugged, ...]:
    if observed.plugged is not None:
        return tuple(port for port in observed.plugged if port.kind == GUEST)
    network = find_network(conn, observed.name)
    return () if network is None else read_ports(conn, network)


def _found(conn: Any, host: Host, network: Document, suspects: tuple[Plugged, ...]) -> OldGuests:
    """Guests are read only if there are suspects."""
    if not suspects:
        return OldGuests(network, RefreshSupport(host))
    return find_old_guests(network, suspects, host, lambda: read_guests(conn, {str(port.uuid) for port in suspects}))
