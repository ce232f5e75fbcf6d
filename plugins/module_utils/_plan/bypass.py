# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When guests stay connected to one another during a replug, and the steps for that.

The veth pair's end in the temporary bridge is an isolated port, so no isolated port of one bridge reaches one of the
other. Therefore the ports that are not isolated move there first and back last: all others reach them throughout.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._model.bypass import Bypass, BypassFacts
from .._model.field import Document
from .._model.first_few import first_few
from .._model.forward import is_virtual
from .._model.observed import Observed
from .._model.plugged import Plugged
from .step import ASIDE, BYPASS, JOIN, UNBYPASS, Plan, Step

# As many taps as it takes for guests to have one another.
_COMPANY = 2


def has_neighbours(plugged: Sequence[Plugged]) -> bool:
    """Whether the network's bridge has guests or devices that could notice a restart among themselves."""
    return sum(port.tap is not None and port.tap.mtu is not None for port in plugged) >= _COMPANY


def may_bypass(live: Document, goal: Document, plugged: Sequence[Plugged]) -> bool:
    """Whether a bypass is of use, as long as nothing on the host is in its way."""
    return is_virtual(live) and is_virtual(goal) and has_neighbours(plugged)


def reasons_for_notice(live: Document, goal: Document, plugged: Sequence[Plugged]) -> tuple[str, ...]:
    """Why guests would notice a restart among themselves whatever the host can do; empty where it makes no
    difference."""
    if is_virtual(live) == is_virtual(goal) or not has_neighbours(plugged):
        return ()
    return ("they move between a bridge that libvirt creates and one of the host's",)


def bypass_obstacles(facts: BypassFacts) -> Bypass:
    """The facts as clauses."""
    clauses = [f"this host already has a link {name}" for name in facts.taken]
    clauses += [f"this user cannot create links of kind {kind} on this host ({why})" for kind, why in facts.refused]
    if not facts.ipv6:
        clauses.append("IPv6 cannot be disabled on a temporary link (/proc/sys is not writable)")
    if facts.filters_vlans:
        clauses.append("its bridge filters VLANs")
    if facts.daemon_stp:
        clauses.append("a daemon decides by STP which ports of its bridge forward")
    if facts.silent:
        clauses.append(f"STP keeps {first_few(facts.silent)} from forwarding")
    if facts.unequal:
        clauses.append(f"the host's firewall may treat a temporary bridge differently ({first_few(facts.unequal)})")
    return Bypass(tuple(clauses))


def warn_of_noticeable_restart(network: str, why: Sequence[str]) -> str:
    """For a plan that does without a bypass."""
    return f"Guests of network '{network}' are also disconnected from one another while it restarts: {'; '.join(why)}."


def steps_into_bypass(name: str, bridge: str, plugged: Sequence[Plugged]) -> tuple[Step, ...]:
    """Into the bypass, before the stop. bridge: the network's, as it runs."""
    taps = tuple(reversed(isolated_first([port for port in plugged if port.tap is not None])))
    return (
        Step(BYPASS, name, f"join a temporary bridge to bridge {bridge}", section=bridge),
        Step(ASIDE, name, f"move {', '.join(map(str, taps)) or 'nothing'} to the temporary bridge", ports=taps),
    )


def join_step(name: str, bridge: str) -> Step:
    """After the start; bridge: empty if libvirt names it."""
    where = f"bridge {bridge}" if bridge else "the new bridge"
    return Step(JOIN, name, f"join the temporary bridge to {where}")


def removal_step(name: str) -> Step:
    """When nothing is left in it."""
    return Step(UNBYPASS, name, f"remove the temporary bridge of network '{name}'")


def isolated_first(ports: Sequence[Plugged]) -> tuple[Plugged, ...]:
    """The order in which they leave a bypass."""
    return tuple(sorted(ports, key=lambda port: port.tap is None or not port.tap.isolated))


def has_bypass(plan: Plan) -> bool:
    """Whether guests stay connected to one another."""
    return any(step.action == BYPASS for step in plan.steps)


def with_bypass_removal(steps: Sequence[Step], now: Observed) -> tuple[Step, ...]:
    """Steps that bring back all that was plugged in, then without the bypass that an earlier step made."""
    return (*steps, removal_step(now.name)) if now.bypassed else tuple(steps)
