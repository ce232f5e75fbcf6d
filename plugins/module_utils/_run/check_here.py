# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check on the destination itself."""

from __future__ import annotations

from typing import Any

from .._host.capacity import compare_cpus, know_cpus, look_for_models, look_for_paths, look_for_volumes
from .._host.connection import connect
from .._host.sysfs import read_usb
from .._migrate.descriptor import Described
from .._migrate.judge import judge, unreachable
from .._migrate.rules.host import is_compared, is_looked_for, is_named, models_asked
from .._migrate.view import read_view
from .._model.errors import VirtfleetError
from .gather import look
from .gathered import GATHER

# Whether guests could come there is unknown as long as nobody answers.
_SILENT = (
    "DAEMON_UNREACHABLE", "DAEMON_SILENT", "DAEMON_LOST", "PERMISSION_DENIED", "HOST_KEY_UNKNOWN",
    "CERTIFICATE_REFUSED",
)  # fmt: skip


def check_here(guests: list[Described], uri: str, policy: dict[str, str]) -> dict[str, Any]:
    """As judge() returns it. Raises VirtfleetError, but not when the daemon does not answer."""
    try:
        conn = connect(uri)
        try:
            view = read_view(look(conn, uri, None, GATHER))
            sound = [guest.facts for guest in guests if not guest.problem]
            disks = [disk for facts in sound for disk in facts["disks"] if disk["path"]]
            volumes = {disk["path"] for disk in disks if disk["type"] == "volume"}
            paths = {disk["path"] for disk in disks if disk["type"] != "volume"}
            paths.update(
                path for facts in sound for file in facts["files"] for path in (file["path"], file.get("or")) if path
            )
            view.paths = look_for_paths(conn, sorted(paths), view.remote)
            view.volumes = look_for_volumes(conn, sorted(volumes))
            named = {facts["cpu"]["xml"] for facts in sound if is_named(facts)}
            view.known_cpus = know_cpus(conn, sorted(named))
            if not view.remote:
                asked = {facts["emulator"] for facts in sound if models_asked(facts)}
                # Never what a guest names alone: it would be run.
                view.models = look_for_models(sorted(asked & set(view.emulators)))
                if any(is_looked_for(facts, device) for facts in sound for device in facts["hostdevs"]):
                    view.usb = read_usb()
            cpus = {
                (facts["cpu"]["xml"], facts["arch"], facts["machine"], facts["type"], _is_hosts(facts["cpu"]))
                for facts in sound
                if is_compared(facts) and facts["cpu"]["xml"]
            }
            view.cpus = compare_cpus(conn, sorted(cpus))
        finally:
            conn.close()
    except VirtfleetError as error:
        if error.code not in _SILENT:
            raise
        return unreachable(guests, uri, error.sentence, policy)
    return judge(guests, view, policy)


def _is_hosts(cpu: dict[str, Any]) -> bool:
    return cpu["mode"] in ("host-passthrough", "maximum")
