# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which guests use a portgroup that is to be removed."""

from __future__ import annotations

from typing import Any, Optional

from .._model.errors import VirtfleetError
from .._model.guest import Guest, Nic
from .portgroup import DesiredPortgroup


def refuse_if_used(wish: DesiredPortgroup, default: bool, guests: Optional[tuple[Guest, ...]]) -> None:
    """default: whether guests that name no portgroup get this one; guests: None when they cannot be seen.

    Raises VirtfleetError PORTGROUP_IN_USE, which names them, or GUESTS_UNKNOWN.
    """
    what = f"Portgroup '{wish.name}' of network '{wish.network}'"
    facts = {"network": wish.network, "portgroup": wish.name}
    if guests is None:
        raise VirtfleetError(
            "GUESTS_UNKNOWN",
            f"{what} may be in use, but this connection shows no guests; nothing was changed. Use qemu:///system, or "
            "set in_use: allow.",
            **facts,
        )
    used = find_users(wish, default, guests)
    if used:
        shown = ", ".join(
            f"{user['guest']} ({user['mac']}{'' if user['running'] else ', not running'})" for user in used
        )
        raise VirtfleetError(
            "PORTGROUP_IN_USE",
            f"{what} is used by {shown}; nothing was changed. To remove it anyway, set in_use: allow. Running guests "
            "then keep its settings until they are plugged in again.",
            guests=used,
            **facts,
        )


def find_users(wish: DesiredPortgroup, default: bool, guests: tuple[Guest, ...]) -> list[dict[str, Any]]:
    """The NICs that ask for the portgroup now or will at their guest's next start, each once."""
    found = []
    for guest in guests:
        macs: dict[str, Nic] = {}
        for nic in (*guest.nics, *guest.defined):
            if _uses(nic, wish, default):
                macs.setdefault(nic.mac, nic)
        found += [
            {
                "guest": guest.name,
                "uuid": guest.uuid,
                "mac": mac,
                "running": guest.running,
                "by_default": nic.portgroup is None,
            }
            for mac, nic in macs.items()
        ]
    return found


def _uses(nic: Nic, wish: DesiredPortgroup, default: bool) -> bool:
    return nic.network == wish.network and (nic.portgroup == wish.name or (default and nic.portgroup is None))
