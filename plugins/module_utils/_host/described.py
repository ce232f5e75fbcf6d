# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests with all of their definition, as the migration check describes them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.guest import Guest
from .._xml.descriptor import parse_descriptor
from .._xml.guest import parse_guest
from .._xml.port import network_port_settings
from .connection import errors, libvirt
from .guests import read_texts


@dataclass(frozen=True)
class DescribedGuest:
    """rest: everything but the NICs, from parse_descriptor; ports: by UUID, the settings that the guest's NICs were
    plugged in with; snapshots: how many it has, with which libvirt does not migrate it; paused: or crashed and kept;
    busy: a job of libvirt's runs, such as another migration; arriving: a migration is bringing it here.
    """

    guest: Guest
    rest: Document
    ports: Mapping[str, Document]
    snapshots: int
    paused: bool = False
    busy: bool = False
    arriving: bool = False


def read_described_guests(conn: Any, names: Optional[list[str]], skip: bool = False) -> tuple[DescribedGuest, ...]:
    """The guests of these names or UUIDs, each once, in the order of their names; all without names.

    skip: ignore names that the host does not have.

    Raises VirtfleetError GUEST_MISSING, GUESTS_UNKNOWN, DAEMON_LOST, DAEMON_SILENT or LIBVIRT_REFUSED.
    """
    with errors("list the guests", conn):
        try:
            domains = conn.listAllDomains(0)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                raise VirtfleetError(
                    "GUESTS_UNKNOWN",
                    "This connection shows no guests; use one that does, such as qemu:///system.",
                ) from None
            raise
        persistent = {d.UUIDString() for d in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT)}
    chosen = domains if names is None else [domain for name in names for domain in _find(domains, name, skip)]
    found = {}
    for domain in chosen:
        uuid = domain.UUIDString()
        texts = None if uuid in found else read_texts(conn, domain, uuid in persistent)
        if texts is not None:
            state, busy = _state(domain), _busy(domain)
            # libvirt shows the job of a migration on its source only.
            arriving = not busy and state == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
            paused = state[0] in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_CRASHED)
            found[uuid] = (texts, _snapshots(domain), paused, busy, arriving)
    ports = _ports(conn) if any(texts[0] for texts, *_rest in found.values()) else {}
    seen = [
        DescribedGuest(
            parse_guest(*texts),
            parse_descriptor(texts[1] or texts[0] or texts[2], texts[0]),
            ports,
            snapshots,
            *states,
        )
        for texts, snapshots, *states in found.values()
    ]
    _place_volumes(conn, [disk for one in seen for disk in one.rest["disks"] if disk["type"] == "volume"])
    return tuple(sorted(seen, key=lambda one: one.guest.name))


def _place_volumes(conn: Any, disks: list[Document]) -> None:
    """Fills in the file of each disk that is a volume of a storage pool: None if there is none, or it is unknown."""
    pools: dict[str, Any] = {}
    for disk in disks:
        pool, _slash, volume = str(disk["path"]).partition("/")
        disk["file"] = None
        with suppress(libvirt.libvirtError):
            if pool not in pools:
                pools[pool] = conn.storagePoolLookupByName(pool)
            disk["file"] = pools[pool].storageVolLookupByName(volume).path()


def _find(domains: list[Any], name: str, skip: bool) -> list[Any]:
    """A name takes precedence over a UUID, because a guest's name may look like one."""
    by_name = [domain for domain in domains if domain.name() == name]
    by_uuid = [domain for domain in domains if domain.UUIDString() == name.lower()]
    if not by_name + by_uuid and not skip:
        raise VirtfleetError("GUEST_MISSING", f"Guest {name!a} does not exist on this host.", guest=name)
    return (by_name + by_uuid)[:1]


def _snapshots(domain: Any) -> int:
    with suppress(libvirt.libvirtError):
        return int(domain.snapshotNum(0))
    return 0


def _state(domain: Any) -> tuple[int, int]:
    """And the reason for it."""
    with suppress(libvirt.libvirtError):
        state, reason = domain.state()
        return state, reason
    return libvirt.VIR_DOMAIN_NOSTATE, 0


def _busy(domain: Any) -> bool:
    with suppress(libvirt.libvirtError):
        return bool(domain.isActive()) and domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE
    return False


def _ports(conn: Any) -> dict[str, Document]:
    """Of every network that runs."""
    with errors("list the networks", conn):
        networks = conn.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
    found = {}
    for network in networks:
        try:
            ports = network.listAllPorts(0)
        except libvirt.libvirtError as error:
            # Without ports (test), or stopped meanwhile: there is nothing to be read.
            if error.get_error_code() not in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_NO_NETWORK):
                with errors(f"list the ports of network '{network.name()}'", conn):
                    raise
            continue
        for port in ports:
            with suppress(libvirt.libvirtError):
                found[port.UUIDString()] = network_port_settings(port.XMLDesc(0))
    return found
