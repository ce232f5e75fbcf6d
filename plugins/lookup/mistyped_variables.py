# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible lookup: variables that only resemble those of the collection's roles and playbooks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mistyped_variables
short_description: Variables that only resemble those of the roles and playbooks
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Finds host variables of the play whose names are probably misspelt. Such a variable begins with one of the prefixes,
    is unknown to the roles and playbooks of this collection, and resembles a variable that they have. Returns a
    sentence for each. Ansible itself ignores such a variable, and the role runs with the default of the intended
    variable.
  - A variable that another variable reads is not returned, nor one that resembles none.
options:
  _terms:
    description: The prefixes.
    type: list
    elements: str
    required: true
seealso:
  - plugin: ansible.builtin.varnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  ansible.builtin.assert:
    that: mistyped | length == 0
    fail_msg: "{{ mistyped | join(' ') }}"
  run_once: true
  vars:
    mistyped: "{{ query('virtfleet.network.mistyped_variables', 'networks_') }}"
"""

RETURN = r"""
_raw:
  description: The sentences.
  type: list
  elements: str
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Optional

from ansible.plugins.lookup import LookupBase

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.mistyped import find_mistyped

_COLLECTION = Path(__file__).parents[2]
# An option in a role's argument_specs.yml.
_OPTION = re.compile(r"^      (\w+):$", re.MULTILINE)
# What a playbook can do without is for users to set.
_OPTIONAL = re.compile(r"(\w+) (?:\| default\(|is (?:not )?defined)")
# What every play has, and what would be templated for it.
_NOT_READ = ("hostvars", "vars", "groups")


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """The names in roles and playbooks, and those of them that users set."""
    playbooks = "\n".join(path.read_text(encoding="utf-8") for path in sorted(_COLLECTION.glob("playbooks/*.yml")))
    files = [path for path in _COLLECTION.glob("roles/*/*/*") if path.suffix in (".yml", ".j2")]
    roles = "\n".join(path.read_text(encoding="utf-8") for path in files)
    options = set(_OPTIONAL.findall(playbooks))
    for path in _COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        options.update(_OPTION.findall(path.read_text(encoding="utf-8")))
    return frozenset(re.findall(r"\w+", playbooks + roles)), frozenset(options)


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[Any], variables: Optional[dict[str, Any]] = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        own = variables or {}
        known, options = _names()
        prefixes = tuple(map(str, terms))
        hosts = {str(own.get("inventory_hostname", "localhost")): own}
        for host in own.get("ansible_play_hosts_all") or ():
            if host not in hosts:
                hosts[host] = own["hostvars"].raw_get(host)
        read = {
            host: {name: value for name, value in found.items() if name not in _NOT_READ}
            for host, found in hosts.items()
        }
        return find_mistyped(read, prefixes, known, options)
