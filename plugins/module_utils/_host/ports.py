# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network's ports: reading them, setting them aside and putting them back."""

from __future__ import annotations

from typing import Any, Optional

from .._model.errors import VirtfleetError
from .._model.plugged import Plugged
from .._xml.port import is_allocated, parse_port
from .connection import errors, libvirt


def read_ports(conn: Any, network: Any) -> tuple[Plugged, ...]:
    """The guests plugged into a network, by name and MAC; none where the driver knows no ports."""
    with errors(f"list the ports of network '{network.name()}'", conn):
        try:
            ports = [port.XMLDesc(0) for port in network.listAllPorts(0)]
        except libvirt.libvirtError as error:
            # Drivers without ports (test) have no guests in their networks either.
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                return ()
            raise
    return tuple(sorted((parse_port(xml) for xml in ports), key=lambda item: (item.name, item.mac or "")))


def release_ports(network: Any, ports: tuple[Plugged, ...]) -> None:
    """Set ports aside; traffic does not notice. When one cannot be, those before it are put back."""
    for place, port in enumerate(ports):
        try:
            network.portLookupByUUIDString(port.port).delete(0)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_NETWORK_PORT:
                continue  # the guest was stopped meanwhile
            reclaim_ports(network, ports[:place])
            raise


def free_ports(network: Any, ports: tuple[Plugged, ...]) -> None:
    """Drop ports for good."""
    for port in ports:
        try:
            network.portLookupByUUIDString(port.port).delete(0)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK_PORT:
                raise


def reclaim_ports(network: Any, ports: tuple[Plugged, ...]) -> None:
    """Put ports back under their UUIDs, except for guests that are gone by now and for NICs that have a port.

    Every port is tried. Raises VirtfleetError PORTS_LOST with those that could not be put back.
    """
    lost = []
    there = {(port.uuid, port.mac) for port in read_ports(network.connect(), network)}
    for port in ports:
        if (port.uuid, port.mac) in there:
            continue
        try:
            flags = libvirt.VIR_NETWORK_PORT_CREATE_RECLAIM if is_allocated(port.xml) else 0
            made = network.portCreateXML(port.xml, flags)
            if not is_running(network.connect(), port.uuid):
                made.delete(0)
        except libvirt.libvirtError as error:
            known = error.get_error_code() in (libvirt.VIR_ERR_NETWORK_PORT_EXIST, libvirt.VIR_ERR_NO_NETWORK_PORT)
            if not known and is_running(network.connect(), port.uuid):
                lost.append(f"{port} ({error.get_error_message()})")
        except (SystemError, UnicodeError):
            # libvirt's words have the port's UUID in them as raw bytes, over which its Python binding stumbles.
            lost.append(f"{port} (its member {port.member} is not in the pool)")
    if lost:
        raise VirtfleetError(
            "PORTS_LOST",
            f"The ports of {', '.join(lost)} could not be put back into network '{network.name()}'. These guests keep "
            "running; restart the libvirt daemon to restore their ports.",
        )


def is_running(conn: Any, uuid: Optional[str]) -> bool:
    """Whether a port's owner is still there; taken to be so where guests cannot be asked after."""
    try:
        return bool(conn.lookupByUUIDString(uuid).isActive())
    except libvirt.libvirtError as error:
        return bool(error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN)
