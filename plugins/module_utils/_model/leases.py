# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt keeps of a network's DHCP clients, under the name of its bridge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leases:
    """status: the leases, macs: which guest has which MAC address; each the text of libvirt's file, JSON, "" for
    none."""

    bridge: str
    status: str = ""
    macs: str = ""
