# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members that a task selects: those it names, which are checked strictly, and those it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ..._model import address
from ..._model.device import Device
from ..._model.errors import Path, Problem, VirtfleetError, refuse
from ..rules.names import check_device_name
from .match import matching_devices, virtual_functions
from .ranges import expand_ranges, sort_names
from .request import Request

Found = list[tuple[str, Device]]


def named_members(request: Request, mode: str, devices: Optional[Sequence[Device]]) -> list[str]:
    """Raises VirtfleetError RANGE_INVALID, MEMBER_TWICE, MEMBER_INVALID, PCI_INVALID or DEVICE_NAME_INVALID."""
    names = expand_ranges(request.members or ())
    problems: list[Problem] = []
    if mode == "hostdev":
        by_name = {device.name: device.pci for device in devices or ()}
        for name in names:
            if address.is_pci(name):
                continue
            hint = f"; the link with that name has {by_name[name]}" if by_name.get(name) else ""
            problems.append(
                Problem(
                    "PCI_INVALID",
                    Path(("members", name)),
                    "{name!a} is not a valid PCI address, such as 0000:03:10.1; members of a hostdev pool are PCI "
                    "addresses{hint}.",
                    name=name,
                    hint=hint,
                )
            )
        names = [address.pci(name) for name in names]
    else:
        for name in names:
            if address.is_pci(name):
                problems.append(
                    Problem(
                        "MEMBER_INVALID",
                        Path(("members", name)),
                        "{name} is a PCI address; the members of a {mode} pool are names of links.",
                        name=name,
                        mode=mode,
                    )
                )
            else:
                problems += check_device_name(Path("members"), name)
    for twice in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem("MEMBER_TWICE", Path("members"), "members lists {twice} more than once.", twice=twice))
    if problems:
        raise refuse(problems, network=request.network)
    return names


def find_members(
    request: Request, mode: str, devices: Optional[Sequence[Device]], members: frozenset[str]
) -> tuple[Found, list[str]]:
    """By match and pf: what can be listed, by the name to list it under, in a fixed order; and the addresses of what
    cannot be, since it has no link.

    Raises VirtfleetError LINKS_UNSEEN, MATCH_EMPTY, REGEX_INVALID, RANGE_INVALID, PF_MISSING or PF_NO_VFS.
    """
    if not request.match and request.pf is None:
        return [], []
    if devices is None:
        raise VirtfleetError(
            "LINKS_UNSEEN",
            "match and pf need the host's links, which cannot be read over a remote URI; run the task on the host "
            "itself, or use members.",
        )
    chosen = matching_devices(request.match, devices, members) if request.match else []
    if request.pf is not None:
        chosen += virtual_functions(request.pf, request.vfs, devices)
    if not chosen and request.present:
        raise VirtfleetError(
            "MATCH_EMPTY",
            f"No link on this host matches {_shown(request)}; nothing was changed.",
            network=request.network,
        )
    listed = {name: device for device in chosen for name in [device.pci if mode == "hostdev" else device.name] if name}
    bare = [str(device.pci) for device in chosen if mode != "hostdev" and not device.name]
    return [(name, listed[name]) for name in sort_names(listed)], sort_names(set(bare))


def _shown(request: Request) -> str:
    return ", ".join(f"{option}: {value}" for option, value in request.match.items())
