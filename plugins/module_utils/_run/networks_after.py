# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network's plan beside what the host's other networks will be once all plans are carried out."""

from __future__ import annotations

from dataclasses import dataclass

from .._host.bridges import is_name_taken
from .._model.desired import Desired
from .._model.errors import VirtfleetError, refuse
from .._model.forward import is_virtual
from .._model.host import Host
from .._model.observed import Observed
from .._plan.collisions import collisions, states_after
from .._plan.holdings import State, holdings_of
from .._plan.plan import plan_network
from .._plan.step import START, Plan, Work
from .._plan.target_definition import target_definition


def networks_after(work: list[Work], there: dict[str, Observed]) -> dict[str, State]:
    """there: all networks of the host as they are."""
    states = {name: _state(observed) for name, observed in there.items()}
    for plan, observed in work:
        states[plan.network] = _state(observed).after_all(plan.steps)
    return states


@dataclass(frozen=True)
class Networks:
    """All networks of the host. now: as they are; later: as they will be; leaving: bridges that go before this run
    changes anything."""

    now: dict[str, Observed]
    later: dict[str, State]
    leaving: frozenset[str] = frozenset()


def plan_among_networks(desired: Desired, observed: Observed, host: Host, restart: str, networks: Networks) -> Plan:
    """Raises VirtfleetError as plan_network does, SUBNET_OVERLAP, BRIDGE_NAME_TAKEN or UUID_TAKEN."""
    others = {name: state for name, state in networks.later.items() if name != desired.name}
    plan = plan_network(desired, observed, host, restart, states_after(others))
    problems = list(collisions(desired.name, _state(observed), plan.steps, others))
    if problems:
        raise refuse(problems, network=desired.name)
    _refuse_taken_bridge(desired, observed, plan, host, networks)
    return plan


def _state(observed: Observed) -> State:
    return State(observed.live, observed.persistent)


def _refuse_taken_bridge(desired: Desired, observed: Observed, plan: Plan, host: Host, networks: Networks) -> None:
    """libvirt would create a bridge with the name of a link of the host: the start fails, and may remove the link.

    A bridge that libvirt created for another network is not one of the host's own links.
    """
    if host.remote or not any(step.action == START for step in plan.steps):
        return
    document = target_definition(desired, observed)
    name = (document.get("bridge") or {}).get("name")
    made = {link for other in (observed, *networks.now.values()) for link in holdings_of(_state(other)).links}
    if not name or not is_virtual(document) or name in made | networks.leaving:
        return
    if is_name_taken(name, document.get("mac")):
        raise VirtfleetError(
            "BRIDGE_NAME_TAKEN",
            f"Network '{desired.name}' cannot create bridge {name}: a link with that name exists on the host. To use "
            "the host's own bridge, set forward: {mode: bridge}; otherwise choose another bridge.name.",
            network=desired.name,
        )
