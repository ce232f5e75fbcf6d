# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired + observed -> a plan: the recipe of the collection.

Code that only a change needs is imported where it is used: most runs change nothing, and Ansible sends modules in a
form that Python compiles again in every run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .._model.desired import ABSENT, ACTIVE, SEAMLESS, Desired
from .._model.field import EXTRA, Document
from .._model.first_few import first_few
from .._model.forward import is_virtual
from .._model.host import MODELLED, Host
from .._model.observed import Observed
from .._xml.network import write_network
from .comparison import Comparison, compare
from .step import AUTOSTART, DEFINE, NEXT_START, NONE, START, UNDEFINE, Plan, Step

if TYPE_CHECKING:
    from .live_change import ChangeContext, LiveChange
    from .port_accounting import PortAccounting


def plan_network(
    desired: Desired, observed: Observed, host: Host, restart: str, others: dict[str, Document] | None = None
) -> Plan:
    """What has to be done so that the network is as desired; nothing when it is.

    restart: idle, never, replug, seamless or force. others: definitions of the host's other networks, for overlapping
    subnets.
    Raises VirtfleetError for what is refused: codes of the rules, NETWORK_MISSING, UUID_DIFFERS, IN_USE, REPLUG_REMOTE,
    SEAMLESS_IMPOSSIBLE.
    """
    if desired.state == ABSENT:
        return _absent(desired, observed, restart)
    compared = _compared(desired, observed, host, others or {})
    if compared.same and _is_settled(desired, observed):
        return Plan(desired.name)
    from .live_change import ChangeContext

    return _plan(ChangeContext(desired, observed, compared, host, restart), None)


def plan_pool(desired: Desired, observed: Observed, host: Host, restart: str, accounting: PortAccounting) -> Plan:
    """The same for a network whose pool changes. accounting: what else is to become of the pool's ports."""
    from .live_change import ChangeContext

    return _plan(ChangeContext(desired, observed, _compared(desired, observed, host, {}), host, restart), accounting)


def _compared(desired: Desired, observed: Observed, host: Host, others: dict[str, Document]) -> Comparison:
    """Raises VirtfleetError for what is refused."""
    if not observed.exists:
        from .refused import refuse_unmakeable

        refuse_unmakeable(desired)
    compared = compare(desired, observed, host)
    if compared.define:
        from .refused import refuse_wrong

        refuse_wrong(desired, compared, host, others)
    return compared


def _plan(situation: ChangeContext, accounting: PortAccounting | None) -> Plan:
    from .live_change import plan_live_change, plan_start, with_guests_back, with_lost_guests

    desired, observed, compared = situation.desired, situation.observed, situation.compared
    host, restart = situation.host, situation.restart
    if observed.active:
        whole, allowed = with_lost_guests(observed, restart)
        change = plan_live_change(replace(situation, observed=whole, restart=allowed), accounting)
        change = with_guests_back(change, desired, observed, restart)
    else:
        change = plan_start(desired, observed, compared.persistent_goal, restart)
    steps = (*_definition_steps(desired, observed, compared, host, change.pending), *change.steps)
    pending = change.pending
    if compared.left and not any(step.action == START for step in change.steps):
        pending = tuple(sorted({*change.pending, *compared.left}))
    if not steps and not pending:
        return Plan(desired.name, needs_port_info=change.needs_port_info and observed.plugged is None)
    from .diff_sides import diff_sides
    from .duration import seconds

    before, after = diff_sides(desired, observed, compared, pending)
    return Plan(
        desired.name,
        steps,
        before,
        after,
        pending=pending,
        plugged=change.plugged,
        blocked_by_guests=change.blocked_by_guests,
        warnings=_warnings(situation, change, pending),
        seconds=seconds(steps),
        needs_port_info=change.needs_port_info and observed.plugged is None,
        needs_bypass_info=change.needs_bypass_info and observed.plugged is not None,
        seamless=restart == SEAMLESS,
    )


