# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as a host has it: its live and its persistent definition apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from . import bridge_link, dnsmasq
from .bridge_settings import BridgeSettings
from .field import Document
from .plugged import Plugged

if TYPE_CHECKING:
    from .bypass import Bypass


@dataclass(frozen=True)
class Observed:
    """live is None when the network is inactive, persistent when it is transient, both when there is none.

    The XML texts are libvirt's own, kept to put things back verbatim. plugged is None when not looked at.
    dnsmasq, bridge_link: of a running network, a word of dnsmasq.py and of bridge_link.py. unplugged: NICs of running
    guests that name this network (it may not run) and whose taps are in no bridge, some of them among plugged.
    bypass: whether its guests can have one, None when not looked at; bypassed: whether there is one. bridge_settings:
    what someone has set for its bridge, looked at where a stop is planned or done.
    """

    name: str
    live: Optional[Document] = None
    live_xml: str = ""
    persistent: Optional[Document] = None
    persistent_xml: str = ""
    autostart: bool = False
    plugged: Optional[tuple[Plugged, ...]] = None
    dnsmasq: str = dnsmasq.UNKNOWN
    bridge_link: str = bridge_link.UNKNOWN
    unplugged: tuple[Plugged, ...] = ()
    bypass: Optional[Bypass] = None
    bypassed: bool = False
    bridge_settings: BridgeSettings = field(default_factory=BridgeSettings)

    @property
    def exists(self) -> bool:
        return self.active or self.persistent is not None

    @property
    def active(self) -> bool:
        return self.live is not None

    @property
    def definition(self) -> Document:
        """As it runs, or else as it would start; empty when there is none."""
        return self.live if self.live is not None else self.persistent or {}

    @property
    def is_whole(self) -> bool:
        """Whether a running network has its bridge and its dnsmasq, as far as that can be seen."""
        return self.dnsmasq not in dnsmasq.FAULTY and self.bridge_link not in bridge_link.FAULTY

    @property
    def state(self) -> str:
        return "active" if self.active else "inactive" if self.exists else "absent"
