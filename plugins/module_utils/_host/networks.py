# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading networks."""

from __future__ import annotations

from typing import Any, Optional

from .._model.field import Document
from .._model.observed import Observed
from .._xml.network import parse_network
from .connection import errors, libvirt


def read_networks(conn: Any) -> dict[str, Observed]:
    """All networks of the host by name, live and persistent definition apart.

    Raises VirtfleetError DAEMON_LOST, DAEMON_UNREACHABLE or LIBVIRT_REFUSED.
    """
    with errors("list the networks", conn):
        # Four lists tell of every network at once what would be three questions to each.
        persistent = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_PERSISTENT)
        autostart = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_AUTOSTART)
        active = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
        found = conn.listAllNetworks(0)
    result = {}
    for network in found:
        name = network.name()
        observed = _read(conn, network, name in active, name in persistent, name in autostart)
        if observed is not None:
            result[name] = observed
    return result


def read_network(conn: Any, name: str) -> Observed:
    """One network; Observed.exists is false when there is none of that name."""
    network = find(conn, name)
    if network is None:
        return Observed(name)
    with errors(f"read network '{name}'", conn):
        facts = (bool(network.isActive()), bool(network.isPersistent()), _autostart(network))
    return _read(conn, network, *facts) or Observed(name)


def find(conn: Any, name: str) -> Any:
    """The virNetwork of that name, or None."""
    try:
        return conn.networkLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK:
            return None
        with errors(f"look up network '{name}'", conn):
            raise
    except ValueError:  # a NUL, or half of a surrogate pair: libvirt has no such network
        return None


def _names(conn: Any, flag: int) -> set[str]:
    return {network.name() for network in conn.listAllNetworks(flag)}


def _autostart(network: Any) -> bool:
    return bool(network.isPersistent()) and bool(network.autostart())


def _read(conn: Any, network: Any, active: bool, persistent: bool, autostart: bool) -> Optional[Observed]:
    """None when the network is gone by now."""
    name = network.name()
    try:
        live = network.XMLDesc(0) if active else ""
        inactive = _inactive_xml(network) if persistent else ""
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK:
            return None
        with errors(f"read network '{name}'", conn):
            raise
    live_document: Optional[Document] = parse_network(live) if active else None
    same = live == inactive and persistent
    return Observed(
        name,
        live=live_document,
        live_xml=live,
        persistent=live_document if same else parse_network(inactive) if persistent else None,
        persistent_xml=inactive,
        autostart=autostart,
    )


def _inactive_xml(network: Any) -> str:
    try:
        return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
    except libvirt.libvirtError as error:
        # The test driver has one definition only and does not know the flag.
        if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
            raise
        return str(network.XMLDesc(0))
