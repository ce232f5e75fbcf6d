# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible lookup: the hosts that a playbook of the collection works on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_hosts
short_description: The hosts of a pattern within the limit
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Returns the hosts of the inventory that match a pattern and the limit of the command line.
  - Fails if there is none. For Ansible itself, a pattern that matches no host causes no error.
  - A limit from a file (C(--limit @FILE)) is not read, so that it restricts nothing here. Ansible applies it anyway.
  - With C(--syntax-check) and an inventory without hosts, returns C(localhost).
options:
  _terms:
    description: The pattern.
    type: str
    required: true
  variable:
    description: The variable that the pattern is from, for the error.
    type: str
    default: The pattern
  canary:
    description:
      - Returns only the hosts of the first batch, the ones that match this pattern, or so many, if it is a number.
      - Fails if there is none. An empty pattern stands for no canary and gives an empty list.
    type: str
  serial:
    description:
      - The size of the batches, one or a list. Fails for what is neither a number of hosts nor a percentage, or is less
        than 1. For Ansible itself, V(0) and negative numbers stand for all hosts.
    type: raw
seealso:
  - plugin: ansible.builtin.inventory_hostnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Prepare the fleet
  hosts: "{{ query('virtfleet.network.fleet_hosts', my_hosts | default('kvm'), variable='my_hosts') }}"
  gather_facts: false
  tasks: []
"""

RETURN = r"""
_raw:
  description: The names of the hosts.
  type: list
  elements: str
"""

import re
from typing import Any, Optional

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):  # type: ignore[misc]
    def run(self, terms: list[Any], variables: Optional[dict[str, Any]] = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        if len(terms) != 1:
            raise AnsibleLookupError("fleet_hosts needs one pattern.")
        if not (known.get("groups") or {}).get("all"):
            if context.CLIARGS.get("syntax"):
                return ["localhost"]
            raise AnsibleError("The inventory has no host.")
        self._check_serial(self.get_option("serial"))
        pattern = str(terms[0])
        hosts = self._matching(pattern, known)
        if not hosts:
            name = self.get_option("variable")
            raise AnsibleError(f"{name} ({pattern}) matches no host of the inventory within the limit.")
        canary = self.get_option("canary")
        return hosts if canary is None else self._first(str(canary), hosts, pattern, known)

    @staticmethod
    def _check_serial(serial: Any) -> None:
        sizes = serial if isinstance(serial, (list, tuple)) else [serial]
        for size in () if serial is None else sizes:
            if not re.fullmatch(r"0*[1-9][0-9]*|0*(?:100|[1-9][0-9]?)%", str(size)):
                raise AnsibleError(
                    f"networks_serial ({size}) must be a number of hosts, at least 1, or a percentage such as 25%, or "
                    "a list of these."
                )
        if not sizes:
            raise AnsibleError("networks_serial is an empty list; it must have the size of at least one batch.")

    def _first(self, canary: str, hosts: list[str], pattern: str, variables: dict[str, Any]) -> list[str]:
        if not canary:
            return []
        if re.fullmatch("[1-9][0-9]*", canary):
            return hosts[: int(canary)]
        chosen = self._hosts(canary, variables)
        first = [host for host in chosen if host in set(hosts)]
        if not first:
            raise AnsibleError(f"networks_canary ({canary}) matches no host of {pattern} within the limit.")
        return first

    def _matching(self, pattern: str, variables: dict[str, Any]) -> list[str]:
        limit = str(variables.get("ansible_limit") or "all")
        allowed = set(self._hosts("all" if "@" in limit else limit, variables))
        return [host for host in self._hosts(pattern, variables) if host in allowed]

    def _hosts(self, pattern: str, variables: dict[str, Any]) -> list[str]:
        found: list[str] = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader).run(
            [pattern], variables=variables
        )
        return list(found)
