# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired + observed -> a plan: the recipe of the collection.

What only a change needs is imported where it is needed: most runs change nothing, and Ansible sends modules in
a form that Python compiles anew every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._model.desired import ABSENT, ACTIVE, INACTIVE, NEVER, Desired
from .._model.errors import VirtfleetError, refuse
from .._model.field import EXTRA, Document
from .._model.forward import has_pool, is_virtual, mode_of
from .._model.host import MODELLED, Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._xml.network import write_network
from .comparison import Comparison, compare
from .in_use import refuse_if_in_use
from .shown import shown
from .step import (
    AUTOSTART,
    DEFINE,
    DESTROY,
    NEXT_START,
    NONE,
    POOL_SECTION,
    RESTART,
    START,
    UNDEFINE,
    Plan,
    Step,
)

if TYPE_CHECKING:
    from .books import Books


def plan_network(
    desired: Desired,
    observed: Observed,
    host: Host,
    restart: str,
    others: dict[str, Document] | None = None,
    books: Books | None = None,
) -> Plan:
    """What has to be done so that the network is as desired; nothing when it is.

    restart: idle, never or force. others: definitions of the host's other networks, for overlapping subnets.
    books: what else is to become of a pool's ports.
    Raises VirtfleetError for what is refused: codes of the rules, NETWORK_MISSING, UUID_DIFFERS, IN_USE.
    """
    if desired.state == ABSENT:
        return _absent(desired, observed, restart)
    if not observed.exists:
        _refuse_unmakeable(desired)
    compared = compare(desired, observed, host)
    if compared.define:
        _refuse_wrong(desired, compared, host, others or {})
    plugged = observed.plugged or ()
    updates, stuck = compared.updates, compared.stuck
    leaving: set[str] = set()
    moved = observed.active and desired.state != INACTIVE and bool(updates or stuck or books)
    pool = moved and (books is not None or has_pool(observed.live or {}))
    swap = False
    if pool:
        from .books import Books, held_members, leaving_members, only_members_differ

        books = books or Books()
        leaving = leaving_members(observed, compared)
        if held_members(plugged) & leaving and not books.drain:
            stuck, leaving = tuple(sorted({*stuck, "forward"})), set()
        else:
            by_restart = mode_of(observed.live or {}) == "hostdev" and books.due and not stuck
            swap = by_restart or (stuck == ("forward",) and restart != NEVER and only_members_differ(compared))
    if "portgroups" not in stuck and any(_option_of(step) == "portgroups" for step in updates):
        stuck = _with_portgroups_refused(stuck, observed, compared, host)
    if stuck:
        updates = tuple(step for step in updates if _option_of(step) not in stuck)
    stops = (bool(stuck) and restart != NEVER and not swap) or (observed.active and desired.state == INACTIVE)
    if stops:
        refuse_if_in_use(desired, plugged, restart, stuck)
        updates = ()
    pending = () if stops or swap else stuck
    steps = (
        *_definition_steps(desired, observed, compared, host, pending),
        *(_with_ports_aside(observed, updates, plugged, leaving, books, swap) if pool and not stops else updates),
        *_run_steps(desired, observed, stops, plugged),
    )
    before, after = shown(desired, observed, compared, pending) if steps or pending else ({}, {})
    return Plan(
        desired.name,
        steps,
        before,
        after,
        pending=pending,
        plugged=plugged if stops else (),
        warnings=_warnings(desired, observed, host, stops, pending),
        asks=(stops or swap or (pool and bool(updates))) and observed.plugged is None,
    )


def _absent(desired: Desired, observed: Observed, restart: str) -> Plan:
    plugged = observed.plugged or ()
    steps: list[Step] = []
    if observed.active:
        refuse_if_in_use(desired, plugged, restart, ())
        steps.append(_stop(desired.name, plugged))
    if observed.persistent is not None:
        steps.append(Step(UNDEFINE, desired.name, f"Remove network '{desired.name}'."))
    before, after = ({"state": observed.state}, {"state": ABSENT}) if steps else ({}, {})
    asks = observed.active and observed.plugged is None
    return Plan(desired.name, tuple(steps), before, after, plugged=plugged, asks=asks)


