# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate reads when a guest comes. It is imported then, so it imports little."""

from __future__ import annotations

import json
import os
from typing import Any, Optional

HOOK = "/etc/libvirt/hooks/qemu.d/50-virtfleet-gate"
FOLDER = "/var/lib/virtfleet-network-gate"
FACTS = os.path.join(FOLDER, "facts.json")
SETTINGS = os.path.join(FOLDER, "settings.json")


def read_text(path: str) -> Optional[str]:
    """None if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def read_settings() -> Any:
    """As they were written. Raises ValueError."""
    return json.loads(read_text(SETTINGS) or "")
