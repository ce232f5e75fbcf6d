# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and networks as module results."""

from __future__ import annotations

from typing import Any

from .._model.field import EXTRA, Document
from .._model.mark import foreign
from .._model.network import NETWORK
from .._model.observed import Observed
from .._plan.step import Plan
from .._plan.yaml_text import to_yaml


def plan_result(plan: Plan) -> dict[str, Any]:
    """What is said of one network that was worked on."""
    return {
        "name": plan.network,
        "changed": plan.changed,
        "steps": [step.as_dict() for step in plan.steps],
        "pending": list(plan.pending),
        "plugged": [item.as_dict() for item in plan.plugged],
    }


def plan_diff(plan: Plan) -> dict[str, str]:
    """What was declared, before and after, for --diff."""
    return {
        "before": to_yaml(plan.before),
        "after": to_yaml(plan.after),
        "before_header": f"network {plan.network}",
        "after_header": f"network {plan.network}",
    }


def network_options(observed: Observed) -> Document:
    """A network as virt_networks takes it: its persistent definition (a transient one's live), state, autostart."""
    document = observed.persistent if observed.persistent is not None else observed.live or {}
    options = definition_options(document)
    return {"name": observed.name, **options, "state": observed.state, "autostart": observed.autostart}


def definition_options(document: Document) -> Document:
    """A document without what is no option: live state, what the model does not know, our own metadata."""
    options = _options(NETWORK, document)
    options.pop("name", None)
    metadata = foreign(document)
    options.pop("metadata", None)
    if metadata:
        options["metadata"] = metadata
    return options


def _options(entity: Any, document: Document) -> Document:
    result: Document = {}
    for name, value in document.items():
        if name == EXTRA or entity.fields[name].volatile:
            continue
        nested = entity.fields[name].entity
        if nested is None:
            result[name] = value
        elif isinstance(value, list):
            result[name] = [_options(nested, item) for item in value]
        else:
            result[name] = _options(nested, value)
    return result
