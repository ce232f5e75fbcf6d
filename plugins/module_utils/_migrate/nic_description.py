# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NIC's definition says, and what it is plugged into."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from .._model.field import Document
from .._model.guest import Nic
from .destination_facts import DestinationFacts
from .guest_facts import NicFacts
from .nic_settings import compute_nic_settings, find_source_link
from .router.of_nic import as_source


def describe_plugged_nic(nic: Nic, here: DestinationFacts) -> NicFacts:
    """Of a guest that runs. here: the guest's own host."""
    drawn = nic.type == "network" and nic.actual in ("direct", "hostdev")
    return replace(
        describe_nic(nic, here),
        plugged_as=nic.actual,
        leases=_leases(nic, here),
        device=nic.source if drawn else None,
    )


def describe_nic(nic: Nic, here: Optional[DestinationFacts]) -> NicFacts:
    """The same of a NIC that is not plugged in. here: None if the guest's own host is not known."""
    own = dict(nic.own)
    for name, value in (("mtu", nic.mtu), ("isolated", nic.isolated)):
        if value is not None:
            own[name] = value
    named = nic.type != "network"
    filters = {} if here is None else here.nwfilters or {}
    return NicFacts(
        mac=nic.mac,
        type=nic.type,
        network=nic.network,
        portgroup=nic.portgroup,
        own=own,
        link="up" if nic.up else "down",
        filter=nic.filter,
        filter_digest=filters.get(nic.filter) if nic.filter else None,
        model=nic.model,
        transient=nic.transient,
        source=nic.source if named else None,
        mode=nic.mode if named else None,
        plugged_as=None,
        target=nic.named,
        managed=nic.managed,
        queues=nic.queues,
        settings=None,
    )


def with_host_settings(
    nic: NicFacts, here: DestinationFacts, tap: Optional[str] = None, held: Optional[Document] = None
) -> NicFacts:
    """With what it gets on this host. tap: its link there; held: the settings that its port was made with."""
    settings = compute_nic_settings(here, nic, nic.device, held)
    link = None if nic.type == "network" else find_source_link(here, nic, tap)
    return replace(
        nic,
        settings=None if settings is None else replace(settings, routing=as_source(settings.routing)),
        source_link=None if link is None else replace(link, routing=as_source(link.routing)),
    )


def _leases(nic: Nic, here: DestinationFacts) -> Optional[tuple[str, ...]]:
    """The addresses that its network's dnsmasq has given it."""
    net = here.networks.get(nic.network or "")
    leases = None if net is None else net.details.leases
    return None if leases is None else tuple(lease.ip for lease in leases if lease.mac == nic.mac)