def _is_settled(desired: Desired, observed: Observed) -> bool:
    """Whether it runs and starts as desired, and nothing of it is broken."""
    state_fits = observed.active == (desired.state == ACTIVE) and desired.autostart in (None, observed.autostart)
    return state_fits and observed.is_whole


def _absent(desired: Desired, observed: Observed, restart: str) -> Plan:
    plugged = observed.plugged or ()
    steps: list[Step] = []
    if observed.active:
        from .in_use import refuse_if_in_use
        from .live_change import stop

        refuse_if_in_use(desired, plugged, restart, ())
        steps.append(stop(desired.name, plugged))
    if observed.persistent is not None:
        steps.append(Step(UNDEFINE, desired.name, f"remove network '{desired.name}'"))
    before, after = ({"state": observed.state}, {"state": ABSENT}) if steps else ({}, {})
    asks = observed.active and observed.plugged is None
    return Plan(desired.name, tuple(steps), before, after, plugged=plugged, needs_port_info=asks)


def _definition_steps(
    desired: Desired, observed: Observed, compared: Comparison, host: Host, pending: tuple[str, ...]
) -> list[Step]:
    steps = []
    if compared.define:
        verb = "define" if observed.persistent is None else "redefine"
        steps.append(
            Step(
                DEFINE,
                desired.name,
                f"{verb} network '{desired.name}'",
                NEXT_START if pending else NONE,
                xml=write_network(compared.wanted),
                validate=host.version > MODELLED and EXTRA in compared.wanted,
            )
        )
    if desired.autostart is not None and desired.autostart != observed.autostart:
        verb = "enable" if desired.autostart else "disable"
        steps.append(
            Step(AUTOSTART, desired.name, f"{verb} autostart of network '{desired.name}'", value=desired.autostart)
        )
    return steps


def _started_too(situation: ChangeContext, change: LiveChange) -> list[str]:
    """Options that the task does not declare and that a restart changes in the running network."""
    desired, observed = situation.desired, situation.observed
    if desired.exact or not observed.active or not any(step.action == START for step in change.steps):
        return []
    from .._model.drift import drift

    return [option for option in drift(observed) if option not in desired.declared]


def _warnings(situation: ChangeContext, change: LiveChange, pending: tuple[str, ...]) -> tuple[str, ...]:
    desired, observed, compared = situation.desired, situation.observed, situation.compared
    warnings = []
    if compared.define:
        from .rules.dead import find_dead_options

        warnings += [f"Network '{desired.name}': {sentence}" for sentence in find_dead_options(compared.wanted)]
    if change.blocked_by_guests:
        guests = first_few(change.blocked_by_guests)
        warnings.append(
            f"The new {', '.join(change.pending)} of network '{desired.name}' cannot reach running guests; restart the "
            f"network after {guests} {'has' if len(change.blocked_by_guests) == 1 else 'have'} been stopped or "
            "migrated away."
        )
    elif pending:
        new = [option for option in pending if option not in ("dnsmasq", "bridge_link")]
        missing = [f"its new {', '.join(new)}"] if new else []
        if "bridge_link" in pending:
            missing.append("a working bridge")
        if "dnsmasq" in pending:
            missing.append("dnsmasq (DHCP and DNS)")
        warnings.append(f"Network '{desired.name}' runs without {' and '.join(missing)} until its next start.")
    warnings += change.warnings
    waiting = _started_too(situation, change)
    if waiting:
        warnings.append(
            f"The restart of network '{desired.name}' also applies earlier changes to its definition: "
            f"{', '.join(waiting)}."
        )
    if change.stops and situation.host.remote and is_virtual(observed.live or {}):
        warnings.append(
            f"Devices in the bridge of network '{desired.name}' that are not libvirt ports are not visible over a "
            "remote URI; stopping the network cuts them off."
        )
    return tuple(warnings)
