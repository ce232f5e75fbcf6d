# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for a part of a network, such as its pool or a portgroup, which leave a transient network transient."""

from __future__ import annotations

from dataclasses import replace

from .._model.errors import VirtfleetError
from .._model.observed import Observed
from .step import DEFINE, DESTROY, Plan


def keep_transient(plan: Plan, observed: Observed) -> Plan:
    """The plan without a definition that the network did not have. Raises VirtfleetError NETWORK_TRANSIENT."""
    if observed.persistent is not None:
        return plan
    if plan.pending or any(step.action == DESTROY for step in plan.steps):
        raise refuse_transient(plan.network, "which the change needs, as libvirt can make it only at a start")
    return replace(plan, steps=tuple(step for step in plan.steps if step.action != DEFINE))


def refuse_transient(network: str, why: str) -> VirtfleetError:
    """why: what a persistent definition is needed for, as the end of a sentence."""
    return VirtfleetError(
        "NETWORK_TRANSIENT",
        f"Network '{network}' is transient: it has no persistent definition, {why}. Nothing was changed; make it "
        "persistent first with virt_network.",
        network=network,
    )
