# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the plan of guests that all go to one host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_to
short_description: Plan the move of guests to one host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Checks guests together on one destination, and returns the plan that moves those that can migrate there.
positional: _input, facts, destination, guests
extends_documentation_fragment:
  - virtfleet.network.migration.policy
options:
  _input:
    description: The hosts by name, each with what M(virtfleet.network.virt_guest_info) returned there.
    type: dict
    required: true
  facts:
    description:
      - The destination by name, with what M(virtfleet.network.virt_network_info) returned there. Its lookups must be
        those of P(virtfleet.network.migrate_lookups#filter) for the guests.
    type: dict
    required: true
  destination:
    description: Inventory name of the destination.
    type: str
    required: true
  guests:
    description: Names or UUIDs of the guests.
    type: list
    elements: str
    required: true
seealso:
  - plugin: virtfleet.network.migrate_rounds
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the move of two guests to kvm2
  ansible.builtin.set_fact:
    plan: "{{ found | virtfleet.network.migrate_to(facts, 'kvm2', ['web1', 'web2']) }}"
"""

RETURN = r"""
_value:
  description:
    - C(steps), as P(virtfleet.network.migrate_rounds#filter) takes them, and C(stays), each with C(guest), C(code),
      C(sentence) and C(repairs).
    - C(lines), the check as a table, and C(problems), a sentence for each guest that stays.
  type: dict
"""


def migrate_to(
    found: Any, facts: Any, destination: str, guests: Any, policy: Optional[dict[str, str]] = None
) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for data that no module returned."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.plan_to import plan_to

    if not isinstance(found, Mapping) or not isinstance(facts, Mapping):
        raise AnsibleFilterError("migrate_to needs two mappings with hosts by name.")
    try:
        return plan_to(found, facts, destination, [str(guest) for guest in guests], policy)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"migrate_to needs results of virt_guest_info and virt_network_info; the given data is invalid: {error!r}."
        ) from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_to": migrate_to}
