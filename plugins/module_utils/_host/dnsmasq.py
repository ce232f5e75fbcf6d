# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a network's dnsmasq runs, and with what. Small files only: every run of every module asks.

The paths are those of the system's daemon. What lies elsewhere (a session's daemon, a libvirt built for another
prefix) is unknown.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Optional

from .._model.dnsmasq import BROKEN, DEAD, RUNNING, STALE, UNKNOWN, UNUSED, is_configured, needs_dnsmasq
from .._model.field import Document

STATE = "/run/libvirt/network"
FILES = "/var/lib/libvirt/dnsmasq"
# The longest wait for the end of a dnsmasq that was signalled.
_END_SECONDS = 5


def read_dnsmasq(name: str, live: Document, state: str = STATE, files: str = FILES, proc: str = "/proc") -> str:
    """One of running, dead, broken, stale, unknown and none. live: the running network."""
    if not needs_dnsmasq(live):
        return UNUSED
    # libvirt keeps every running network's state here; where it does not, this is not its place.
    if not os.path.exists(os.path.join(state, f"{name}.xml")):
        return UNKNOWN
    conf = os.path.join(files, f"{name}.conf")
    if not (_runs(proc, noted_pid(name, state), conf) or _runs_somewhere(proc, conf)):
        # Imported for a dnsmasq that is dead, which hardly any is.
        from .dnsmasq_syntax import is_refused

        return BROKEN if is_refused(conf) else DEAD
    texts = [_read(os.path.join(files, f"{name}.{file}")) for file in ("conf", "hostsfile", "addnhosts")]
    # Only root may read the first; without DHCP or DNS there may be none of the others.
    if texts[0] is not None and not is_configured(live, texts[0], texts[1] or "", texts[2] or ""):
        return STALE
    return RUNNING


def wait_for_end(name: str, pid: str, files: str = FILES, proc: str = "/proc") -> None:
    """After a stop: libvirt signals the network's dnsmasq and does not wait for it, and until it has ended nothing else
    can listen on the network's addresses. Returns after a few seconds in any case.

    pid: as noted_pid gave it before the stop.
    """
    wait_while(lambda: _runs(proc, pid, os.path.join(files, f"{name}.conf")))


def wait_while(running: Callable[[], bool]) -> None:
    """For a dnsmasq that was signalled; a few seconds at most."""
    until = time.monotonic() + _END_SECONDS
    while running() and time.monotonic() < until:
        time.sleep(0.005)  # guests wait for the network


def noted_pid(name: str, state: str = STATE) -> str:
    """The PID that libvirt noted for the network's dnsmasq; empty when there is none, or on another machine."""
    return (_read(os.path.join(state, f"{name}.pid")) or "").strip()


def _runs(proc: str, pid: str, conf: str) -> bool:
    """A process that has ended has no command line, even if its parent has not reaped it yet."""
    words = (_read(os.path.join(proc, pid, "cmdline")) or "").split("\0") if pid.isdigit() else []
    return f"--conf-file={conf}" in words


def _runs_somewhere(proc: str, conf: str) -> bool:
    """Another PID than libvirt noted: it runs in a container whose processes have other numbers here."""
    try:
        names = os.listdir(proc)
    except OSError:
        return False
    return any(_runs(proc, name, conf) for name in names if name.isdigit())


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
