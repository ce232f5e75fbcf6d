# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thin door to the judgement of a fleet by the facts of its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.matrix import matrix_of_facts

DOCUMENTATION = r"""
name: migrate_candidates
short_description: Judge which guest could migrate to which host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Judges the guests of a fleet on every host, by what each host gathered, and returns the matrix of guests by hosts.
  - Does what M(virtfleet.network.virt_migrate_check) on every host and P(virtfleet.network.migrate_matrix#filter) do
    together, but only once, on the controller, so that no host has to be sent the guests.
positional: _input, facts
options:
  _input:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_guest_info) returned there.
      - Pass whatever was registered for a host that did not answer. Its guests are not known then.
    type: dict
    required: true
  facts:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_network_info) returned there. Give it
        P(virtfleet.network.migrate_lookups#filter) of the guests to look up.
      - The verdict on a host that did not answer is unknown.
    type: dict
    required: true
  destination:
    description:
      - The one host that was asked for. All guests are judged as coming there together. Without it, each is judged by
        itself on every host.
    type: str
  policy:
    description: As O(virtfleet.network.virt_migrate_check#module:policy).
    type: dict
seealso:
  - plugin: virtfleet.network.migrate_lookups
    plugin_type: filter
  - plugin: virtfleet.network.migrate_matrix
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show who could go where, by last night's facts
  ansible.builtin.debug:
    msg: "{{ (found | virtfleet.network.migrate_candidates(facts)).lines }}"
  vars:
    found: "{{ lookup('ansible.builtin.file', 'guests.json') | from_json }}"
    facts: "{{ lookup('ansible.builtin.file', 'hosts.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: As P(virtfleet.network.migrate_matrix#filter) returns it.
  type: dict
"""


def migrate_candidates(
    found: Any, facts: Any, destination: Optional[str] = None, policy: Optional[dict[str, str]] = None
) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for what no module returned."""
    if not isinstance(found, Mapping) or not isinstance(facts, Mapping):
        raise AnsibleFilterError("migrate_candidates takes two mappings of hosts by name.")
    try:
        return matrix_of_facts(found, facts, destination or None, policy)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"migrate_candidates takes results of virt_guest_info and virt_network_info; these are not: {error!r}."
        ) from None


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_candidates": migrate_candidates}
