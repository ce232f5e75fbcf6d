# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's RETURN, held against what it really returned."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from .playbook import ROOT

# What Ansible adds to any result.
ANSIBLE = {"ansible_facts", "changed", "deprecations", "diff", "failed", "invocation", "msg", "warnings"}
LONGEST = 400
_TYPES = {"str": str, "int": int, "float": (int, float), "dict": dict, "list": list, "bool": bool}


@cache
def documented(module: str) -> dict[str, Any]:
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    return dict(yaml.safe_load(text.partition('RETURN = r"""')[2].partition('"""')[0]))


def faults(module: str, result: dict[str, Any]) -> list[str]:
    """Keys that RETURN does not have, values of another type than it says, and messages that are too long."""
    said, found = documented(module), []
    for key, value in result.items():
        if key in ANSIBLE or key.startswith("_"):
            continue
        if key not in said:
            found.append(f"{module} returned {key}, which RETURN does not have")
        elif value is not None and not isinstance(value, _TYPES[said[key]["type"]]):
            found.append(f"{module} returned {key}: {value!r}, and RETURN says {said[key]['type']}")
    for text in [result.get("msg", ""), *result.get("warnings", ())]:
        if isinstance(text, str) and len(text) >= LONGEST:
            found.append(f"{module} said in {len(text)} characters: {text}")
    return found
