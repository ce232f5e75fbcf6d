# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions that are rejected before anything is changed, including those that libvirt's live update would accept."""

from __future__ import annotations

from .._model.desired import Desired
from .._model.errors import VirtfleetError, refuse
from .._model.field import Document
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .comparison import Comparison
from .rules.addresses import find_overlaps
from .rules.check import check_definition
from .rules.names import check_network_name


def refuse_unmakeable(desired: Desired) -> None:
    """A network that is not there yet. Raises VirtfleetError NAME_INVALID or NETWORK_MISSING."""
    problem = check_network_name(desired.name)
    if problem:
        raise refuse([problem])
    if not desired.declared and not desired.exact:
        raise VirtfleetError(
            "NETWORK_MISSING",
            f"Network '{desired.name}' does not exist on this host, and the task gives no definition; for an isolated "
            "network without options, give forward: {}.",
        )


def refuse_wrong(desired: Desired, compared: Comparison, host: Host, others: dict[str, Document]) -> None:
    """others: definitions of the host's other networks. Raises VirtfleetError with the codes of the rules."""
    name = compared.wanted["name"]
    problems = check_definition(compared.wanted, host)
    for problem in problems:
        option = problem.path.option
        declared = desired.exact or option in desired.declared
        if problem.removable and option in NETWORK.fields and not declared:
            problem.removed_by = NETWORK.fields[option].empty
    if (compared.persistent or {}).get("ips") != compared.goal.get("ips"):
        problems += find_overlaps(name, compared.wanted, others)
    if problems:
        raise refuse(problems, network=name)


def takes_portgroups(observed: Observed, compared: Comparison, host: Host) -> bool:
    """Whether the network as it runs takes the new portgroups: it may run as another kind than it is defined as, and
    libvirt's update would accept them all the same."""
    live = observed.live or {}
    then = {**live, "portgroups": (compared.live_goal or {}).get("portgroups", [])}
    known = {problem.identity for problem in check_definition(live, host)}
    return all(problem.identity in known for problem in check_definition(then, host))
