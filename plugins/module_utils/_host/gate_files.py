# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate reads when a guest comes. It is imported then, so it imports little."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, Optional

HOOK = "/etc/libvirt/hooks/qemu.d/50-virtfleet-gate"
GATE_DIRECTORY = "/var/lib/virtfleet-network-gate"
FACTS = os.path.join(GATE_DIRECTORY, "facts.json")
SETTINGS = os.path.join(GATE_DIRECTORY, "settings.json")
# The facts of 1,000 networks have a tenth of it. Reading more than that would take longer than a migration waits.
_LARGEST = 64 << 20


def read_text(path: str) -> Optional[str]:
    """None if it cannot be read."""
    content = _read(path)
    return None if content is None else content.decode("utf-8", "replace")


def read_saved_facts() -> Optional[str]:
    """None if they cannot be read as text: a name that lost a letter would be another name."""
    content = _read(FACTS)
    try:
        return None if content is None else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _read(path: str) -> Optional[bytes]:
    """Of a regular file that is not too large. Never waits, as for the other end of a pipe."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            about = os.fstat(file.fileno())
            return file.read() if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGEST else None
    except OSError:
        return None


def read_settings() -> Any:
    """As they were written. Raises ValueError."""
    return json.loads(read_text(SETTINGS) or "")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
