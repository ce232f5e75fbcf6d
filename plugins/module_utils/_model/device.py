# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device of the host that may be a pool's member: a network link, a PCI function, or one that is both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

PASSTHRU = "passthru"


@dataclass(frozen=True)
class Upper:
    """A link that stands on another: a macvtap, macvlan or the like. mode: of a macvtap or macvlan."""

    name: str
    kind: str
    mac: Optional[str] = None
    mode: Optional[str] = None


@dataclass(frozen=True)
class Device:
    """name: the link's, None for a PCI function without one (bound to vfio-pci, or to no driver); pci: its address,
    None for a virtual link; kind: physical, veth, bond, ...; driver: of a virtual link its kind; pf: the names of the
    physical function's links, for a VF; vf: its number there; vfs: the VFs' PCI addresses, for a PF; speed: Mbit/s;
    mtu: bytes; addresses: the host's own, here or on a VLAN of this link; uppers: what else stands on it.
    """

    name: Optional[str] = None
    pci: Optional[str] = None
    kind: str = "physical"
    driver: Optional[str] = None
    pf: tuple[str, ...] = ()
    vf: Optional[int] = None
    vfs: tuple[str, ...] = ()
    speed: Optional[int] = None
    mtu: Optional[int] = None
    carrier: Optional[bool] = None
    up: bool = True
    master: Optional[str] = None
    addresses: tuple[str, ...] = ()
    default_route: bool = False
    uppers: tuple[Upper, ...] = ()

    @property
    def aliases(self) -> frozenset[str]:
        """The names under which networks and guests may hold it."""
        return frozenset(name for name in (self.name, self.pci) if name)
