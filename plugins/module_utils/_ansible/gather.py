# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's networks, what is plugged in, and its links."""

from __future__ import annotations

from typing import Any, Optional

from .._host.connection import connect, host_of, hostname_of
from .._host.networks import read_network, read_networks
from .._host.plugged import read_plugged
from .._model.canonical import canonical
from .._model.forward import has_pool
from .._model.host import Host
from .._model.mark import is_managed
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .report import definition_options, network_options


def gather(uri: str, name: Optional[str], what: list[str]) -> dict[str, Any]:
    """What virt_network_info returns. Raises VirtfleetError."""
    conn = connect(uri)
    try:
        host = host_of(conn, uri)
        hostname = hostname_of(conn)
        found = read_networks(conn) if name is None else {name: read_network(conn, name)}
        networks = [observed for _name, observed in sorted(found.items()) if observed.exists]
        details = {seen.name: _details(conn, seen, host, "ports" in what) for seen in networks}
        pools = _pools(conn, host, networks, found if name is None else None) if "pools" in what else None
    finally:
        conn.close()
    links = None
    if "links" in what and not host.remote:
        from .._host.links import read_links

        links = read_links()
    return {
        "networks": [network_options(seen) for seen in networks if seen.persistent is not None],
        "transient": [network_options(seen) for seen in networks if seen.persistent is None],
        "details": details,
        "pools": pools,
        "links": links,
        "host": {"libvirt_version": host.release, "hostname": hostname, "uri": uri, "remote": host.remote},
    }


def _details(conn: Any, observed: Observed, host: Host, ports: bool) -> dict[str, Any]:
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    drift = _drift(observed)
    live = definition_options(observed.live or {})
    plugged = read_plugged(conn, observed, host) if ports and observed.active else None
    return {
        "active": observed.active,
        "persistent": observed.persistent is not None,
        "autostart": observed.autostart,
        "managed": is_managed(document),
        "bridge": (document.get("bridge") or {}).get("name"),
        "drift": drift,
        "live": {option: live[option] for option in drift if option in live},
        "plugged": None if plugged is None else [item.as_dict() for item in plugged],
    }


def _pools(
    conn: Any, host: Host, networks: list[Observed], everything: Optional[dict[str, Observed]]
) -> dict[str, Any]:
    """The pools of these networks; a host without any pays nothing for the question."""
    shown = [seen.name for seen in networks if has_pool(seen.live or {}) or has_pool(seen.persistent or {})]
    if not shown:
        return {}
    from .._host.pools import read_facts

    facts = read_facts(conn, host, read_networks(conn) if everything is None else everything)
    return {name: facts.pool(name).as_dict() for name in shown if name in facts.networks}


def _drift(observed: Observed) -> list[str]:
    if observed.live is None or observed.persistent is None:
        return []
    live, persistent = canonical(NETWORK, observed.live), canonical(NETWORK, observed.persistent)
    return [
        option for option in NETWORK.fields if option not in DESCRIPTIVE and live.get(option) != persistent.get(option)
    ]
