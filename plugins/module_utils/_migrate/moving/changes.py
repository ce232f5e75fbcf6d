# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes for a guest's network at the destination that a plan chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Optional

from ..._model.errors import VirtfleetError
from ..destination_facts import read_destination
from ..finding import OK
from ..guest_facts import load_guests
from ..verdicts import Judgement, sort_findings
from .recheck import find_described
from .steps import PlanStep, Results

# Host -> what virt_guest_info, or virt_network_info, returned there.


def with_changes(
    steps: Sequence[PlanStep], found: Results, facts: Results, policy: Optional[Mapping[str, str]]
) -> tuple[PlanStep, ...]:
    """The steps with the sentences of the check's findings about each guest alone."""
    judgements: dict[str, Judgement] = {}
    for host in {step.destination for step in steps}:
        try:
            judgements[host] = Judgement(read_destination(facts.get(host)))
        except VirtfleetError:
            continue  # the check before the step reports it
    return tuple(_with_changes(step, found, judgements.get(step.destination), policy or {}) for step in steps)


def _with_changes(
    step: PlanStep, found: Results, judgement: Optional[Judgement], policy: Mapping[str, str]
) -> PlanStep:
    described = next((guest for guest in (find_described(found[host], step) for host in sorted(found)) if guest), None)
    if described is None or judgement is None:
        return step
    (guest,) = load_guests([described])
    rated = sort_findings(judgement.judge(guest), policy)
    return replace(step, changes=tuple(item.sentence(step.destination) for item, severity in rated if severity != OK))
