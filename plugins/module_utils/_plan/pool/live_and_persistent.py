# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chosen pool -> the desired network, with separate live and persistent members: a task changes only the members
that it selects, and leaves other pending changes alone."""

from __future__ import annotations

from ..._model.desired import PRESENT, Desired
from ..._model.field import Document
from ..._model.forward import members_of, mode_of
from ..._model.observed import Observed
from ..._xml.mark import write_limits
from ..transient import refuse_transient
from .choice import Choice, forward_with
from .ranges import sort_names
from .request import Request


def desired_pool(
    request: Request, observed: Observed, document: Document, choice: Choice, limits: dict[str, int]
) -> Desired:
    """document: the definition to change; limits: its max_guests.

    Raises VirtfleetError NETWORK_TRANSIENT.
    """
    if observed.persistent is None and any(limits.get(name) != limit for name, limit in choice.limits.items()):
        raise refuse_transient(request.network, "which max_guests needs")
    own = None if choice.limits == limits else write_limits(document, choice.limits)
    if set(choice.members) == set(members_of(document)) and not request.names_some:
        return Desired(request.network, state=PRESENT, own=own)
    forward = forward_with(document, choice.members)
    live = None
    if choice.running is not None and observed.persistent is not None:
        runs = forward_with(observed.live or {}, choice.running)
        live = None if runs == forward else {"forward": runs}
    return Desired(request.network, state=PRESENT, declared={"forward": forward}, live=live, own=own)


def warnings_about_difference(network: str, observed: Observed, choice: Choice) -> list[str]:
    """Differences between the running network and its definition that the change leaves until the next start."""
    if observed.live is None or observed.persistent is None:
        return []
    warnings = []
    runs, defined = mode_of(observed.live), mode_of(observed.persistent)
    if runs != defined:
        warnings.append(
            f"Network '{network}' runs with forward mode {runs or 'none'}; its definition has {defined}, which takes "
            "effect at its next start."
        )
    if choice.running is None:
        return warnings
    only_live = sort_names(set(choice.running) - set(choice.members))
    only_defined = sort_names(set(choice.members) - set(choice.running))
    if only_live:
        warnings.append(
            f"Network '{network}' loses members at its next start, because its definition does not have them: "
            f"{', '.join(only_live)}."
        )
    if only_defined:
        warnings.append(
            f"Network '{network}' gets members at its next start that only its definition has: "
            f"{', '.join(only_defined)}."
        )
    return warnings
