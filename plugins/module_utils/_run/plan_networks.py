# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning all networks of a call before any of them is changed, with all their problems reported at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._host.networks import read_network, read_networks
from .._host.plugged import read_plugged, with_bridge_settings
from .._host.unplugged import read_unplugged
from .._model.desired import Desired
from .._model.errors import VirtfleetError
from .._model.first_few import first_few
from .._model.host import Host
from .._model.observed import Observed
from .._plan.plan import plan_network
from .._plan.step import DEFINE, DESTROY, START, UPDATE, Work

if TYPE_CHECKING:
    from .session import Session


def plan_all(opened: Session, wanted: list[Desired], everything: dict[str, Observed], restart: str) -> list[Work]:
    """The plan of each network, in the order of wanted. everything: the host's networks, empty when not read yet.

    Raises VirtfleetError with everything that is refused; nothing has been touched then.
    """
    refused: list[VirtfleetError] = []
    work: list[Work] = []
    conn, host, foreseen = opened.conn, opened.host, opened.foreseen
    seen = [
        foreseen.networks.get(desired.name) or everything.get(desired.name) or read_network(conn, desired.name)
        for desired in wanted
    ]
    # A recovery plugs everything in.
    read = [observed for observed in seen if observed.name not in foreseen.networks]
    lacking = {observed.name: observed for observed in with_loose_guests(conn, host, read)}
    for desired, found in zip(wanted, seen):
        observed = lacking.get(desired.name, found)
        with _collected(refused, desired, wanted):
            plan = plan_network(desired, observed, host, restart)
            if plan.needs_port_info:
                observed = replace(observed, plugged=read_plugged(conn, observed, host))
                plan = plan_network(desired, observed, host, restart)
            if any(step.action == DESTROY for step in plan.steps) and desired.name not in foreseen.networks:
                observed = with_bridge_settings(observed, host)
                plan = plan_network(desired, observed, host, restart)
            if plan.needs_bypass_info:
                from .bypass import look_for_obstacles

                observed = replace(observed, bypass=look_for_obstacles(observed))
                plan = plan_network(desired, observed, host, restart)
            work.append((plan, observed))
    _raise_all(refused)
    if not any(step.action in (DEFINE, START) for plan, _observed in work for step in plan.steps):
        return _against_host(wanted, work, opened)
    # What comes onto the host must get along with what else will be there.
    from .networks_after import Networks, networks_after, plan_among_networks

    there = everything or foreseen.over(read_networks(conn))
    networks = Networks(there, networks_after(work, there), foreseen.links)
    result: list[Work] = []
    for desired, (_plan, observed) in zip(wanted, work):
        with _collected(refused, desired, wanted):
            result.append((plan_among_networks(desired, observed, host, restart, networks), observed))
    _raise_all(refused)
    return _with_leases(_against_host(wanted, result, opened), host)


def with_loose_guests(conn: Any, host: Host, networks: list[Observed]) -> list[Observed]:
    """Those networks, with their guests whose taps are in no bridge: a plan depends on them."""
    lacking = read_unplugged(conn, host, networks)
    return [lacking.get(observed.name, observed) for observed in networks]


def _with_leases(work: list[Work], host: Host) -> list[Work]:
    if not any(step.action in (DEFINE, START) for plan, _observed in work for step in plan.steps):
        return work
    from .._plan.leases import left_behind, with_leases

    return left_behind(work) if host.remote else with_leases(work)


def _against_host(wanted: list[Desired], work: list[Work], opened: Session) -> list[Work]:
    if not any(step.action in (DEFINE, START, UPDATE) for plan, _observed in work for step in plan.steps):
        return work
    from .check_against_host import check_against_host, leaving_bridges

    host, leaving = opened.host, leaving_bridges(work) | opened.foreseen.links
    refused: list[VirtfleetError] = []
    result: list[Work] = []
    for desired, (plan, observed) in zip(wanted, work):
        with _collected(refused, desired, wanted):
            result.append((check_against_host(desired, plan, observed, host, leaving), observed))
    _raise_all(refused)
    return result


@contextmanager
def _collected(refused: list[VirtfleetError], desired: Desired, wanted: list[Desired]) -> Iterator[None]:
    """Continue after a refusal, so that the problems of all networks are reported at once, with the network's name."""
    try:
        yield
    except VirtfleetError as error:
        if "libvirt_code" in error.details:  # not the definition's fault
            raise
        if len(wanted) > 1 and not error.names_network:
            error = VirtfleetError(error.code, f"Network {desired.name!a}: {error.sentence}", **error.details)
        error.details.setdefault("network", desired.name)
        refused.append(error)


def _raise_all(refused: list[VirtfleetError]) -> None:
    if len(refused) == 1:
        raise refused[0]
    if refused:
        problems = [
            problem
            for error in refused
            for problem in error.details.get("problems")
            or [{"code": error.code, "path": "", "sentence": error.sentence}]
        ]
        names = first_few("'{}' ({})".format(error.details["network"], error.code) for error in refused)
        raise VirtfleetError(
            refused[0].code,
            f"{len(refused)} networks were rejected and nothing was changed: {names}; see refused for the reasons.",
            problems=problems,
            refused=[{"code": error.code, "sentence": error.sentence, **error.details} for error in refused],
        )