def _refuse_unmakeable(desired: Desired) -> None:
    from .rules.names import network_name

    problem = network_name(desired.name)
    if problem:
        raise refuse([problem])
    if not desired.declared:
        raise VirtfleetError(
            "NETWORK_MISSING",
            f"There is no network '{desired.name}' on this host, and no definition of it was given "
            "(an isolated network without anything is forward: {}).",
        )


def _refuse_wrong(desired: Desired, compared: Comparison, host: Host, others: dict[str, Document]) -> None:
    from .rules.addresses import overlaps
    from .rules.check import check

    name = compared.wanted["name"]
    problems = check(compared.wanted, host)
    for problem in problems:
        if problem.option in NETWORK.fields and problem.option not in desired.declared and not desired.exact:
            problem.sentence += f" The network has {problem.option} from before; give it empty to remove it."
    if (compared.persistent or {}).get("ips") != compared.goal.get("ips"):
        problems += overlaps(name, compared.wanted, others)
    if problems:
        raise refuse(problems, network=name)


def _with_portgroups_refused(
    stuck: tuple[str, ...], observed: Observed, compared: Comparison, host: Host
) -> tuple[str, ...]:
    """A network may run as another kind than it is defined as, and the running one not take the new portgroups:
    libvirt's update would accept them all the same."""
    from .rules.check import check

    live = observed.live or {}
    then = {**live, "portgroups": (compared.live_goal or {}).get("portgroups", [])}
    known = {problem.sentence for problem in check(live, host)}
    refused = any(problem.sentence not in known for problem in check(then, host))
    return tuple(sorted({*stuck, "portgroups"})) if refused else stuck


def _with_ports_aside(
    observed: Observed,
    updates: tuple[Step, ...],
    plugged: tuple[Plugged, ...],
    leaving: set[str],
    books: Books | None,
    swap: bool,
) -> tuple[Step, ...]:
    """An update makes libvirt forget which members of a pool are taken; ports that come back are counted again."""
    from .books import Books, member_update, restarted, sets_aside, updated

    books, live = books or Books(), observed.live or {}
    if swap:
        return restarted(observed.name, live, plugged, leaving, books)
    if not sets_aside(updates, books) or not (plugged or books.due or books.returning):
        return updates
    return updated(observed.name, live, updates, plugged, leaving, books, member_update)


def _option_of(step: Step) -> str:
    return {"portgroup": "portgroups", POOL_SECTION: "forward"}.get(step.section, step.section)


def _definition_steps(
    desired: Desired, observed: Observed, compared: Comparison, host: Host, pending: tuple[str, ...]
) -> list[Step]:
    steps = []
    if compared.define:
        verb = "Define" if observed.persistent is None else "Redefine"
        steps.append(
            Step(
                DEFINE,
                desired.name,
                f"{verb} network '{desired.name}'.",
                NEXT_START if pending else NONE,
                xml=write_network(compared.wanted),
                validate=host.version > MODELLED and EXTRA in compared.wanted,
            )
        )
    if desired.autostart is not None and desired.autostart != observed.autostart:
        how = "at boot" if desired.autostart else "not at boot"
        steps.append(
            Step(AUTOSTART, desired.name, f"Let network '{desired.name}' start {how}.", value=desired.autostart)
        )
    return steps


def _run_steps(desired: Desired, observed: Observed, stops: bool, plugged: tuple[Plugged, ...]) -> list[Step]:
    steps = []
    if stops:
        steps.append(_stop(desired.name, plugged))
    if (stops and desired.state != INACTIVE) or (desired.state == ACTIVE and not observed.active):
        steps.append(Step(START, desired.name, f"Start network '{desired.name}'."))
    return steps


def _stop(name: str, plugged: tuple[Plugged, ...]) -> Step:
    return Step(DESTROY, name, f"Stop network '{name}'.", RESTART if plugged else NONE)


def _warnings(
    desired: Desired, observed: Observed, host: Host, stops: bool, pending: tuple[str, ...]
) -> tuple[str, ...]:
    warnings = []
    if pending:
        warnings.append(f"Network '{desired.name}' runs on without its new {', '.join(pending)} until its next start.")
    if stops and host.remote and is_virtual(observed.live or {}):
        warnings.append(
            f"Devices in the bridge of network '{desired.name}' that are no libvirt ports cannot be seen over a "
            "remote URI; a restart cuts them off."
        )
    return tuple(warnings)
