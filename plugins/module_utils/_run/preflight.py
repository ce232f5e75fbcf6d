# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans need of the host and of the user, tried before their first step and in check mode."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from typing import Any

from .._host.bridge_ports import settings_files
from .._host.bridge_settings import settings_paths
from .._host.dnsmasq import STATE
from .._host.leases import DNSMASQ_DIRECTORY, has_lease_files, read_leases
from .._host.ping import unreachable_addresses
from .._host.rights import may_set_links, unwritable_directories, unwritable_files
from .._host.room import why_unwritable
from .._model.errors import VirtfleetError
from .._model.first_few import first_few
from .._model.host import Host
from .._plan.replug import bridge_of, bridges_of
from .._plan.step import (
    ASIDE,
    ATTACH,
    AUTOSTART,
    CREATE,
    DEFINE,
    DESCRIBE,
    DESTROY,
    FREE,
    LEASES,
    MOVE,
    RECLAIM,
    RELEASE,
    SETTINGS,
    START,
    STP,
    UNDEFINE,
    UPDATE,
    Step,
    Work,
)

_OF_RUNNING = (START, CREATE, DESTROY, UPDATE, DESCRIBE, RELEASE, RECLAIM, FREE)
# Where libvirt's system daemon writes in which steps.
WRITTEN = {
    "/etc/libvirt/qemu/networks": (DEFINE, UNDEFINE, AUTOSTART),
    DNSMASQ_DIRECTORY: _OF_RUNNING,
    STATE: _OF_RUNNING,
}
# How many of the things that are missing a sentence names.
_NAMED = 3
_LEASES = "move DHCP leases to another bridge"


def preflight(conn: Any, host: Host, reach: Sequence[str], work: list[Work]) -> None:
    """Raises VirtfleetError REACH_MISSING, RIGHTS_MISSING, LIBVIRT_UNWRITABLE, DEPENDENCY_MISSING or
    LINKS_UNREADABLE."""
    _refuse_out_of_reach(reach)
    for plan, _observed in work:
        try:
            refuse_unwritable_directories(conn, plan.network, plan.steps)
        except VirtfleetError as error:
            raise VirtfleetError(error.code, f"{error.sentence} Nothing was changed.", **error.details) from None
    if not host.remote:
        for plan, observed in work:
            steps = [step for step in plan.steps if step.action in (ASIDE, ATTACH, MOVE)]
            if steps:
                _refuse_without_rights(plan.network, bridges_of(plan, observed), steps)
            settings = [setting for step in plan.steps if step.action == SETTINGS for setting in step.options]
            if settings:
                _refuse_without_settings(plan.network, bridge_of(observed.live or {}), settings)
            names = [name for step in plan.steps if step.action == LEASES for name in step.command.split()]
            if names:
                _refuse_without_leases(plan.network, names)


def refuse_unwritable_directories(conn: Any, network: str, steps: Sequence[Step]) -> None:
    """libvirt would fail in the middle of the steps, when it cannot write for a rollback either.

    Raises VirtfleetError LIBVIRT_UNWRITABLE, whose sentence does not say whether something was changed before.
    """
    if not has_lease_files(conn):
        return
    for directory, actions in WRITTEN.items():
        needed = any(step.action in actions for step in steps)
        why = why_unwritable(directory) if needed else None
        if why:
            raise VirtfleetError(
                "LIBVIRT_UNWRITABLE",
                f"Network '{network}' cannot be changed, because libvirt cannot write to {directory} ({why}).",
                network=network,
                directory=directory,
            )


def refuse_steps(conn: Any, host: Host, network: str, bridges: Sequence[str], steps: Sequence[Step]) -> None:
    """The same for the steps of a recovery. Raises VirtfleetError as preflight does."""
    refuse_unwritable_directories(conn, network, steps)
    plugging = [step for step in steps if step.action in (ASIDE, ATTACH, MOVE, STP)]
    if plugging and not host.remote:
        _refuse_without_rights(network, bridges, plugging)


def _refuse_without_rights(network: str, bridges: Sequence[str], steps: Sequence[Step]) -> None:
    taps = [port.tap.name for step in steps for port in step.ports if port.tap is not None]
    missing = [f"write access to {path}" for path in unwritable_files(settings_files(bridges, taps))]
    if not may_set_links():
        missing.insert(0, "CAP_NET_ADMIN")
    if missing:
        raise _missing(network, f"plug guests back into the bridge of network '{network}'", missing)


def _refuse_without_settings(network: str, bridge: str, settings: Sequence[tuple[str, int]]) -> None:
    """bridge: that of now; what can be written for it can be for the next."""
    missing = [f"write access to {path}" for path in unwritable_files(settings_paths(bridge, settings))]
    if missing:
        raise _missing(network, f"restore the settings of the bridge of network '{network}'", missing)


def _refuse_without_leases(network: str, bridges: Sequence[str]) -> None:
    try:
        there = any(read_leases(bridge).status for bridge in bridges)
    except OSError as error:
        raise _missing(network, _LEASES, [f"read access to {error.filename}"]) from None
    missing = unwritable_directories([DNSMASQ_DIRECTORY]) if there else []
    if missing:
        raise _missing(network, _LEASES, [f"write access to {path}" for path in missing])


def _missing(network: str, doing: str, missing: list[str]) -> VirtfleetError:
    return VirtfleetError(
        "RIGHTS_MISSING",
        f"User {_user()} cannot {doing}: {first_few(missing, _NAMED)} is missing. Nothing was changed; use "
        "become: true.",
        network=network,
        missing=missing,
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _refuse_out_of_reach(addresses: Sequence[str]) -> None:
    silent = silent_addresses(addresses)
    if silent:
        raise VirtfleetError(
            "REACH_MISSING",
            f"This host cannot reach {', '.join(silent)} (verify_reach) even before the change; nothing was changed.",
            silent=silent,
        )


def silent_addresses(addresses: Sequence[str]) -> list[str]:
    if not addresses:
        return []
    return unreachable_addresses(addresses)
