# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two networks of a host cannot both have, checked for the networks as they will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._model.errors import Path, Problem
from .._model.field import Document
from .holdings import State, bounds_of_ips, bridge_name, holdings_needed, holdings_of, overlap
from .step import CREATE, DEFINE, START, Step


def states_after(states: Mapping[str, State]) -> dict[str, Document]:
    """The definition that each network will have; a transient one's running one."""
    found = {name: state.live if state.persistent is None else state.persistent for name, state in states.items()}
    return {name: document for name, document in found.items() if document is not None}


def collisions(name: str, state: State, steps: tuple[Step, ...], others: Mapping[str, State]) -> Iterator[Problem]:
    """state: of the network before its steps; others: as they will be.

    rules.addresses.overlaps compares the subnets of definitions; here are the subnets of networks that run with an
    outdated definition, or that were never compared.
    """
    for step in steps:
        asked = holdings_needed(state, step)
        state = state.after(step)
        for other, theirs in sorted(others.items()):
            has = holdings_of(theirs)
            if asked.uuids & has.uuids:
                yield Problem(
                    "UUID_TAKEN",
                    Path("uuid"),
                    "Network '{network}' cannot have the UUID {uuid}, which network '{other}' has; omit uuid, or set "
                    "'{other}' to state: absent in the same call of virt_networks.",
                    network=name,
                    uuid=min(asked.uuids),
                    other=other,
                )
            if asked.names & has.names:
                yield _bridge(name, min(asked.names & has.names), other, theirs)
            if step.action in (START, CREATE):
                yield from _subnets(name, state, other, theirs, steps)


def _bridge(name: str, bridge: str, other: str, theirs: State) -> Problem:
    only_live = theirs.persistent is not None and bridge_name(theirs.persistent) != bridge
    when = " until its next start" if only_live else ""
    return Problem(
        "BRIDGE_NAME_TAKEN",
        Path("bridge.name"),
        "Network '{network}' cannot have the bridge {bridge}, which network '{other}' has{when}; choose another "
        "bridge.name.",
        network=name,
        bridge=bridge,
        other=other,
        when=when,
    )


def _subnets(name: str, state: State, other: str, theirs: State, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """Starting a network that is already defined fails only if the IPv4 subnets are identical."""
    defines = any(step.action == DEFINE for step in steps)
    defined = bounds_of_ips(theirs.persistent)
    for mine in bounds_of_ips(state.live):
        for running in bounds_of_ips(theirs.live):
            same = mine == running and mine[0] == 32
            if same or (defines and running not in defined and overlap(mine, running)):
                yield Problem(
                    "SUBNET_OVERLAP",
                    Path("ips"),
                    "Network '{network}' cannot start: one of its subnets overlaps a subnet that network '{other}' "
                    "runs with{until}.",
                    network=name,
                    other=other,
                    until="" if running in defined else " until its next start",
                )
