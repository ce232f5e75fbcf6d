# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's define accepts in a portgroup although no guest can be plugged in with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..._model.errors import Path, Problem
from ..._model.field import Document
from ..._model.forward import is_virtual, mode_of

_SWITCHES = ("openvswitch", "midonet")


def check_pluggable(network: Document, group: Document) -> Iterator[Problem]:
    """network, group: as they will be; group is one of the network's portgroups."""
    yield from _check_virtualport(network, group)
    yield from _check_vlan(network, group)


def _check_virtualport(network: Document, group: Document) -> Iterator[Problem]:
    port, general = group.get("virtualport") or {}, network.get("virtualport") or {}
    if not port:
        return
    what = Path(("portgroups", group.get("name"))) / "virtualport"
    own, shared = port.get("type"), general.get("type")
    if own and shared and own != shared:
        yield Problem(
            "VIRTUALPORT_INVALID",
            what,
            "{path} has type {own}, but virtualport of the network has type {shared}; use the same type.",
            own=own,
            shared=shared,
        )
        return
    kind = own or shared
    if kind is None:
        if port.get("parameters"):
            yield Problem(
                "VIRTUALPORT_INVALID", what, "{path} has no type, and virtualport of the network has none either."
            )
        return
    where = _explain_misplaced(kind, network)
    if where:
        yield Problem(
            "OPTION_NOT_IN_MODE",
            what,
            "{path} of type {kind} is not supported {where}.",
            kind=kind,
            where=where,
            removable=True,
        )
    elif kind == "midonet" and "profileid" in (port.get("parameters") or {}):
        yield Problem("VIRTUALPORT_INVALID", what, "{path} has profileid, which type midonet does not support.")


def _explain_misplaced(kind: str, network: Document) -> Optional[str]:
    mode = mode_of(network)
    if is_virtual(network):
        return f"in {mode or 'isolated'} networks, only in networks that connect to a switch"
    if kind in _SWITCHES:
        fits = mode == "bridge" and bool((network.get("bridge") or {}).get("name"))
        return None if fits else f"in mode {mode} with host devices, only in mode bridge with bridge.name"
    if (network.get("bridge") or {}).get("name"):
        return "on a bridge of the host, only in macvtap pools" + (" and in mode hostdev" if kind == "802.1Qbh" else "")
    if mode == "hostdev" and kind == "802.1Qbg":
        return "in mode hostdev, only in macvtap pools"
    return None


def _check_vlan(network: Document, group: Document) -> Iterator[Problem]:
    vlan = group.get("vlan") or {}
    mode = mode_of(network)
    if mode not in ("hostdev", "passthrough") or not vlan:
        return
    what = Path(("portgroups", group.get("name"))) / "vlan"
    if len(vlan.get("tags") or ()) > 1 or vlan.get("trunk"):
        yield Problem(
            "VLAN_INVALID",
            what,
            "{path} is a trunk; mode {mode} supports one tag per guest, because SR-IOV has no trunks.",
            mode=mode,
        )
    if any(tag.get("native_mode") for tag in vlan.get("tags") or ()):
        yield Problem(
            "VLAN_INVALID",
            what,
            "{path} has native_mode, which is supported only on bridges, not in mode {mode}.",
            mode=mode,
        )
