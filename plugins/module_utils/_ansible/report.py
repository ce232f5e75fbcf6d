# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and networks as module results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .._model.desired import ABSENT
from .._model.plugged import DEVICE, GUEST, Plugged
from .._plan.step import Plan, concerned

if TYPE_CHECKING:
    from .._plan.gaps import Gap


Listed = Optional[list[dict[str, Any]]]


def plan_result(
    plan: Plan, gaps: Optional[dict[str, Gap]] = None, old: Optional[dict[str, Listed]] = None
) -> dict[str, Any]:
    """The result for one network. gaps: how long each tap was cut off; None when nothing was put back. old: guests on
    old settings by network, where they were looked for."""
    on_old = {"guests_on_old_settings": old[plan.network]} if old and plan.network in old else {}
    return {
        "name": plan.network,
        "changed": plan.changed,
        "effect": _effect(plan),
        "steps": [step.as_dict() for step in plan.steps],
        "pending": list(plan.pending),
        "outstanding": list(plan.outstanding),
        "estimated_seconds": plan.seconds,
        "plugged": [item.as_dict() for item in plan.plugged],
        "blocked_by_guests": [item.as_dict() for item in plan.blocked_by_guests],
        "expected_gaps": _expected_gaps(plan),
        "replugged": [] if gaps is None else [_replugged(item, gaps) for item in plan.plugged],
        **on_old,
    }


def _effect(plan: Plan) -> str:
    if not plan.changed:
        return "none"
    if plan.before.get("state") == ABSENT:
        return "created"
    return "removed" if plan.after.get("state") == ABSENT else "changed"


def _expected_gaps(plan: Plan) -> dict[str, Any]:
    if not plan.changed:
        return {}
    from .._plan.gaps import expected_gaps

    return expected_gaps(plan)


def _replugged(port: Plugged, gaps: dict[str, Gap]) -> dict[str, Any]:
    """A NIC that was not out of any bridge had no gap."""
    host, guests = gaps.get(port.tap.name, (0.0, 0.0)) if port.tap else (0.0, 0.0)
    return {**concerned(port), "gap_ms": host, "guests_gap_ms": guests}


def confirm_result(confirm: Optional[dict[str, Any]]) -> dict[str, Any]:
    return {} if confirm is None else {"confirm": confirm}


def plan_diff(plan: Plan) -> dict[str, str]:
    """What was declared, before and after, for --diff."""
    from .._plan.yaml_text import to_yaml

    return {
        "before": to_yaml(plan.before),
        "after": to_yaml(plan.after) + "".join(f"# {line}\n" for line in _who_notices(plan)),
        "before_header": f"network {plan.network}",
        "after_header": f"network {plan.network}",
        # For programs, such as the callback of this collection.
        "network": plan.network,
        "effect": _effect(plan),
    }


def _who_notices(plan: Plan) -> list[str]:
    """Which guests a change affects, and how."""
    if not plan.changed:
        return []
    from .._plan.bypass import has_bypass
    from .._plan.replug import is_replug

    how = "is disconnected briefly" if is_replug(plan) else "is cut off"
    if has_bypass(plan):
        how = "is disconnected from the host briefly, and stays connected to everything else that is plugged in"
    lines = [f"{_seat(port)} {how}" for port in plan.plugged]
    if plan.blocked_by_guests:
        lines.append(f"{', '.join(plan.pending)}: after stopping {', '.join(map(_seat, plan.blocked_by_guests))}")
    elif plan.pending:
        lines.append(f"{', '.join(plan.pending)}: at the network's next start")
    return lines


def _seat(port: Plugged) -> str:
    tap = port.tap.name if port.tap and port.kind == GUEST else None
    group = f"portgroup {port.portgroup}" if port.portgroup else None
    return f"{'device ' if port.kind == DEVICE else ''}{port.name} ({', '.join(filter(None, (port.mac, tap, group)))})"
