# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a device cannot be a member of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ..._model import pool as kinds
from ..._model.device import Device
from ..._model.errors import Path, Problem
from ..._model.pool import Member
from .occupancy import EXCLUSIVE


def why_unfit(
    name: str, device: Optional[Device], mode: str, seen: Member, other_pools: Mapping[str, str]
) -> Optional[Problem]:
    """name: as it would be listed; device: None where the host has none; seen: who holds it; other_pools: member of
    another network's pool -> that network."""
    if device is None:
        return Problem("MEMBER_MISSING", Path(("members", name)), "{name} does not exist on this host.", name=name)
    if mode == "hostdev" and device.vf is None:
        return Problem(
            "MEMBER_NO_VF",
            Path(("members", name)),
            "{name} is not an SR-IOV VF; libvirt networks support no other PCI devices.",
            name=name,
        )
    network = next((other_pools[alias] for alias in sorted(device.aliases) if alias in other_pools), None)
    if network is not None:
        return Problem(
            "MEMBER_IN_OTHER_POOL",
            Path(("members", name)),
            "{name} is a member of the pool of network '{other}'.",
            name=name,
            other=network,
        )
    if device.master is not None:
        return Problem(
            "MEMBER_IN_BRIDGE",
            Path(("members", name)),
            "{name} is in the bridge or bond {master}.",
            name=name,
            master=device.master,
        )
    if device.default_route:
        return Problem(
            "MEMBER_HAS_ROUTE", Path(("members", name)), "{name} carries the host's own default route.", name=name
        )
    if device.addresses:
        return Problem(
            "MEMBER_HAS_ADDRESS",
            Path(("members", name)),
            "{name} carries the host's own address {address}.",
            name=name,
            address=device.addresses[0],
        )
    # A VF that is assigned as a PCI device is detached from its driver, so the state of its link does not matter.
    if not device.up and mode != "hostdev":
        return Problem(
            "MEMBER_DOWN",
            Path(("members", name)),
            "{name} is down; bring it up first (ip link set {name} up).",
            name=name,
        )
    foreign = [
        holder
        for holder in seen.holders
        if holder.kind not in (kinds.GUEST, kinds.STALE) and (mode in EXCLUSIVE or not holder.shares)
    ]
    if foreign:
        return Problem(
            "MEMBER_BUSY", Path(("members", name)), "{name} is held by {holder}.", name=name, holder=foreign[0]
        )
    return None
