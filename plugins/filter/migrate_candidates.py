# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: judge a fleet by the facts of its hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_candidates
short_description: Find out which guest can migrate to which host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Checks the guests of a fleet against the facts of every host and returns the matrix of guests by hosts.
  - Gives the same result as M(virtfleet.network.virt_migrate_check) on every host followed by
    P(virtfleet.network.migrate_matrix#filter), but runs once, on the controller; the guests are not sent to the hosts.
positional: _input, facts
extends_documentation_fragment:
  - virtfleet.network.migration.guests
  - virtfleet.network.migration.facts
  - virtfleet.network.migration.only
  - virtfleet.network.migration.policy
seealso:
  - plugin: virtfleet.network.migrate_lookups
    plugin_type: filter
  - plugin: virtfleet.network.migrate_matrix
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which guest can migrate where, from saved facts
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
    """Plain data, as documented above. Raises AnsibleFilterError for data that no module returned."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.matrix import matrix_of_facts

    if not isinstance(found, Mapping) or not isinstance(facts, Mapping):
        raise AnsibleFilterError("migrate_candidates needs two mappings with hosts by name.")
    try:
        return matrix_of_facts(found, facts, destination or None, policy)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"migrate_candidates needs results of virt_guest_info and virt_network_info; the given data is invalid: "
            f"{error!r}."
        ) from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_candidates": migrate_candidates}
