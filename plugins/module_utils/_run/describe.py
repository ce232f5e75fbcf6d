# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests with the settings that their NICs have on their host, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

from .._host.connection import connect
from .._host.described import DescribedGuest, read_described_guests
from .._host.lookups import SHARED, is_shared, read_mounts, rounded_size_of, size_of
from .._host.migration import shared_filesystems
from .._migrate.decode import read_record
from .._migrate.destination_facts import DestinationFacts, read_destination
from .._migrate.guest_facts import GUEST_FORMAT, GuestFacts, GuestHost, NicFacts
from .._migrate.lookup_kinds import HOST, LINKS, NAMES
from .._migrate.nic_description import describe_nic, describe_plugged_nic, with_host_settings
from .._migrate.nic_settings import canonical_port_settings, is_attached
from .._model.descriptor import Descriptor, Disk, HostFile
from .._model.guest import FAIL, Nic
from .gather import gather_from

# What virt_network_info has to gather for it.
_NEEDED = (LINKS, HOST)


def describe(uri: str, names: Optional[list[str]], missing: str = FAIL, resolve: Sequence[str] = ()) -> dict[str, Any]:
    """What virt_guest_info returns. names: of guests, or their UUIDs; None for all; missing: FAIL or SKIP, for names
    that the host does not have; resolve: names of hosts.

    Raises VirtfleetError, GUEST_MISSING among them.
    """
    conn = connect(uri)
    try:
        found = read_described_guests(conn, names, missing)
        info = gather_from(conn, uri, None, _NEEDED, {NAMES: list(resolve)} if resolve else None)
    finally:
        conn.close()
    mounts, here_too = None, not info["host"]["remote"]
    if here_too:
        mounts = {**read_mounts(), **dict.fromkeys(shared_filesystems(), SHARED)}
        found = tuple(replace(one, descriptor=_with_sizes(one.descriptor)) for one in found)
    info["host"]["resolves"] = info["names"]
    here = read_destination(info)
    return {
        "format": GUEST_FORMAT,
        "guests": [describe_guest(guest, here, info["host"], mounts).as_dict() for guest in found],
        "host": _identity(info["host"]),
        "gathered": info["host"]["gathered"],
    }


def describe_guest(
    found: DescribedGuest, here: DestinationFacts, host: dict[str, Any], mounts: Optional[dict[str, str]]
) -> GuestFacts:
    """here, host: the guest's own host, the latter as virt_network_info returns it; mounts: None on another machine."""
    descriptor, running = found.descriptor, found.guest.running
    blockers = list(descriptor.blockers) if running else []
    if descriptor.cpu is not None and descriptor.cpu.is_the_hosts:
        # It is whatever the host has; libvirt compares that.
        descriptor = replace(descriptor, cpu=replace(descriptor.cpu, xml=host["cpu"]))
    blockers += [f"a job runs on its disk {target} (virsh blockjob)" for target in found.block_jobs]
    # Of a guest that is shut off, too.
    blockers += [f"it has {found.snapshots} snapshots"] if found.snapshots else []
    blockers += ["another libvirt job is running on it (see virsh domjobinfo)"] if found.busy else []
    disks = tuple(replace(disk, shared=_is_shared(disk, mounts)) for disk in descriptor.disks)
    own = tuple(file for file in descriptor.own_files if mounts is None or is_shared(file.path, mounts) is False)
    descriptor = replace(descriptor, own_files=own)
    possible = descriptor.possible_blockers if running else ()
    descriptor = replace(descriptor, disks=disks, blockers=tuple(blockers), possible_blockers=possible)
    nics = [_described_nic(nic, found, here) for nic in found.guest.nics]
    facts = GuestFacts.of(found.guest, descriptor, read_record(GuestHost, _identity(host)), nics)
    facts = replace(facts, paused=found.paused, arriving=found.arriving, saved=found.saved)
    return replace(facts, gathered=host["gathered"])


def _identity(host: dict[str, Any]) -> dict[str, Any]:
    """migration_host: by which others reach it."""
    migration = host.get("migration") or {}
    return {
        "name": host["hostname"],
        "uuid": host["uuid"],
        "libvirt_version": host["libvirt_version"],
        "qemu_version": host["qemu_version"],
        "migration_host": migration.get("host") or host["hostname"],
        "tls_only": migration.get("tls_only"),
        "resolves": host.get("resolves"),
        "departures": migration.get("departures"),
        "own_addresses": migration.get("own_addresses"),
        "other_settings": migration.get("other_settings"),
    }


# What QEMU maps into a guest's memory, which keeps its size on its way: how much that is.
_MEASURED = {"ROM of a device": rounded_size_of, "firmware": size_of}


def _with_sizes(descriptor: Descriptor) -> Descriptor:
    return replace(descriptor, files=tuple(map(_measured, descriptor.files)))


def _measured(file: HostFile) -> HostFile:
    measure = _MEASURED.get(file.what)
    if measure is None:
        return file
    return replace(file, size=measure(file.path), rounded=measure is rounded_size_of)


def _is_shared(disk: Disk, mounts: Optional[dict[str, str]]) -> Optional[bool]:
    """Whether other hosts can be expected to have it. A block device may be anything, so that is not known."""
    if disk.type == "network":
        return True
    path = disk.file if disk.type == "volume" else disk.path
    if disk.type not in ("file", "dir", "volume") or mounts is None or not path or path.startswith("/dev/"):
        return None
    return is_shared(path, mounts)


def _described_nic(nic: Nic, found: DescribedGuest, here: DestinationFacts) -> NicFacts:
    running = found.guest.running
    facts = (describe_plugged_nic if running else describe_nic)(nic, here)
    port = found.ports.get(nic.port or "")
    held = None if port is None else canonical_port_settings(port)
    attached = is_attached(here, facts, nic.target) if running else None
    return with_host_settings(replace(facts, attached=attached), here, nic.target, held)
