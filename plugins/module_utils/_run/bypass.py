# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a network's guests can have a bypass on this host, and removing one that no journal knows of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._host.bridge_ports import FdbRead, exists, read_bridge_ports
from .._host.bypass import read_bypasses, remove_bypass
from .._host.bypass_facts import read_bypass_facts
from .._host.firewall import read_firewall
from .._host.networks import read_networks
from .._host.plug_in import attach
from .._host.routing import bridged_packets_seen
from .._host.sysfs import link_names
from .._migrate.router.passages import Bridge, RoutingContext, routing_of_bridge
from .._model.bypass import Bypass, bypass_of
from .._model.canonical import canonical
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.bypass import bypass_obstacles
from .._plan.replug import bridge_of
from .routing import tables_of
from .verify_plugged import plug_in_missing


def look_for_obstacles(observed: Observed) -> Bypass:
    """observed: a network that runs on this host, with all that is plugged in.

    Raises VirtfleetError DEPENDENCY_MISSING or LINKS_UNREADABLE.
    """
    live = observed.live or {}
    facts = read_bypass_facts(observed.name, bridge_of(live), observed.plugged or ())
    return bypass_obstacles(replace(facts, unequal=_unequal_rules(observed)))


def _unequal_rules(observed: Observed) -> tuple[str, ...]:
    """Rules of the firewall that do not let through whatever stays within the network's bridge, or the bypass."""
    live, bypass = observed.live or {}, bypass_of(observed.name)
    bridge = bridge_of(live)
    tables, hidden = tables_of(read_firewall())
    around = RoutingContext(
        tables=tuple(tables),
        hidden=tuple(hidden),
        devices={},
        silent=frozenset(),
        families=frozenset(),
        bridged={name: tuple(families) for name, families in bridged_packets_seen((bridge, bypass)).items()},
        links=frozenset((*link_names(), bypass)),
    )
    ips = canonical(NETWORK, {"ips": live.get("ips") or []}).get("ips", ())
    guests = tuple(f"{ip['address']}/{ip['prefix']}" for ip in ips if ip.get("prefix"))
    found = [
        rule
        for name in (bridge, bypass)
        for passage in routing_of_bridge(around, Bridge(name, guests=guests))["passages"]
        if passage["state"] != "open"
        for rule in passage["rules"]
    ]
    return tuple(dict.fromkeys(found))


def remove_leftovers(conn: Any, host: Host, check_mode: bool) -> list[str]:
    """Of a replug that was interrupted and left no journal: what is in its bypass goes back to the network's bridge,
    and guests get their ports back. What was done, or in check mode would be, as warnings.

    Raises VirtfleetError TAPS_LOST, BYPASS_IN_USE, DEPENDENCY_MISSING, LINKS_UNREADABLE, or what plugging in raises.
    """
    networks = read_networks(conn)
    return [_put_right(conn, host, networks[name], check_mode) for name in read_bypasses(networks)]


def _put_right(conn: Any, host: Host, observed: Observed, check_mode: bool) -> str:
    name, bridge = observed.name, bridge_of(observed.live or {})
    what = f"An interrupted run left temporary bridge {bypass_of(name)} of network '{name}'"
    taps = [tap for tap, _mac in read_bridge_ports(bypass_of(name), FdbRead.ALWAYS)]
    there = ", ".join(tap.name for tap in taps)
    if taps and not exists(bridge):
        return f"{what}; {there} cannot move back because the network has no bridge."
    if check_mode:
        return f"{what}; a real run removes it."
    if taps:
        attach(bridge, sorted(taps, key=lambda tap: not tap.isolated))
    remove_bypass(name)
    if not taps:
        return f"{what}; it was removed."
    plug_in_missing(conn, host, name, ())
    return f"{what}; {there} moved to bridge {bridge}, and it was removed."
