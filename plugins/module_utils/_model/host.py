# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host, as far as planning needs to know it."""

from __future__ import annotations

from dataclasses import dataclass

# The newest libvirt whose network.rng the model covers whole.
MODELLED = (12, 8, 0)


@dataclass(frozen=True)
class Host:
    """version: the daemon's libvirt (major, minor, release); remote: whether its links cannot be read from here."""

    version: tuple[int, int, int]
    remote: bool = False

    @property
    def release(self) -> str:
        return ".".join(str(part) for part in self.version)

    def has(self, since: tuple[int, int, int]) -> bool:
        return self.version >= since


def version_of(number: int) -> tuple[int, int, int]:
    """(9, 7, 0) for libvirt's 9007000."""
    return number // 1000000, number // 1000 % 1000, number % 1000
