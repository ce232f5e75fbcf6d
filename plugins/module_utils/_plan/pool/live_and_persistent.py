# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chosen pool -> the network as desired, live and persistent members apart: a task changes the members that it
selects, and leaves alone what else is pending."""

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
    """document: the definition that the change is made to; limits: the max_guests that it has.

    Raises VirtfleetError NETWORK_TRANSIENT.
    """
    if observed.persistent is None and any(limits.get(name) != limit for name, limit in choice.limits.items()):
        raise refuse_transient(request.network, "which libvirt would keep max_guests in")
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
    """What the running network has otherwise than its definition after the change, and takes over at its next start."""
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
            f"Network '{network}' loses members at its next start, as its definition does not have them: "
            f"{', '.join(only_live)}."
        )
    if only_defined:
        warnings.append(
            f"Network '{network}' gets members at its next start that only its definition has: "
            f"{', '.join(only_defined)}."
        )
    return warnings
