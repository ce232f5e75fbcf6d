# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of Open vSwitch bridges, which the kernel does not show."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

_SECONDS = 5


def read_ovs_bridges(names: Iterable[str]) -> dict[str, list[str]]:
    """Bridge -> its ports, of those that Open vSwitch knows; empty without its tools."""
    found = {}
    for name in names:
        try:
            done = subprocess.run(
                ["ovs-vsctl", f"--timeout={_SECONDS}", "list-ports", name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=2 * _SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            break
        if done.returncode == 0:
            found[name] = done.stdout.split()
    return found
