# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def ping(address: str, size: int, count: int = 3) -> int:
    """How many of `count` frames with `size` bytes of ICMP payload, never fragmented, come back."""
    argv = ["ping", "-n", "-q", "-c", str(count), "-i", "0.2", "-W", "1", "-M", "do", "-s", str(size), address]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"(\d+) received", done.stdout)
    return int(found.group(1)) if found else 0


def console(name: str) -> str:
    """What the guest has written since it came to this host."""
    path = Path(f"/var/log/libvirt/{name}-console.log")
    return path.read_text(errors="replace") if path.exists() else ""
