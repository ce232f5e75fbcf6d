# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests and their NICs, as far as networks are concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from .field import Document

# What becomes of a guest that is asked for and does not exist.
FAIL, SKIP = "fail", "skip"
# What a NIC may settle for itself, before its portgroup and its network are asked.
SETTINGS = ("virtualport", "bandwidth", "vlan", "trust_guest_rx_filters")


@dataclass(frozen=True)
class Nic:
    """What a guest asks for, and while it runs what it got.

    type: what it asks for: network, bridge, direct, hostdev, ethernet, ...; network, portgroup: by name, of type
    network; own: the NIC's own SETTINGS, in the documents' form.
    actual: what it is plugged in as (bridge, direct, hostdev, network; type when it is not plugged in); source: the
    bridge, the device under the macvtap or the PCI address that it is plugged in to, or for another type than network
    asks for; mode: of a macvtap; target: its tap or macvtap; port: its libvirt port's UUID.
    mtu, isolated: the NIC's own, None when it says nothing; up: its link state; filter: an nwfilter's name; model:
    virtio, e1000, ...; transient: libvirt unplugs it by itself before a migration (teaming); named: how its
    tap or macvtap has to be called, None where libvirt makes a name up; managed: whether libvirt makes that tap;
    queues: how many it has.
    """

    mac: str
    type: str
    network: Optional[str] = None
    portgroup: Optional[str] = None
    own: Document = field(default_factory=dict)
    actual: str = ""
    source: Optional[str] = None
    mode: Optional[str] = None
    target: Optional[str] = None
    port: Optional[str] = None
    mtu: Optional[int] = None
    isolated: Optional[bool] = None
    up: bool = True
    filter: Optional[str] = None
    model: Optional[str] = None
    transient: bool = False
    named: Optional[str] = None
    managed: bool = True
    queues: int = 1


@dataclass(frozen=True)
class Guest:
    """nics: of the running guest, else as it is defined; defined: what it will have at its next start, empty for a
    transient guest; devices: PCI addresses of host devices given to it other than as a NIC; tcp_ports: on which it
    listens, those of its displays among them.
    """

    name: str
    uuid: str
    running: bool = False
    persistent: bool = True
    nics: tuple[Nic, ...] = ()
    defined: tuple[Nic, ...] = ()
    devices: tuple[str, ...] = ()
    tcp_ports: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name
