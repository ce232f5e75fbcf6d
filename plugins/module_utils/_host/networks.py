# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Optional

from .._model.field import Document
from .._model.observed import Observed
from .._xml.network import parse_network
from .bridges import read_addresses, read_bridge_link
from .connection import errors, libvirt, sees_daemons
from .dnsmasq import read_dnsmasq

# The live and the persistent XML, each None when there is none.
_Texts = tuple[Optional[str], Optional[str]]


class _Listed(NamedTuple):
    """network: libvirt's."""

    network: Any
    name: str
    active: bool
    persistent: bool
    autostart: bool


def read_networks(conn: Any) -> dict[str, Observed]:
    """All networks of the host by name, live and persistent definition apart.

    Raises VirtfleetError DAEMON_LOST, DAEMON_UNREACHABLE or LIBVIRT_REFUSED.
    """
    with errors("list the networks", conn):
        # Four lists replace three calls for each network.
        persistent = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_PERSISTENT)
        autostart = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_AUTOSTART)
        active = _names(conn, libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
        found = conn.listAllNetworks(0)
        addresses = _addresses(conn)
    listed = [
        _Listed(network, name, name in active, name in persistent, name in autostart)
        for network, name in ((network, network.name()) for network in found)
    ]
    read = [(one, _texts(conn, one)) for one in listed]
    return {one.name: _observed(one, texts, addresses) for one, texts in read if texts is not None}


def read_network(conn: Any, name: str) -> Observed:
    """One network; Observed.exists is false when no network has that name."""
    network = find_network(conn, name)
    if network is None:
        return Observed(name)
    with errors(f"read network '{name}'", conn):
        active, persistent = bool(network.isActive()), bool(network.isPersistent())
        autostart = persistent and bool(network.autostart())
        addresses = _addresses(conn)
    listed = _Listed(network, name, active, persistent, autostart)
    texts = _texts(conn, listed)
    return Observed(name) if texts is None else _observed(listed, texts, addresses)


def find_network(conn: Any, name: str) -> Any:
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


def _texts(conn: Any, listed: _Listed) -> Optional[_Texts]:
    """None when the network is gone by now."""
    network = listed.network
    try:
        live = str(network.XMLDesc(0)) if listed.active else None
        return live, _inactive_xml(network) if listed.persistent else None
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK:
            return None
        with errors(f"read network '{network.name()}'", conn):
            raise


def _addresses(conn: Any) -> Optional[dict[str, list[str]]]:
    """Of the host's links; None where what libvirt runs cannot be seen from here."""
    return read_addresses() if sees_daemons(conn.getURI()) else None


def _observed(listed: _Listed, texts: _Texts, addresses: Optional[dict[str, list[str]]]) -> Observed:
    name, (live, persistent) = listed.name, texts
    live_document: Optional[Document] = None if live is None else parse_network(live)
    same = live is not None and live == persistent
    observed = Observed(
        name,
        live=live_document,
        live_xml=live or "",
        persistent=live_document if same else None if persistent is None else parse_network(persistent),
        persistent_xml=persistent or "",
        autostart=listed.autostart,
    )
    if live_document is None or addresses is None:
        return observed
    return replace(
        observed,
        dnsmasq=read_dnsmasq(name, live_document),
        bridge_link=read_bridge_link(live_document, addresses),
    )


def _inactive_xml(network: Any) -> str:
    try:
        return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
    except libvirt.libvirtError as error:
        # The test driver has one definition only and does not know the flag.
        if error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
            raise
        return str(network.XMLDesc(0))
