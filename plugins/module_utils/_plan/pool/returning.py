# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that hold a member without a port: creating a port includes them in the accounting again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from ..._model.guest import Guest
from ..._model.plugged import GUEST, Plugged
from ..._xml.port import write_port


def returning_ports(
    network: str, members: Sequence[str], ports: Sequence[Plugged], guests: Optional[Sequence[Guest]]
) -> tuple[Plugged, ...]:
    """A macvtap NIC shows which port it had; a PCI one does not, and stays uncounted until its guest stops."""
    there = {port.port for port in ports}
    found = []
    for guest in guests or ():
        for nic in guest.nics if guest.running else ():
            if nic.network != network or nic.actual != "direct" or nic.source not in members:
                continue
            if nic.port and nic.port not in there:
                bare = Plugged(GUEST, guest.name, nic.mac, guest.uuid, nic.portgroup, nic.port, nic.source)
                found.append(replace(bare, xml=write_port(bare, mode=nic.mode or "")))
    return tuple(found)
