# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A point in time that setting the host's clock does not move."""

from __future__ import annotations

import time
from dataclasses import dataclass

_BOOT = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True)
class Deadline:
    """boot: the boot that it belongs to, which a reboot ends; at: seconds since that boot, time asleep included."""

    boot: str
    at: float

    @property
    def left(self) -> float:
        """Seconds; 0 or less when it is over."""
        return self.at - time.clock_gettime(time.CLOCK_BOOTTIME) if self.boot == boot_id() else 0.0


def deadline_in(seconds: float) -> Deadline:
    return Deadline(boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME) + seconds)


def boot_id() -> str:
    """Another one after every start of the kernel."""
    with open(_BOOT, encoding="ascii") as file:
        return file.read().strip()
