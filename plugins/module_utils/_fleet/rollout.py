# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of each host of a rollout: a table in which hosts with the same state share one line, and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .changes import change_lines, changes
from .lines import alike, entry, fold_names, natural

NEW, OLD, UNKNOWN = "new", "old", "unknown"
STATES = (NEW, OLD, UNKNOWN)
# While a host is being changed; a run that ends then does not know what the host has.
BEGUN = "begun"


def rollout(outcomes: Mapping[str, Mapping[str, Any]], check_mode: bool) -> dict[str, Any]:
    """outcomes: what the role recorded for each host, empty for a host that it did not reach."""
    hosts = {str(name): _outcome(outcomes[name]) for name in sorted(outcomes, key=lambda name: natural(str(name)))}
    result: dict[str, Any] = {state: [name for name in hosts if hosts[name]["state"] == state] for state in STATES}
    lines = [_heading(result, len(hosts), check_mode), *_table(hosts)]
    return {**result, "check_mode": check_mode, "hosts": hosts, "lines": lines}


def _outcome(recorded: Mapping[str, Any]) -> dict[str, Any]:
    state = recorded.get("state", OLD)
    if state in STATES:
        reason = str(recorded.get("reason") or ("" if recorded else "The rollout did not reach this host."))
    else:
        state, reason = UNKNOWN, "The rollout ended while this host was being changed."
    pools = [{**one, "network": _pool_of(one)} for one in _list(recorded.get("pools")) if isinstance(one, Mapping)]
    made = changes(_list(recorded.get("networks")), pools)
    return {
        "state": state,
        "failed": bool(recorded.get("failed")),
        "networks": [change["network"] for change in made],
        "changes": made,
        "code": str(recorded["code"]) if recorded.get("code") else None,
        "reason": reason,
    }


def _heading(result: Mapping[str, Any], number: int, check_mode: bool) -> str:
    counts = ", ".join(f"{state} {len(result[state])}" for state in STATES)
    return f"{'Check mode, nothing was changed. ' if check_mode else ''}Hosts: {number}; {counts}."


def _pool_of(result: Mapping[str, Any]) -> Any:
    """The network whose pool was filled: the item of the role's loop."""
    item = result.get("networks_pool")
    return item.get("name") if isinstance(item, Mapping) else None


def _list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else ()


def _table(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    groups = alike(((STATES.index(outcome["state"]), _texts(outcome)), name) for name, outcome in hosts.items())
    lines = []
    # Hosts that are well first; the exceptions stay next to the end of the output.
    for (rank, texts), names in sorted(groups, key=lambda group: (group[0][0], natural(group[1][0]))):
        lines += entry(STATES[rank], fold_names(names), *texts)
    return lines


def _texts(outcome: Mapping[str, Any]) -> tuple[str, ...]:
    if outcome["reason"]:
        return (f"{outcome['code']}: {outcome['reason']}" if outcome["code"] else str(outcome["reason"]),)
    return tuple(change_lines(outcome["changes"])) or ("nothing to change" if outcome["state"] == NEW else "unchanged",)
