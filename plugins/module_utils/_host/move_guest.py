# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libvirt's migration of a guest, from the source's daemon to the destination's (peer to peer).

The source's daemon does it alone: when the process that asked for it ends, the migration goes on.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any, Callable, Optional

from .._model.mark import NAMESPACE
from .._model.move import NO_COMPRESSION, OFFLINE, Move, MoveSettings, Place
from .._xml.live_metadata import make_settable
from .connection import errors, libvirt


def find_guest(conn: Any, name: str) -> Any:
    """The virDomain of this name or UUID; None if the host does not have it. A name takes precedence.

    Raises VirtfleetError DAEMON_LOST, DAEMON_SILENT or LIBVIRT_REFUSED.
    """
    with errors(f"look up guest {name!a}", conn):
        for look_up in (conn.lookupByName, conn.lookupByUUIDString):
            try:
                return look_up(name)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_INVALID_ARG):
                    raise
    return None


def place_of(conn: Any, domain: Any) -> Optional[Place]:
    """None when the guest is gone by now. Raises as find_guest()."""
    if domain is None:
        return None
    with errors("read where the guest is", conn):
        try:
            persistent = bool(domain.isPersistent())
            return Place(bool(domain.isActive()), persistent, persistent and bool(domain.autostart()))
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return None
            raise


def move_guest(conn: Any, domain: Any, move: Move, settings: MoveSettings, place: Place) -> None:
    """Returns when the guest is at its destination. place: where it is now, on this host.

    Raises VirtfleetError LIBVIRT_REFUSED, DAEMON_LOST or DAEMON_SILENT.
    """
    with errors(f"migrate guest {move.guest!a} to {move.destination}", conn):
        domain.migrateToURI3(move.destination, _parameters(move, settings), _flags(move, settings, place))


def _parameters(move: Move, settings: MoveSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if move.mode == OFFLINE:
        return found
    if move.traffic_uri:
        found[libvirt.VIR_MIGRATE_PARAM_URI] = move.traffic_uri
    if settings.bandwidth:
        found[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = settings.bandwidth
    if settings.bandwidth and settings.post_copy:
        # Of what is sent after the switch; the pages that the guest waits for come at once all the same.
        found[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY] = settings.bandwidth
    if settings.parallel:
        found[libvirt.VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS] = settings.parallel
    if settings.compression != NO_COMPRESSION:
        found[libvirt.VIR_MIGRATE_PARAM_COMPRESSION] = settings.compression
    return found


def _flags(move: Move, settings: MoveSettings, place: Place) -> int:
    persistent = place.persistent if settings.persistent is None else settings.persistent
    undefine = place.persistent if settings.undefine_source is None else settings.undefine_source
    live = move.mode != OFFLINE
    chosen = (
        ("VIR_MIGRATE_PEER2PEER", True),
        ("VIR_MIGRATE_LIVE", live),
        ("VIR_MIGRATE_OFFLINE", not live),
        ("VIR_MIGRATE_PERSIST_DEST", persistent or not live),
        ("VIR_MIGRATE_UNDEFINE_SOURCE", undefine and place.persistent),
        ("VIR_MIGRATE_AUTO_CONVERGE", live and settings.auto_converge),
        ("VIR_MIGRATE_POSTCOPY", live and settings.post_copy),
        ("VIR_MIGRATE_TLS", live and settings.tls),
        ("VIR_MIGRATE_PARALLEL", live and settings.parallel > 0),
        ("VIR_MIGRATE_COMPRESSED", live and settings.compression != NO_COMPRESSION),
        ("VIR_MIGRATE_UNSAFE", settings.unsafe),
    )
    return sum(getattr(libvirt, name) for name, wanted in chosen if wanted)


def read_job(domain: Any) -> Optional[dict[str, Any]]:
    """libvirt's statistics of the migration that leaves this host, or None without one."""
    try:
        told = domain.jobStats()
    except libvirt.libvirtError:
        return None
    leaving = told.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
    return dict(told) if leaving and told.get("type") != libvirt.VIR_DOMAIN_JOB_NONE else None


def read_completed(domain: Any) -> dict[str, Any]:
    """libvirt's statistics of the migration that brought the guest here; empty if it has none."""
    with suppress(libvirt.libvirtError):
        return dict(domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED))
    return {}


def cancel_migration(domain: Any) -> bool:
    """Whether libvirt did; a migration that has ended meanwhile, or copies after the switch, is left alone."""
    return read_job(domain) is not None and _did(domain.abortJob)


def suspend_guest(domain: Any) -> bool:
    """Whether it stopped. The rest of its memory moves meanwhile; libvirt resumes it at the destination, unless it had
    stopped before the first byte."""
    return _sends(domain) and _did(domain.suspend)


def start_post_copy(domain: Any) -> bool:
    """Whether the guest has switched over, and its memory follows. Before the first byte QEMU refuses or forgets it."""
    if _sends(domain) and not has_switched(domain):
        _did(partial(domain.migrateStartPostCopy, 0))
    return has_switched(domain)


def has_switched(domain: Any) -> bool:
    """Whether the guest runs at its destination while its memory follows."""
    with suppress(libvirt.libvirtError):
        return tuple(domain.state()) == (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY)
    return False


def _sends(domain: Any) -> bool:
    """Whether QEMU sends memory; libvirt has a job before, while it reaches the destination."""
    return int((read_job(domain) or {}).get("memory_total") or 0) > 0


def _did(act: Callable[[], Any]) -> bool:
    with suppress(libvirt.libvirtError):
        act()
        return True
    return False


def read_mark(conn: Any, domain: Any) -> Optional[str]:
    """Our element in the guest's <metadata>. Raises as find_guest()."""
    with errors("read the guest's metadata", conn):
        try:
            return str(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE, _current(domain)))
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_METADATA:
                return None
            raise


def write_mark(conn: Any, domain: Any, text: Optional[str]) -> None:
    """In the running guest and its definition; None removes it. Raises as find_guest()."""
    found = None if text is None else make_settable(text)
    element, prefix = found or (None, None)
    flags = (libvirt.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else 0) | (
        libvirt.VIR_DOMAIN_AFFECT_CONFIG if domain.isPersistent() else 0
    )
    with errors("write the guest's metadata", conn):
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, element, prefix, NAMESPACE, flags)


def _current(domain: Any) -> int:
    return int(libvirt.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else libvirt.VIR_DOMAIN_AFFECT_CONFIG)


def set_autostart(conn: Any, domain: Any) -> None:
    """libvirt's migration leaves it behind. Raises as find_guest()."""
    with errors("set the guest's autostart", conn):
        domain.setAutostart(1)
