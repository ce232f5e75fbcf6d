# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done -> the steps that put a network back as it was observed."""

from __future__ import annotations

from .._model.observed import Observed
from .step import AUTOSTART, CREATE, DEFINE, DESCRIBE, DESTROY, START, UNDEFINE, UPDATE, Step


def rollback(observed: Observed, done: list[Step]) -> list[Step]:
    """The definition goes back first, since a start takes it; then what runs, latest first.

    done: the steps of one network's plan that were carried out, in order.
    """
    name = observed.name
    actions = [step.action for step in done]
    steps: list[Step] = []
    if (DEFINE in actions or UNDEFINE in actions) and observed.persistent is not None:
        steps.append(Step(DEFINE, name, f"Put the definition of network '{name}' back.", xml=observed.persistent_xml))
        if UNDEFINE in actions and observed.autostart:
            steps.append(Step(AUTOSTART, name, f"Let network '{name}' start at boot again.", value=True))
    if AUTOSTART in actions and observed.persistent is not None:
        steps.append(Step(AUTOSTART, name, f"Put autostart of network '{name}' back.", value=observed.autostart))
    steps += [step.inverse for step in reversed(done) if step.action in (UPDATE, DESCRIBE) and step.inverse]
    stopped, started = DESTROY in actions, START in actions
    if started:
        steps.append(Step(DESTROY, name, f"Stop network '{name}' again."))
    removes = DEFINE in actions and observed.persistent is None
    if removes:
        steps.append(Step(UNDEFINE, name, f"Remove the new definition of network '{name}'."))
    if stopped and observed.persistent is not None:
        steps.append(Step(START, name, f"Start network '{name}' again."))
    elif stopped:
        steps.append(Step(CREATE, name, f"Start transient network '{name}' again.", xml=observed.live_xml))
    return steps
