# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests with all of their definition, as the migration check describes them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Optional

from .._model.descriptor import Descriptor
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.guest import FAIL, Guest
from .._xml.descriptor import parse_descriptor
from .._xml.guest import parse_guest
from .._xml.port import read_settings_from_network
from .connection import errors, libvirt
from .guests import ListedGuest, list_guests, read_texts


@dataclass(frozen=True)
class DescribedGuest:
    """descriptor: everything but the NICs; ports: by UUID, the settings that the guest's NICs were
    plugged in with; snapshots: how many it has, with which libvirt does not migrate it; paused: or crashed and kept;
    busy: a job of libvirt's runs, such as another migration; arriving: a migration is bringing it here; saved: it
    does not run, and its memory is in a file of this host, from which it starts (managed save); block_jobs: targets of
    disks on which a job runs.
    """

    guest: Guest
    descriptor: Descriptor
    ports: Mapping[str, Document]
    snapshots: int
    paused: bool = False
    busy: bool = False
    arriving: bool = False
    saved: Optional[bool] = False
    block_jobs: tuple[str, ...] = ()


def read_described_guests(conn: Any, names: Optional[list[str]], missing: str = FAIL) -> tuple[DescribedGuest, ...]:
    """The guests of these names or UUIDs, each once, in the order of their names; all without names.

    missing: what becomes of names that the host does not have, FAIL or SKIP.

    Raises VirtfleetError GUEST_MISSING, GUESTS_UNKNOWN, DAEMON_LOST, DAEMON_SILENT or LIBVIRT_REFUSED.
    """
    listed = list_guests(conn)
    if listed is None:
        raise VirtfleetError(
            "GUESTS_UNKNOWN", "This connection shows no guests; use one that does, such as qemu:///system."
        )
    found = {}
    for one in listed if names is None else _chosen(listed, names, missing):
        domain, uuid = one.domain, one.uuid
        texts = None if uuid in found else read_texts(conn, one)
        if texts is not None:
            state, busy = _state(domain), _busy(domain)
            # libvirt shows the job of a migration on its source only.
            arriving = not busy and state == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
            paused = state[0] in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_CRASHED)
            saved = False if texts[0] else _is_saved(domain)
            found[uuid] = (texts, _snapshots(domain), paused, busy, arriving, saved)
    ports = _ports(conn) if any(texts[0] for texts, *_rest in found.values()) else {}
    seen = [
        DescribedGuest(
            parse_guest(*texts),
            parse_descriptor(texts[1] or texts[0] or texts[2], texts[0]),
            ports,
            snapshots,
            paused=paused,
            busy=busy,
            arriving=arriving,
            saved=saved,
        )
        for texts, snapshots, paused, busy, arriving, saved in found.values()
    ]
    domains = {one.uuid: one.domain for one in listed}
    seen = [replace(one, block_jobs=_block_jobs(domains[one.guest.uuid], one)) for one in seen]
    pools: dict[str, Any] = {}
    placed = [replace(one, descriptor=_with_volumes(conn, one.descriptor, pools)) for one in seen]
    return tuple(sorted(placed, key=lambda one: one.guest.name))


def _with_volumes(conn: Any, descriptor: Descriptor, pools: dict[str, Any]) -> Descriptor:
    """With the file of each disk that is a volume of a storage pool: None if there is none, or it is unknown. pools:
    those that were looked up already, by name."""
    disks = []
    for disk in descriptor.disks:
        pool, _slash, volume = str(disk.path).partition("/")
        file = None
        with suppress(libvirt.libvirtError):
            if disk.type == "volume":
                if pool not in pools:
                    pools[pool] = conn.storagePoolLookupByName(pool)
                file = pools[pool].storageVolLookupByName(volume).path()
        disks.append(replace(disk, file=file))
    return replace(descriptor, disks=tuple(disks))


def _chosen(listed: list[ListedGuest], names: list[str], missing: str) -> list[ListedGuest]:
    """A name takes precedence over a UUID, because a guest's name may look like one."""
    found = []
    for name in names:
        by_name = [one for one in listed if one.domain.name() == name]
        fitting = by_name or [one for one in listed if one.uuid == name.lower()]
        if not fitting and missing == FAIL:
            raise VirtfleetError("GUEST_MISSING", f"Guest {name!a} does not exist on this host.", guest=name)
        found += fitting[:1]
    return found


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


def _block_jobs(domain: Any, one: DescribedGuest) -> tuple[str, ...]:
    """With which libvirt does not migrate it, such as those of `virsh blockcopy` and `virsh blockpull`."""
    found = []
    for disk in one.descriptor.disks if one.guest.running else ():
        with suppress(libvirt.libvirtError):
            found += [disk.target] if disk.target and domain.blockJobInfo(disk.target, 0) else []
    return tuple(found)


def _is_saved(domain: Any) -> Optional[bool]:
    """None if libvirt does not say."""
    with suppress(libvirt.libvirtError):
        return bool(domain.hasManagedSaveImage(0))
    return None


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
                found[port.UUIDString()] = read_settings_from_network(port.XMLDesc(0))
    return found
