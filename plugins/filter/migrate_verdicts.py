# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: judge guests by saved facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_verdicts
short_description: Check guests against many hosts, from saved facts
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Does what M(virtfleet.network.virt_migrate_check) does with its
    O(virtfleet.network.virt_migrate_check#module:destination), for any number of hosts at once.
positional: _input, destinations
extends_documentation_fragment:
  - virtfleet.network.migration.policy
options:
  _input:
    description: The guests, as RV(virtfleet.network.virt_guest_info#module:guests).
    type: list
    elements: dict
    required: true
  destinations:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_network_info) returned there.
      - For a host that did not answer, pass its registered result as it is. The verdict on it is unknown, as is the
        verdict on a host whose result cannot be read.
    type: dict
    required: true
seealso:
  - module: virtfleet.network.virt_migrate_check
  - plugin: virtfleet.network.migrate_matrix
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which guest can migrate where, from saved facts
  ansible.builtin.debug:
    msg: "{{ (found | virtfleet.network.migrate_matrix(checked)).lines }}"
  vars:
    found: "{{ lookup('ansible.builtin.file', 'guests.json') | from_json }}"
    hosts: "{{ lookup('ansible.builtin.file', 'hosts.json') | from_json }}"
    guests: "{{ found.values() | map(attribute='guests') | flatten }}"
    checked: "{{ guests | virtfleet.network.migrate_verdicts(hosts) }}"
"""

RETURN = r"""
_value:
  description: The hosts by name, each with what M(virtfleet.network.virt_migrate_check) would return there.
  type: dict
"""


def migrate_verdicts(guests: Any, destinations: Any, policy: Optional[dict[str, str]] = None) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError unless given a list and a mapping."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.answers import fact_answers
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guests
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_answer

    if not isinstance(destinations, Mapping) or isinstance(guests, (str, Mapping)):
        raise AnsibleFilterError("migrate_verdicts needs a list of guests and a mapping with hosts by name.")
    described = load_guests(guests)
    answers = fact_answers({str(host): info for host, info in destinations.items()})
    return {host: judge_answer(described, host, answer, policy) for host, answer in answers.items()}


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_verdicts": migrate_verdicts}
