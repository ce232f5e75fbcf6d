# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_network_info returned on a host, read for the audit: typed records.

What the audit judges must be in it, if only as null: a default in place of what is absent would hide a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from .._migrate.answers import read_host
from .._migrate.destination_facts import DestinationFacts
from .._migrate.host_links import Link, OvsBridge, OvsInterface, OvsPort
from .._model.errors import VirtfleetError
from .._model.first_few import first_few


def _keys_of(record: Any) -> frozenset[str]:
    return frozenset(item.name for item in fields(record))


# Whether a link that is down has a carrier is only seen where it is probed, which an audit does not do.
_LINK = _keys_of(Link) - {"carrier_when_up"}
_SWITCH, _PORT, _INTERFACE = map(_keys_of, (OvsBridge, OvsPort, OvsInterface))


def read_facts(info: Any) -> DestinationFacts:
    """info: the result of virt_network_info, or of a task that failed.

    Raises VirtfleetError HOST_UNANSWERED, with the reason as its sentence, or DESTINATION_INVALID.
    """
    seen = read_host(info)
    # Of the form that it has now been found to have.
    lacking = sorted(
        set(_find_missing(_LINK, info["links"] or ())) | set(_find_missing_of_switches(info["ovs_bridges"] or {}))
    )
    if lacking or any(link.addresses is None for link in (seen.links or {}).values()):
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"Its links are described incompletely: {', '.join(lacking) or 'addresses'} of a link is missing. "
            "Gather it again.",
        )
    nameless = [net.name for net in seen.networks.values() if net.active and net.is_virtual and not net.bridge]
    if nameless:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"It does not name the bridge of {first_few(repr(name) for name in nameless)}, which is active. Gather it "
            "again.",
        )
    return seen


def _find_missing(keys: frozenset[str], found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        if not keys <= one.keys():
            yield from keys - one.keys()


def _find_missing_of_switches(switches: Mapping[str, Any]) -> Iterator[str]:
    yield from _find_missing(_SWITCH, switches.values())
    ports = [port for switch in switches.values() for port in switch["ports"].values()]
    yield from _find_missing(_PORT, ports)
    yield from _find_missing(_INTERFACE, [interface for port in ports for interface in port["interfaces"]])
