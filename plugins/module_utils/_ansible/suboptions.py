# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that do not exist, and parameters that are not a mapping where one is required.

Ansible's own check of suboptions fails on some of the latter (a list of numbers causes a TypeError) and does not say
for others which option it means; of an option that does not exist it lists all that do, not the one that is meant.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Optional


def number_problem(spec: dict[str, Any], params: Any, path: str = "") -> Optional[str]:
    """A sentence on the first true or false where a number belongs, which to Ansible is the number 1 or 0."""
    for name, option in spec.items():
        value = params.get(name) if isinstance(params, dict) else None
        if isinstance(value, bool) and option.get("type") == "int":
            return f"{path}{name} is {value}; it must be a number."
        for where, item in _places(f"{path}{name}", option, value):
            problem = number_problem(option.get("options") or {}, item, f"{where}.")
            if problem:
                return problem
    return None


def suboption_problem(spec: dict[str, Any], params: Any, path: str = "") -> Optional[str]:
    """A sentence on the first option that does not exist, but resembles one, or that has something else than its
    mapping or mappings; None when there is none."""
    for name in params:
        near = [] if name in spec or not isinstance(name, str) else get_close_matches(name.lower(), spec, 1)
        if near:
            return f"{path}{name} is not an option; the closest one is {path}{near[0]}."
    for name, option in spec.items():
        options, value = option.get("options"), params.get(name)
        if not options or value is None:
            continue
        for where, item in _places(f"{path}{name}", option, value):
            if isinstance(item, dict):
                problem = suboption_problem(options, item, f"{where}.")
            elif isinstance(item, str) and ("=" in item or "{" in item):
                problem = None  # key=value pairs and JSON, which Ansible turns into a mapping
            else:
                shown = f"{item!a}" if len(f"{item!a}") <= 60 else f"{f'{item!a}'[:57]}..."
                problem = (
                    f"{where} is {shown}; it must be a mapping of options, such as {', '.join(list(options)[:3])}."
                )
            if problem:
                return problem
    return None


def _places(path: str, option: dict[str, Any], value: Any) -> list[tuple[str, Any]]:
    """Each mapping of an option that takes several, or the value of one that takes one, with its path."""
    if option.get("type") == "list" and isinstance(value, list):
        return [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return [(path, value)]
