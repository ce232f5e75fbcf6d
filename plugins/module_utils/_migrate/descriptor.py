# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests as virt_guest_info describes them, made ready to be judged on many hosts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional

from .._model.field import Document
from .finding import BLOCKED, NETWORK, WARNING, Finding

FORMAT = 1
_GUEST = (
    "name", "uuid", "running", "host", "type", "arch", "machine", "memory", "hugepages", "cpu", "disks", "hostdevs",
    "files", "ports", "graphics", "blockers", "doubts", "nics",
)  # fmt: skip
_NIC = (
    "mac", "type", "network", "portgroup", "own", "link", "filter", "filter_digest", "promises", "source", "mode",
    "model", "transient", "plugged_as", "target",
)  # fmt: skip
# What tells NICs apart and makes no difference to what they need.
_ONE_OF_A_KIND = ("mac", "device")


class Described:
    """facts: as given; problem: why it cannot be judged, None when it can; needs: one text for each NIC, equal for NICs
    that need the same; networks: (place of the NIC, network) of the NICs that ask for one by name.
    """

    __slots__ = ("facts", "name", "needs", "networks", "problem", "uuid")

    def __init__(self, facts: Any) -> None:
        self.facts: Document = facts
        self.problem = _problem(facts)
        self.name = str(facts.get("name") or "?") if isinstance(facts, Mapping) else "?"
        self.uuid: Optional[str] = str(facts["uuid"]) if isinstance(facts, Mapping) and facts.get("uuid") else None
        nics = [] if self.problem else facts["nics"]
        self.needs = [_needs(nic) for nic in nics]
        self.networks = [(number, str(nic["network"])) for number, nic in enumerate(nics) if nic["type"] == "network"]

    def rated(self, number: int, finding: Finding) -> str:
        """A NIC whose link is down has no traffic that could stop."""
        down = self.facts["nics"][number]["link"] == "down"
        return WARNING if down and finding.question == NETWORK and finding.severity == BLOCKED else finding.severity


def read_described(guests: Any) -> list[Described]:
    """Never raises: a guest that cannot be read is one whose verdict is unknown."""
    return [Described(guest) for guest in guests]


def _problem(facts: Any) -> Optional[str]:
    if not isinstance(facts, Mapping):
        return "This is no guest as virt_guest_info describes one."
    if facts.get("format") != FORMAT:
        return (
            f"The guest's description has format {facts.get('format')!a}; this version reads {FORMAT}. Gather it again."
        )
    missing = [name for name in _GUEST if name not in facts]
    nics = facts.get("nics")
    if not missing and not (isinstance(nics, list) and all(isinstance(nic, Mapping) for nic in nics)):
        missing = ["nics"]
    missing += sorted({name for nic in (nics if not missing and nics else ()) for name in _NIC if name not in nic})
    if missing:
        return f"The guest's description is not whole; it lacks {', '.join(missing)}. Gather it again."
    return None


def _needs(nic: Document) -> str:
    return json.dumps({name: value for name, value in nic.items() if name not in _ONE_OF_A_KIND}, sort_keys=True)
