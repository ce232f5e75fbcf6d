# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors for a network that is not as desired after a change."""

from __future__ import annotations

from .._model.dnsmasq import STALE
from .._model.errors import VirtfleetError
from .._model.field import Value
from .._model.first_few import first_few
from .._model.observed import Observed
from .._plan.step import Plan


def not_converged(what: str, rest: Plan) -> VirtfleetError:
    """what: "the definition of network 'red'"; rest: the plan of that second run."""
    options = _options("", rest.before, rest.after)
    return VirtfleetError(
        "NOT_CONVERGED",
        f"libvirt accepted {what} but shows a different one" + (f": {first_few(options)} differs." if options else "."),
        options=options,
        before=rest.before,
        after=rest.after,
        again=[step.doing for step in rest.steps],
    )


def without_dnsmasq(seen: Observed) -> VirtfleetError:
    """seen: the network after the change."""
    what = "runs with DNS or DHCP records that differ from the network's" if seen.dnsmasq == STALE else "does not run"
    return VirtfleetError(
        "DNSMASQ_DEAD",
        f"dnsmasq, which serves DHCP and DNS of network '{seen.name}', {what} after the change; see the host's log "
        "(journalctl -t dnsmasq).",
        network=seen.name,
    )


def _options(path: str, before: Value, after: Value) -> list[str]:
    """The options that differ, by their names from the network on: ips.dhcp.ranges."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [path] if before != after else []
    found: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        found += _options(f"{path}.{name}" if path else name, before.get(name), after.get(name))
    return found
