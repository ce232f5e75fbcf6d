# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the host's devices are selected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Callable, Optional

from ..._model.device import Device
from ..._model.errors import VirtfleetError
from ..._model.field import Document
from .ranges import in_spans, numbers, pci_spans

# What a match finds by itself; bridges and tunnels are members only when they are named.
KINDS = ("physical", "veth", "bond", "team", "vlan", "dummy")

# True, False, or None if that is unknown (a VF that a guest holds has no link and another driver).
_Test = Callable[[Device], Optional[bool]]


def matching_devices(match: Document, devices: Sequence[Device], members: frozenset[str]) -> list[Device]:
    """members: those that the pool has; a member for which a test has no answer stays.

    Raises VirtfleetError REGEX_INVALID or RANGE_INVALID.
    """
    tests = _tests(match)
    return [
        device for device in devices if device.kind in KINDS and all(_passed(test, device, members) for test in tests)
    ]


def _passed(test: _Test, device: Device, members: frozenset[str]) -> bool:
    answer = test(device)
    return bool(device.aliases & members) if answer is None else answer


def _tests(match: Document) -> list[_Test]:
    made: dict[str, Callable[[Document], _Test]] = {
        "name": _name,
        "regex": _regex,
        "driver": _driver,
        "pf": _pf,
        "pci": _pci,
        "speed": _speed,
        "mtu": _mtu,
        "carrier": _carrier,
        "in_bridge": _in_bridge,
    }
    return [make(match) for option, make in made.items() if option in match]


def _name(match: Document) -> _Test:
    return lambda device: None if device.name is None else fnmatchcase(device.name, match["name"])


def _regex(match: Document) -> _Test:
    try:
        wanted = re.compile(match["regex"])
    except (re.error, OverflowError, RecursionError) as error:
        raise VirtfleetError(
            "REGEX_INVALID", f"match.regex is {match['regex']!a}, which is not a valid regular expression: {error}."
        ) from None
    return lambda device: None if device.name is None else bool(wanted.fullmatch(device.name))


def _driver(match: Document) -> _Test:
    return lambda device: None if device.name is None else device.driver == match["driver"]


def _pf(match: Document) -> _Test:
    return lambda device: match["pf"] in device.pf


def _pci(match: Document) -> _Test:
    spans = pci_spans(match["pci"])
    return lambda device: in_spans(device.pci, spans)


def _speed(match: Document) -> _Test:
    # A link that is down has no speed; one that is held by a guest has no link.
    return lambda device: None if device.speed is None else device.speed >= match["speed"]


def _mtu(match: Document) -> _Test:
    return lambda device: None if device.mtu is None else device.mtu >= match["mtu"]


def _carrier(match: Document) -> _Test:
    return lambda device: None if device.carrier is None else device.carrier is match["carrier"]


def _in_bridge(match: Document) -> _Test:
    return lambda device: (device.master is not None) is match["in_bridge"]


def virtual_functions(pf: str, vfs: Optional[str], devices: Sequence[Device]) -> list[Device]:
    """The VFs of a PF, those of the given numbers only.

    Raises VirtfleetError PF_MISSING, PF_NO_VFS or RANGE_INVALID.
    """
    physical = next((device for device in devices if device.name == pf), None)
    if physical is None:
        raise VirtfleetError("PF_MISSING", f"PF {pf!a} does not exist on this host.")
    if not physical.vfs:
        raise VirtfleetError(
            "PF_NO_VFS",
            f"PF '{pf}' has no VFs"
            + (
                f"; create them first (/sys/class/net/{pf}/device/sriov_numvfs)."
                if physical.pci
                else f" and cannot have any, because it is a {physical.kind} link."
            ),
        )
    if vfs is None:
        chosen = list(physical.vfs)
    else:
        wanted = numbers(vfs, "vfs")
        beyond = [number for number in wanted if number >= len(physical.vfs)]
        if beyond:
            raise VirtfleetError(
                "RANGE_INVALID", f"vfs has {beyond[0]}, but {pf} only has the VFs 0 to {len(physical.vfs) - 1}."
            )
        chosen = [physical.vfs[number] for number in dict.fromkeys(wanted)]
    by_address = {device.pci: device for device in devices}
    return [by_address.get(pci) or Device(pci=pci, up=False) for pci in chosen]
