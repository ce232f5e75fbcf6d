# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are meant as options of a role, and are none: Ansible itself ignores a misspelt variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Optional

from .lines import fold_names

# How alike two names must be beyond their prefix. Users have variables of their own with these prefixes.
_ALIKE = 0.75


def closest_option(name: str, prefix: str, options: Iterable[str]) -> Optional[str]:
    """The option that is meant by a variable of this prefix; None if it resembles none."""
    rest = name[len(prefix) :].lower()
    by_rest = {option[len(prefix) :]: option for option in options if option.startswith(prefix)}
    near = get_close_matches(rest, by_rest, 1, _ALIKE)
    return by_rest[near[0]] if near else None


def find_mistyped(
    hosts: Mapping[str, Mapping[str, Any]], prefixes: Iterable[str], known: Iterable[str], options: Iterable[str]
) -> list[str]:
    """A sentence for each variable that only resembles an option.

    hosts: each host's variables, templates as they are written; known: the names that roles and playbooks use, and
    options: those of them that users set. A variable that another one reads is the user's own.
    """
    used, offered = set(known), sorted(options)
    meant: dict[tuple[str, str], list[str]] = {}
    for host, variables in hosts.items():
        for prefix in prefixes:
            for name in variables:
                near = closest_option(name, prefix, offered) if name.startswith(prefix) and name not in used else None
                if near and not _is_read(name, variables):
                    meant.setdefault((name, near), []).append(host)
    return [
        f"{name}{'' if len(on) == len(hosts) else f', which is set for {fold_names(on)},'} is not a variable of this "
        f"collection; the closest one is {near}."
        for (name, near), on in sorted(meant.items())
    ]


def _is_read(name: str, variables: Mapping[str, Any]) -> bool:
    """Whether a template in another variable names it."""
    return any(name in str(value) for other, value in variables.items() if other != name)
