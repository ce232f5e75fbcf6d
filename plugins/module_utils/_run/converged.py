# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when a network is not as it was to be after a change."""

from __future__ import annotations

from .._model.dnsmasq import STALE
from .._model.errors import VirtfleetError
from .._model.observed import Observed
from .._plan.step import Plan


def not_converged(what: str, rest: Plan) -> VirtfleetError:
    """what: "the definition of network 'red'"; rest: the plan of that second run."""
    return VirtfleetError(
        "NOT_CONVERGED",
        f"libvirt took {what} but shows it differently; a second run would "
        f"{', '.join(step.doing for step in rest.steps)} again.",
        before=rest.before,
        after=rest.after,
    )


def without_dnsmasq(seen: Observed) -> VirtfleetError:
    """seen: the network after the change."""
    what = "runs with other records than the network has" if seen.dnsmasq == STALE else "does not run"
    return VirtfleetError(
        "DNSMASQ_DEAD",
        f"dnsmasq of network '{seen.name}', which serves its DHCP and DNS, {what} after the change; the host's log "
        "says why (journalctl -t dnsmasq).",
        network=seen.name,
    )
