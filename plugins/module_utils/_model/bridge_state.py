# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge in the kernel, in contrast to libvirt's definition of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BridgeState:
    """index: the kernel's number of the link, which differs if the bridge was created again under the same name; stp:
    whether its Spanning Tree Protocol is on."""

    name: str
    index: int
    stp: bool
