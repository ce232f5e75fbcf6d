# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portgroup that a NIC names, or gets by default. libvirt starts a guest whose portgroup is missing, without any
of its settings, and says nothing. Where the NIC's own settings override those of the group, nothing changes for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.field import Document
from .. import remedy
from ..case import Case
from ..finding import Finding, told, weaker
from .settings import parameters

_SETTINGS = ("virtualport", "bandwidth", "vlan", "trust_guest_rx_filters")


def portgroups(case: Case) -> Iterator[Finding]:
    if case.had is None or case.gets is None:
        return
    had, gets, asks = case.had["portgroup"], case.gets["portgroup"], case.nic["portgroup"]
    differs = told if _effective(case.had) == _effective(case.gets) else weaker
    if asks is None:
        names = [None if side is None else side["name"] for side in (had, gets)]
        if names[0] != names[1]:
            shown = [f"'{name}'" if name else "none" for name in names]
            repair = None
            if had is not None:
                repair = remedy.portgroup(case.name, had["name"], **_settings(had), default=True)
            elif gets is not None:
                repair = remedy.portgroup(case.name, gets["name"], default=False)
            yield differs(
                "PORTGROUP_DEFAULT_DIFFERS",
                f"The default portgroup of {case.where} is {shown[1]}, on the guest's own host {shown[0]}.",
                repair,
            )
            return
    elif had is None:
        return  # it has nothing to lose
    elif gets is None:
        yield weaker(
            "PORTGROUP_MISSING",
            f"N{case.where[1:]} has no portgroup '{asks}': libvirt would plug the guest in without its settings.",
            remedy.portgroup(case.name, asks, **_settings(had)),
        )
        return
    if had is None or gets is None:
        return
    options = [option for option in _SETTINGS if had.get(option) != gets.get(option)]
    if options:
        empty: Document = {"trust_guest_rx_filters": False}
        wanted = {option: had.get(option, empty.get(option, {})) for option in options}
        yield differs(
            "PORTGROUP_DIFFERS",
            f"Portgroup '{gets['name']}' of {case.where} has another {', '.join(options)} than on the guest's host.",
            remedy.portgroup(case.name, gets["name"], **wanted),
        )


def _effective(promise: Document) -> list[object]:
    """What the NIC is plugged in with, wherever it comes from."""
    port = promise["virtualport"] or {}
    return [
        promise["bandwidth"],
        promise["vlan"],
        promise["trust_guest_rx_filters"],
        port.get("type"),
        parameters(port),
    ]


def _settings(group: Document) -> Document:
    return {option: group[option] for option in _SETTINGS if option in group}
