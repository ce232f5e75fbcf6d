# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of each host of a rollout: a table in which hosts with the same state share one line, and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .changes import change_lines, changes
from .lines import alike, count, entry, fold_names, natural_order
from .user_values import as_list, is_list

NEW, OLD, UNKNOWN = "new", "old", "unknown"
STATES = (NEW, OLD, UNKNOWN)
# While a host is being changed; a run that ends then does not know what the host has.
BEGUN = "begun"
# The facts about a guest on old settings.
_GUEST = ("guest", "mac", "differs", "reason", "takes_effect")


def rollout(outcomes: Mapping[str, Mapping[str, Any]], check_mode: bool) -> dict[str, Any]:
    """outcomes: what the role recorded for each host, empty for a host that it did not reach."""
    hosts = {
        str(name): _outcome(outcomes[name]) for name in sorted(outcomes, key=lambda name: natural_order(str(name)))
    }
    result: dict[str, Any] = {state: [name for name in hosts if hosts[name]["state"] == state] for state in STATES}
    lines = [_heading(result, len(hosts), check_mode), *_table(hosts)]
    return {**result, "check_mode": check_mode, "hosts": hosts, "lines": lines}


def _outcome(recorded: Mapping[str, Any]) -> dict[str, Any]:
    state = recorded.get("state", OLD)
    if state in STATES:
        reason = str(recorded.get("reason") or ("" if recorded else "The rollout did not reach this host."))
    else:
        state, reason = UNKNOWN, "The rollout ended while this host was being changed."
    pools = [{**one, "network": _pool_of(one)} for one in as_list(recorded.get("pools")) if isinstance(one, Mapping)]
    made = changes(as_list(recorded.get("networks")), pools)
    return {
        "state": state,
        "failed": bool(recorded.get("failed")),
        "networks": [change["network"] for change in made],
        "changes": made,
        "code": str(recorded["code"]) if recorded.get("code") else None,
        "reason": reason,
        "guests_on_old_settings": list(_guests(recorded.get("guests_on_old_settings"))),
    }


def _guests(recorded: Any) -> Iterator[dict[str, Any]]:
    """recorded: of each network, guests_on_old_settings as the modules return it."""
    for network, found in recorded.items() if isinstance(recorded, Mapping) else ():
        for one in as_list(found):
            if isinstance(one, Mapping):
                yield {"network": str(network), **{key: _told(one.get(key)) for key in _GUEST}}


def _told(value: Any) -> Any:
    return [str(item) for item in value] if is_list(value) else str(value)


def _heading(result: Mapping[str, Any], number: int, check_mode: bool) -> str:
    counts = ", ".join(f"{state} {len(result[state])}" for state in STATES)
    return f"{'Check mode, nothing was changed. ' if check_mode else ''}Hosts: {number}; {counts}."


def _pool_of(result: Mapping[str, Any]) -> Any:
    """The network whose pool was filled: the item of the role's loop."""
    item = result.get("networks_pool")
    return item.get("name") if isinstance(item, Mapping) else None


def _table(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    groups = alike(((STATES.index(outcome["state"]), _texts(outcome)), name) for name, outcome in hosts.items())
    lines = []
    # Hosts that are well first; the exceptions stay next to the end of the output.
    for (rank, texts), names in sorted(groups, key=lambda group: (group[0][0], natural_order(group[1][0]))):
        lines += entry(STATES[rank], fold_names(names), *texts)
    return lines


def _texts(outcome: Mapping[str, Any]) -> tuple[str, ...]:
    """What was changed, and how many guests wait. The data says which, and why."""
    names = {str(one["guest"]) for one in outcome["guests_on_old_settings"]}
    waiting = f"{count(len(names), 'guest')} on old settings until the next migration or start"
    return (*_changes(outcome), waiting) if names else _changes(outcome)


def _changes(outcome: Mapping[str, Any]) -> tuple[str, ...]:
    if outcome["reason"]:
        return (f"{outcome['code']}: {outcome['reason']}" if outcome["code"] else str(outcome["reason"]),)
    return tuple(change_lines(outcome["changes"])) or ("nothing to change" if outcome["state"] == NEW else "unchanged",)
