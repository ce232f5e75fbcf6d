# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps and plans: what will be done to a host, in what order, and what it does to guests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._model.errors import sentence_of
from .._model.field import Document
from .._model.observed import Observed
from .._model.plugged import Plugged

# Disruption
NONE = "none"
NEXT_START = "next_start"
RESTART = "restart"

# Actions
DEFINE = "define"
UNDEFINE = "undefine"
START = "start"
CREATE = "create"
DESTROY = "destroy"
AUTOSTART = "autostart"
UPDATE = "update"
DESCRIBE = "describe"
ATTACH = "attach"
MOVE = "move"
RELEASE = "release"
RECLAIM = "reclaim"
FREE = "free"
STP = "stp"
LEASES = "leases"
BYPASS = "bypass"
ASIDE = "aside"
JOIN = "join"
UNBYPASS = "unbypass"
REFRESH = "refresh"
SETTINGS = "settings"

# Of define and create: the network had this definition before.
AGAIN = "again"

# libvirt's name for the section of an update that takes members in and out of a pool.
POOL_SECTION = "forward-interface"


@dataclass(frozen=True)
class Step:
    """One call on the host.

    doing: what it does, for people, as "start network 'red'". xml: of define and create the network, of update the
    section's element, of describe the metadata element. update: command (add, add_first, modify, delete), section
    (libvirt's name for it) and index (which <ip>, else -1), always on the live network. describe: section is title,
    description or a metadata namespace, xml its new value ("" removes it). autostart: value. stp: section is the
    bridge, value whether it is on. leases: command contains the bridges whose DHCP leases the network gets. define,
    create: command is again for a definition that the network had before. validate: have libvirt validate the XML
    against its schema. ports: what release sets aside, reclaim puts back and free deletes; whose taps attach puts into
    the network's bridge, move has libvirt put there, and aside puts into the bypass; what destroy cuts off. refresh:
    ports is the NIC with its port as it will be, section who sets it (_plan/refresh.py), value whether it is set even
    where libvirt's port says so already. settings: options are those of the network's bridge.
    """

    action: str
    network: str
    doing: str
    disruption: str = NONE
    xml: str = ""
    command: str = ""
    section: str = ""
    index: int = -1
    value: bool = False
    validate: bool = False
    ports: tuple[Plugged, ...] = ()
    options: tuple[tuple[str, int], ...] = ()

    @property
    def sentence(self) -> str:
        return sentence_of(self.doing)

    def as_dict(self) -> dict[str, Any]:
        """For results: what a reader wants of it."""
        shown: dict[str, Any] = {"action": self.action, "disruption": self.disruption, "sentence": self.sentence}
        if self.action == UPDATE:
            shown["section"] = self.section
        if self.disruption == RESTART:
            shown["concerns"] = [concerned(port) for port in self.ports]
        return shown


def concerned(port: Plugged) -> dict[str, Any]:
    """For results: whom a step concerns."""
    facts = port.as_dict()
    return {name: facts[name] for name in ("kind", "name", "mac", "tap", "portgroup")}


@dataclass(frozen=True)
class Plan:
    """What one network needs.

    before, after: what was declared, as it is and as it will be, in canonical form; empty when nothing is to be
    done or pending. pending: options that the
    live network will have only after its next start. plugged: what a stop cuts off, or interrupts when it is put back
    after it (replug). blocked_by_guests: guests that must stop or move away
    before the pending options can take effect.
    outstanding: what only libvirt can check in the definition.
    seconds: approximate duration of the steps.
    needs_port_info, needs_bypass_info: the plan depends on what is plugged in, or on whether its guests can have a
    bypass, which has not been read yet. seamless: it must not be carried out without one where guests are connected.
    """

    network: str
    steps: tuple[Step, ...] = ()
    before: Document = field(default_factory=dict)
    after: Document = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    plugged: tuple[Plugged, ...] = ()
    blocked_by_guests: tuple[Plugged, ...] = ()
    warnings: tuple[str, ...] = ()
    outstanding: tuple[str, ...] = ()
    seconds: float = 0.0
    needs_port_info: bool = False
    needs_bypass_info: bool = False
    seamless: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.steps)


# A network's plan beside the network it was made for.
Work = tuple[Plan, Observed]
