# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What someone has set for the bridge that libvirt made for a network, beyond the network's definition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BridgeSettings:
    """kept: settings by the kernel's names for them, which the bridge gets again when the network starts; lost: what
    goes with the bridge and cannot be put back, each in words."""

    kept: tuple[tuple[str, int], ...] = ()
    lost: tuple[str, ...] = ()
