# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done -> the steps that put a network back as it was observed."""

from __future__ import annotations

from .._model.canonical import canonical
from .._model.network import NETWORK
from .._model.observed import Observed
from .._xml.network import write_network
from .replug import put_back
from .step import (
    AUTOSTART,
    CREATE,
    DEFINE,
    DESCRIBE,
    DESTROY,
    RECLAIM,
    RELEASE,
    RESTART,
    START,
    UNDEFINE,
    UPDATE,
    Step,
)


def rollback(observed: Observed, done: list[Step]) -> list[Step]:
    """The definition goes back first, since a start takes it; then what runs, latest first; last the ports.

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
    cut_off = next((step.ports for step in done if step.action == DESTROY and step.disruption == RESTART), ())
    aside = next((step.ports for step in done if step.action == RELEASE), ())
    back = next((step.ports for step in done if step.action == RECLAIM), ())
    if back and not cut_off:
        steps.append(Step(RELEASE, name, f"Set the ports of network '{name}' aside again.", ports=back))
    steps += [step.inverse for step in reversed(done) if step.action in (UPDATE, DESCRIBE) and step.inverse]
    stopped, started = DESTROY in actions, START in actions
    if started:
        steps.append(Step(DESTROY, name, f"Stop network '{name}' again."))
    removes = DEFINE in actions and observed.persistent is None
    if removes:
        steps.append(Step(UNDEFINE, name, f"Remove the new definition of network '{name}'."))
    if stopped and observed.persistent is not None:
        steps += started_again(observed)
    elif stopped:
        steps.append(Step(CREATE, name, f"Start transient network '{name}' again.", xml=observed.live_xml))
    if stopped and cut_off:
        steps += put_back(name, observed.live or {}, cut_off)
    elif aside:
        steps.append(Step(RECLAIM, name, f"Put the ports of network '{name}' back.", ports=aside))
    return steps


def started_again(observed: Observed) -> list[Step]:
    """A network that ran, from its definition as it was: a start takes the persistent one, so one that ran with
    another gets that for the moment."""
    name = observed.name
    start = Step(START, name, f"Start network '{name}' again.")
    live, persistent = (canonical(NETWORK, document or {}) for document in (observed.live, observed.persistent))
    if live == persistent:
        return [start]
    ran_with = write_network({"name": name, **live})
    return [
        Step(DEFINE, name, f"Define network '{name}' as it ran.", xml=ran_with),
        start,
        Step(DEFINE, name, f"Put the definition of network '{name}' back.", xml=observed.persistent_xml),
    ]
