# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired + observed -> a plan: the recipe of the collection.

What only a change needs is imported where it is needed: most runs change nothing, and Ansible sends modules in
a form that Python compiles anew every time.
"""

from __future__ import annotations

from .._model import address
from .._model.canonical import canonical
from .._model.desired import ABSENT, ACTIVE, FORCE, INACTIVE, NEVER, Desired
from .._model.errors import VirtfleetError, refuse
from .._model.field import EXTRA, Document
from .._model.forward import has_pool, is_virtual
from .._model.host import MODELLED, Host, Plugged
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .._xml.network import write_network
from .step import AUTOSTART, DEFINE, DESTROY, NEXT_START, NONE, RESTART, START, UNDEFINE, Plan, Step
from .target import target


def plan_network(
    desired: Desired, observed: Observed, host: Host, restart: str, others: dict[str, Document] | None = None
) -> Plan:
    """What has to be done so that the network is as desired; nothing when it is.

    restart: idle, never or force. others: definitions of the host's other networks, for overlapping subnets.
    Raises VirtfleetError for what is refused: codes of the rules, NETWORK_MISSING, UUID_DIFFERS, IN_USE.
    """
    if desired.state == ABSENT:
        return _absent(desired, observed, restart)
    if not observed.exists:
        _may_be_made(desired)
    wanted = target(desired, observed)
    if wanted == observed.persistent and wanted == observed.live:
        goal = persistent = live = {}  # nothing to compare: the common case, and a host has many networks
    else:
        goal = canonical(NETWORK, wanted)
        persistent = None if observed.persistent is None else canonical(NETWORK, observed.persistent)
        live = None if observed.live is None else canonical(NETWORK, observed.live)
    define = persistent is None or persistent != goal
    updates: list[Step] = []
    stuck: list[str] = []
    if live is not None and live != goal and desired.state != INACTIVE:
        order = [address.ip(str(ip.get("address", ""))) for ip in (observed.live or {}).get("ips", ())]
        from .live import live_updates

        updates, stuck = live_updates(desired.name, live, goal, order, host.version)
    if define:
        _refuse_wrong(wanted, goal, persistent, host, others or {})
    plugged = observed.plugged or ()
    asks = False
    if updates and has_pool(observed.live or {}):
        # An update makes libvirt forget which members of a pool are taken.
        asks = observed.plugged is None
        if plugged:
            stuck += sorted({_option_of(step) for step in updates})
            updates = []
    stops = (bool(stuck) and restart != NEVER) or (observed.active and desired.state == INACTIVE)
    pending = tuple(stuck) if not stops else ()
    if stops:
        asks = asks or observed.plugged is None
        updates = []
        _gate(desired, plugged, restart, _why(desired, stuck))
    steps = _definition_steps(desired, observed, wanted, host, define, pending)
    steps += updates
    steps += _run_steps(desired, observed, stops, plugged)
    before, after = _declared(desired, observed, persistent, live, goal, pending) if steps or pending else ({}, {})
    return Plan(
        desired.name,
        tuple(steps),
        before,
        after,
        pending=pending,
        plugged=plugged if stops else (),
        warnings=_warnings(desired, observed, host, stops, pending),
        asks=asks,
    )


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


def _may_be_made(desired: Desired) -> None:
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


def _refuse_wrong(
    wanted: Document, goal: Document, persistent: Document | None, host: Host, others: dict[str, Document]
) -> None:
    from .rules.addresses import overlaps
    from .rules.check import check

    problems = check(wanted, host)
    if persistent is None or persistent.get("ips") != goal.get("ips"):
        problems += overlaps(wanted["name"], wanted, others)
    if problems:
        raise refuse(problems, network=wanted["name"])


def _option_of(step: Step) -> str:
    return {"portgroup": "portgroups", "forward-interface": "forward"}.get(step.section, step.section)


def _why(desired: Desired, stuck: list[str]) -> str:
    if desired.state in (ABSENT, INACTIVE):
        return f"would have to be stopped for state {desired.state}"
    return f"would have to be restarted to change {', '.join(stuck)}"


def _gate(desired: Desired, plugged: tuple[Plugged, ...], restart: str, why: str) -> None:
    """Whether what is plugged in may be cut off."""
    if not plugged or restart == FORCE:
        return
    users = ", ".join(str(item) for item in plugged)
    later = "" if desired.state in (ABSENT, INACTIVE) else "restart: never leaves it for the next start; "
    raise VirtfleetError(
        "IN_USE",
        f"Network '{desired.name}' {why}, which would cut off {users}; nothing was changed. "
        f"{later}restart: force cuts them off.",
        network=desired.name,
        plugged=[item.as_dict() for item in plugged],
    )


def _definition_steps(
    desired: Desired, observed: Observed, wanted: Document, host: Host, define: bool, pending: tuple[str, ...]
) -> list[Step]:
    steps = []
    if define:
        verb = "Define" if observed.persistent is None else "Redefine"
        steps.append(
            Step(
                DEFINE,
                desired.name,
                f"{verb} network '{desired.name}'.",
                NEXT_START if pending else NONE,
                xml=write_network(wanted),
                validate=host.version > MODELLED and EXTRA in wanted,
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
        steps.append(Step(DESTROY, desired.name, f"Stop network '{desired.name}'.", RESTART if plugged else NONE))
    starts = stops and desired.state != INACTIVE
    if starts or (desired.state == ACTIVE and not observed.active):
        steps.append(Step(START, desired.name, f"Start network '{desired.name}'."))
    return steps


def _absent(desired: Desired, observed: Observed, restart: str) -> Plan:
    steps = []
    plugged = observed.plugged or ()
    if observed.active:
        _gate(desired, plugged, restart, _why(desired, []))
        steps.append(Step(DESTROY, desired.name, f"Stop network '{desired.name}'.", RESTART if plugged else NONE))
    if observed.persistent is not None:
        steps.append(Step(UNDEFINE, desired.name, f"Remove network '{desired.name}'."))
    before = {"state": observed.state} if observed.exists else {"state": ABSENT}
    return Plan(
        desired.name,
        tuple(steps),
        before,
        {"state": ABSENT},
        plugged=plugged,
        asks=observed.active and observed.plugged is None,
    )


def _declared(
    desired: Desired,
    observed: Observed,
    persistent: Document | None,
    live: Document | None,
    goal: Document,
    pending: tuple[str, ...],
) -> tuple[Document, Document]:
    """The declared options before and after; where the live network differs, that too, under live."""
    now, then = persistent or {}, goal
    options = [
        name for name in NETWORK.fields if name in desired.declared or (desired.exact and name in {**now, **then})
    ]
    before: Document = {"state": observed.state}
    after: Document = {"state": {ACTIVE: ACTIVE, INACTIVE: INACTIVE}.get(desired.state, observed.state)}
    if desired.state not in (ACTIVE, INACTIVE) and not observed.exists:
        after["state"] = INACTIVE
    if desired.autostart is not None:
        before["autostart"], after["autostart"] = observed.autostart, desired.autostart
    if observed.exists:
        before.update({name: now[name] for name in options if name in now})
        if observed.persistent is None:
            before["persistent"], after["persistent"] = False, True
    after.update({name: then[name] for name in options if name in then})
    if live is not None and observed.persistent is not None and after["state"] == ACTIVE:
        drifted = [
            name
            for name in NETWORK.fields
            if name not in DESCRIPTIVE
            and live.get(name) != then.get(name)
            and (name in pending or live.get(name) != now.get(name))
        ]
        if drifted:
            before["live"] = {name: live.get(name) for name in drifted}
            after["live"] = {name: (live if name in pending else then).get(name) for name in drifted}
    return before, after
