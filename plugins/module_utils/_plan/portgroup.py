# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One portgroup of a network -> the network as desired, live and persistent portgroups apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .._model.canonical import canonical
from .._model.desired import ABSENT, PRESENT, Desired, declaration
from .._model.errors import VirtfleetError, refuse
from .._model.field import EXTRA, Document
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.portgroup import PORTGROUP, REFUSE
from .step import Plan
from .transient import keep_transient


@dataclass(frozen=True)
class DesiredPortgroup:
    """options: of the portgroup, as given; what is left out is left alone, what is empty goes; in_use: what becomes of
    the removal of a portgroup that guests use, REFUSE or ALLOW."""

    network: str
    name: str
    state: str = PRESENT
    options: Document = field(default_factory=dict)
    in_use: str = REFUSE


def desired_portgroup(wish: DesiredPortgroup, observed: Observed) -> Desired:
    """The network with this portgroup as wished, and all others as they are: in the running network as they run, in
    the persistent one as they are defined.

    Raises VirtfleetError NETWORK_MISSING, PORTGROUP_INVALID or a code of the rules.
    """
    if not observed.exists:
        raise VirtfleetError(
            "NETWORK_MISSING",
            f"Network {wish.network!a} does not exist on this host; create it before portgroup {wish.name!a}.",
            network=wish.network,
        )
    if not wish.name:
        raise VirtfleetError("PORTGROUP_INVALID", "The name of the portgroup is empty.")
    persistent, live = _groups(observed.persistent), _groups(observed.live)
    base = live if persistent is None else persistent
    wanted = _with(wish, base or [], live or [])
    running = None if live is None else _with(wish, live, base or [])
    if wish.state != ABSENT:
        _refuse_unpluggable(wish, observed, wanted)
    return Desired(
        wish.network,
        state=PRESENT,
        declared=declaration({"portgroups": wanted}),
        live=None if running is None or running == wanted else {"portgroups": running},
    )


def of_portgroup(plan: Plan, wish: DesiredPortgroup, observed: Observed, desired: Desired) -> Plan:
    """The plan for a network, made one for a portgroup: a transient network stays one, and the diff shows no more than
    the portgroups that change. Raises VirtfleetError NETWORK_TRANSIENT."""
    plan = keep_transient(plan, observed)
    if not plan.steps and not plan.pending:
        return replace(plan, before={}, after={})
    before, after = _shown(observed, desired, plan)
    return replace(plan, before=before, after=after)


def running_portgroups(observed: Observed, desired: Desired, plan: Plan) -> Document:
    """The running network's document as it will be after the plan, canonical."""
    live = dict(observed.live or {})
    if "portgroups" not in plan.pending:
        live["portgroups"] = _live_goal(desired)
    return canonical(NETWORK, live)


def has_portgroup(observed: Observed, name: str) -> bool:
    return any(_find(_groups(document) or [], name) for document in (observed.persistent, observed.live))


def is_default(observed: Observed, name: str) -> bool:
    """Whether guests that name no portgroup get this one, now or at their next start."""
    found = (_find(_groups(document) or [], name) for document in (observed.persistent, observed.live))
    return any(bool(group and group.get("default")) for group in found)


def _groups(document: Optional[Document]) -> Optional[list[Document]]:
    return None if document is None else list(document.get("portgroups") or ())


def _find(groups: list[Document], name: str) -> Optional[Document]:
    return next((group for group in groups if group.get("name") == name), None)


def _with(wish: DesiredPortgroup, groups: list[Document], others: list[Document]) -> list[Document]:
    """groups with the portgroup as wished. others: the same network's other ones (live for persistent, persistent
    for live), which say what is to be left alone in a portgroup that is missing here."""
    rest = [group for group in groups if group.get("name") != wish.name]
    if wish.state == ABSENT:
        return rest
    here = _find(groups, wish.name)
    base = here
    if base is None:
        base = dict(_find(others, wish.name) or {})
        if any(group.get("default") for group in rest):
            base.pop("default", None)
    made = _laid_over(base, wish)
    if made.get("default"):
        rest = [{key: value for key, value in group.items() if key != "default"} for group in rest]
    place = len(groups) if here is None else groups.index(here)
    return [*rest[:place], made, *rest[place:]]


def _laid_over(base: Document, wish: DesiredPortgroup) -> Document:
    made = {**base, "name": wish.name}
    for option, value in wish.options.items():
        value = _pruned(value)
        if value in ({}, [], "") or (option == "default" and not value):
            made.pop(option, None)
        else:
            made[option] = value
    return {key: made[key] for key in (*PORTGROUP.fields, EXTRA) if key in made}


def _pruned(value: Any) -> Any:
    """Without empty texts and mappings inside: libvirt keeps none."""
    if not isinstance(value, dict):
        return value
    inside = {key: _pruned(item) for key, item in value.items()}
    return {key: item for key, item in inside.items() if item not in ("", {})}


def _refuse_unpluggable(wish: DesiredPortgroup, observed: Observed, wanted: list[Document]) -> None:
    if not {"virtualport", "vlan"} & set(wish.options):
        return
    from .rules.pluggable import check_pluggable

    network = observed.persistent if observed.persistent is not None else observed.live or {}
    problems = list(check_pluggable(network, _find(wanted, wish.name) or {}))
    if problems:
        raise refuse(problems, network=wish.network, portgroup=wish.name)


def _live_goal(desired: Desired) -> list[Document]:
    source = desired.declared if desired.live is None else desired.live
    return list(source.get("portgroups") or ())


def _shown(observed: Observed, desired: Desired, plan: Plan) -> tuple[Document, Document]:
    """The running network keeps its portgroups if the change is pending."""
    goal = list(desired.declared.get("portgroups") or ())
    transient = observed.persistent is None
    sides = {} if transient else {"": (_groups(observed.persistent) or [], goal)}
    if observed.live is not None:
        live = _groups(observed.live) or []
        sides["live"] = (live, live if plan.pending else _live_goal(desired))
    plain = {side: (_plain(was), _plain(then)) for side, (was, then) in sides.items()}
    touched = [
        name
        for name in sorted({name for was, then in plain.values() for name in (*was, *then)})
        if any(was.get(name) != then.get(name) for was, then in plain.values())
    ]
    if plan.pending:
        new, now = _plain(goal), plain["live"][1]
        touched = sorted({*touched, *(name for name in {**new, **now} if new.get(name) != now.get(name))})
    shown = [
        {side: [groups[name] for name in touched if name in groups] for side, groups in zip(plain, column)}
        for column in zip(*plain.values())
    ]
    return _as_diff(shown[0], shown), _as_diff(shown[1], shown)


def _as_diff(column: dict[str, list[Document]], both: list[dict[str, list[Document]]]) -> Document:
    """The live portgroups are shown where they are not the persistent ones, before or after."""
    first = next(iter(column))
    result: Document = {"portgroups": column[first]}
    if any(side.get("live", side[first]) != side[first] for side in both):
        result["live"] = {"portgroups": column["live"]}
    return result


def _plain(groups: list[Document]) -> dict[str, Document]:
    found = canonical(NETWORK, {"portgroups": groups}).get("portgroups", [])
    return {str(group["name"]): group for group in found}
