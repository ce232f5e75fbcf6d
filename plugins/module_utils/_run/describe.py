# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests with what they enjoy on their host, in one look at it."""

from __future__ import annotations

from typing import Any, Optional

from .._host.connection import connect
from .._host.described import Seen, read_seen
from .._host.mounts import is_shared, read_mounts
from .._migrate.descriptor import FORMAT
from .._migrate.promise import attached, held_by, stands_on
from .._migrate.promise import promises as promises_of
from .._migrate.view import View, read_view
from .._model.guest import Nic
from .gather import look
from .gathered import GATHER


def describe(uri: str, names: Optional[list[str]], skip: bool = False) -> dict[str, Any]:
    """What virt_guest_info returns. names: of guests, or their UUIDs; None for all; skip: those that are not there.

    Raises VirtfleetError, GUEST_MISSING among them.
    """
    conn = connect(uri)
    try:
        seen = read_seen(conn, names, skip)
        info = look(conn, uri, None, GATHER)
    finally:
        conn.close()
    host = {
        "name": info["host"]["hostname"],
        "uuid": info["host"]["uuid"],
        "libvirt_version": info["host"]["libvirt_version"],
    }
    view = read_view(info)
    mounts = None if view.remote else read_mounts()
    guests = [guest_facts(one, view, host, info["host"], mounts) for one in seen]
    return {"format": FORMAT, "guests": guests, "host": host, "gathered": info["host"]["gathered"]}


def guest_facts(
    one: Seen, view: View, host: dict[str, Any], told: dict[str, Any], mounts: Optional[dict[str, str]]
) -> dict[str, Any]:
    rest = dict(one.rest)
    if rest["cpu"] and rest["cpu"]["mode"] in ("host-passthrough", "maximum"):
        # It is whatever the host is; libvirt compares that.
        rest["cpu"] = {**rest["cpu"], "xml": told["cpu"]}
    for disk in rest["disks"]:
        disk["shared"] = _shared(disk, mounts)
    if one.snapshots:
        rest["blockers"] = [*rest["blockers"], f"it has {one.snapshots} snapshots"]
    return {
        "format": FORMAT,
        "name": one.guest.name,
        "uuid": one.guest.uuid,
        "running": one.guest.running,
        "paused": one.paused,
        "persistent": one.guest.persistent,
        "host": host,
        "gathered": told["gathered"],
        **rest,
        "nics": [_nic(nic, one, view) for nic in one.guest.nics],
    }


def _shared(disk: dict[str, Any], mounts: Optional[dict[str, str]]) -> Optional[bool]:
    """Whether other hosts can be expected to have it. A block device may be anything, so that is not known."""
    if disk["type"] == "network":
        return True
    path = disk.get("file") if disk["type"] == "volume" else disk["path"]
    if disk["type"] not in ("file", "dir", "volume") or mounts is None or not path or path.startswith("/dev/"):
        return None
    return is_shared(path, mounts)


def _nic(nic: Nic, one: Seen, view: View) -> dict[str, Any]:
    own = dict(nic.own)
    for name, value in (("mtu", nic.mtu), ("isolated", nic.isolated)):
        if value is not None:
            own[name] = value
    drawn = nic.type == "network" and one.guest.running and nic.actual in ("direct", "hostdev")
    facts: dict[str, Any] = {
        "mac": nic.mac,
        "type": nic.type,
        "network": nic.network,
        "portgroup": nic.portgroup,
        "own": own,
        "link": "up" if nic.up else "down",
        "filter": nic.filter,
        "filter_digest": (view.filters or {}).get(str(nic.filter)) if nic.filter else None,
        "model": nic.model,
        "transient": nic.transient,
        "source": None if nic.type == "network" else nic.source,
        "mode": None if nic.type == "network" else nic.mode,
        "plugged_as": nic.actual if one.guest.running else None,
        "target": nic.named,
        "device": nic.source if drawn else None,
    }
    facts["attached"] = attached(view, facts, nic.target) if one.guest.running else None
    held = one.ports.get(nic.port or "")
    facts["promises"] = promises_of(view, facts, None if held is None else held_by(held))
    facts["stands_on"] = None if nic.type == "network" else stands_on(view, facts)
    return facts
