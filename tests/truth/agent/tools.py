# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's connection, and the host's commands."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Optional

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
_kept: list[Any] = []
STARTS = 20  # seconds for a daemon that was just started


def conn() -> Any:
    """The daemon may have been restarted since the last call."""
    if _kept:
        try:
            _kept[0].getLibVersion()
        except libvirt.libvirtError:
            _kept.clear()
    deadline = time.monotonic() + STARTS
    while not _kept:
        try:
            _kept.append(libvirt.open("qemu:///system"))
        except libvirt.libvirtError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    return _kept[0]


def run(*argv: str, stdin: Optional[str] = None) -> str:
    """What a command prints. RuntimeError: it failed."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def shown(*argv: str) -> Any:
    """What a command prints as JSON."""
    return json.loads(run(*argv) or "[]")


def ip(lines: Sequence[str], force: bool = False) -> None:
    """ip commands in one go; force goes on after one that fails, and forgives it."""
    if lines:
        argv = ["ip", *(["-force"] if force else []), "-batch", "-"]
        done = subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if done.returncode and not force:
            raise RuntimeError(f"ip: {done.stderr.strip()}: {'; '.join(lines)}")
