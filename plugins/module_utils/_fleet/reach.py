# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reach of a network, and the forward modes that give it."""

from __future__ import annotations

from typing import Optional

from .._model.field import Document
from .._model.forward import POOL
from .fault import FaultText

# The first mode is the default when a binding names none; None is a network without <forward>.
# l2 has no default: only the host knows what the network is bound to.
MODES: dict[str, tuple[Optional[str], ...]] = {
    "l2": POOL,
    "routed": ("route", "open"),
    "nat": ("nat",),
    "isolated": (None,),
}
REACHES = tuple(MODES)


def derived_forward(reach: str, forward: Optional[Document]) -> Optional[Document]:
    """The forward option of a network of this reach: the one given, with the mode where it follows from reach.

    forward: None if not given, {} if explicitly empty. None is returned only for l2.
    """
    if reach == "l2":
        return forward
    mode = MODES[reach][0]
    if forward is None:
        return {} if mode is None else {"mode": mode}
    return {"mode": mode, **forward} if forward and mode else forward


def reach_fault(reach: str, network: Document) -> Optional[FaultText]:
    """When a network (its options, forward already derived) does not have the promised reach."""
    return mode_fault(reach, network) or _links_fault(reach, network)


def mode_fault(reach: str, network: Document) -> Optional[FaultText]:
    """When its forward mode does not give the promised reach."""
    forward = network.get("forward")
    if reach == "l2" and (forward is None or (forward and "mode" not in forward)):
        return FaultText(
            "Network {network} has reach l2, so its binding needs forward.mode ({modes}).",
            {"modes": _words(MODES[reach])},
        )
    mode = forward.get("mode", "nat") if forward else None
    if mode not in MODES[reach]:
        return FaultText(
            "Network {network} has reach {reach}, which needs {modes}; its binding has {mode}.",
            {"reach": reach, "modes": _words(MODES[reach]), "mode": _words((mode,))},
        )
    return None


def _links_fault(reach: str, network: Document) -> Optional[FaultText]:
    """When an l2 network is bound to no link. Its mode is one of l2."""
    forward = network.get("forward") or {}
    mode = forward.get("mode")
    filled = underlying_links(network) or forward.get("addresses") or "pool" in network
    if reach == "l2" and not filled:
        needed = "bridge.name, forward.dev, forward.interfaces or pool"
        if mode != "bridge":
            needed = f"forward.{'addresses' if mode == 'hostdev' else 'interfaces'}, forward.pf or pool"
        return FaultText(
            "Network {network} has reach l2, but its binding names no link for forward mode {mode}: give {needed}.",
            {"mode": mode, "needed": needed},
        )
    return None


def underlying_links(network: Document) -> list[str]:
    """The host's links that an l2 network is bound to: its bridge, the members of its pool, its PF."""
    forward = network.get("forward") or {}
    found = []
    if forward.get("mode") == "bridge":
        found.append((network.get("bridge") or {}).get("name"))
    found.append(forward.get("dev"))
    found.extend(member.get("dev") for member in forward.get("interfaces") or ())
    found.append((forward.get("pf") or {}).get("dev"))
    # The forward's dev and its first interface are one.
    return list(dict.fromkeys(name for name in found if name))


def _words(modes: tuple[Optional[str], ...]) -> str:
    words = [f"forward mode {mode}" if mode else "no forward" for mode in modes]
    if len(words) > 1 and None not in modes:
        return "forward mode " + ", ".join(str(m) for m in modes[:-1]) + f" or {modes[-1]}"
    return " or ".join(words)
