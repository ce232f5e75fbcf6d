# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of each host of a rollout: a table in which hosts with the same state share one line, and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from .._model.few import few
from .host_lines import WIDTH, fold_host_names, natural

NEW, OLD, UNKNOWN = "new", "old", "unknown"
STATES = (NEW, OLD, UNKNOWN)
# While a host is being changed; a run that ends then does not know what the host has.
BEGUN = "begun"
# The facts about a guest on old settings.
_GUEST = ("guest", "mac", "differs", "reason", "takes_effect")


def rollout(outcomes: Mapping[str, Mapping[str, Any]], check_mode: bool) -> dict[str, Any]:
    """outcomes: what the role recorded for each host, empty for a host that it did not reach."""
    hosts = {str(name): _outcome(outcomes[name]) for name in sorted(outcomes, key=lambda name: natural(str(name)))}
    result: dict[str, Any] = {state: [name for name in hosts if hosts[name]["state"] == state] for state in STATES}
    lines = [_heading(result, len(hosts), check_mode), *_table(hosts, check_mode)]
    return {**result, "check_mode": check_mode, "hosts": hosts, "lines": lines}


def _outcome(recorded: Mapping[str, Any]) -> dict[str, Any]:
    state = recorded.get("state", OLD)
    if state in STATES:
        reason = str(recorded.get("reason") or ("" if recorded else "The rollout did not reach this host."))
    else:
        state, reason = UNKNOWN, "The rollout ended while this host was being changed."
    networks = recorded.get("networks")
    return {
        "state": state,
        "failed": bool(recorded.get("failed")),
        "networks": [str(network) for network in networks] if isinstance(networks, (list, tuple)) else [],
        "code": str(recorded["code"]) if recorded.get("code") else None,
        "reason": reason,
        "guests": list(_guests(recorded.get("guests"))),
    }


def _guests(recorded: Any) -> Iterator[dict[str, Any]]:
    """recorded: of each network, guests_on_old_settings as the modules return it."""
    for network, found in recorded.items() if isinstance(recorded, Mapping) else ():
        for one in found if isinstance(found, (list, tuple)) else ():
            if isinstance(one, Mapping):
                yield {"network": str(network), **{key: _told(one.get(key)) for key in _GUEST}}


def _told(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)


def _heading(result: Mapping[str, Any], number: int, check_mode: bool) -> str:
    counts = ", ".join(f"{state} {len(result[state])}" for state in STATES)
    return f"{'Check mode, nothing was changed. ' if check_mode else ''}Hosts: {number}; {counts}."


def _table(hosts: Mapping[str, Mapping[str, Any]], check_mode: bool) -> list[str]:
    alike: dict[tuple[int, str], list[str]] = {}
    for name, outcome in hosts.items():
        alike.setdefault((STATES.index(outcome["state"]), _text(outcome, check_mode)), []).append(name)
    lines = []
    # Hosts that are well first; the exceptions stay next to the end of the output.
    for (rank, text), names in sorted(alike.items(), key=lambda item: (item[0][0], natural(item[1][0]))):
        lines += wrap(f"{STATES[rank]:<9}{fold_host_names(names)}", WIDTH, subsequent_indent=" " * 11)
        lines += wrap(text, WIDTH, initial_indent=" " * 11, subsequent_indent=" " * 11)
    return lines


def _text(outcome: Mapping[str, Any], check_mode: bool) -> str:
    """What was changed, and how many guests wait. The data says which, and why."""
    names = {str(one["guest"]) for one in outcome["guests"]}
    if not names:
        return _changes(outcome, check_mode)
    guests = "1 guest keeps" if len(names) == 1 else f"{len(names)} guests keep"
    return f"{_changes(outcome, check_mode)}; {guests} old settings until the next migration or start"


def _changes(outcome: Mapping[str, Any], check_mode: bool) -> str:
    if outcome["reason"]:
        return f"{outcome['code']}: {outcome['reason']}" if outcome["code"] else str(outcome["reason"])
    if outcome["networks"]:
        return f"{'would change' if check_mode else 'changed'}: {few(outcome['networks'])}"
    return "nothing to change" if outcome["state"] == NEW else "unchanged"
