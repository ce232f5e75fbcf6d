# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: which hosts of a fleet can be emptied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_resilience
short_description: Check which hosts of a fleet can be emptied
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - For each host, finds out whether all its guests could move to other hosts now if only this host were emptied, and if
    not, what prevents it. Capacity and rules are those of P(virtfleet.network.migrate_plan#filter).
requirements:
  - scipy 1.9 or later on the controller
positional: _input, facts
extends_documentation_fragment:
  - virtfleet.network.migration.guests
  - virtfleet.network.migration.facts
  - virtfleet.network.migration.capacity
  - virtfleet.network.migration.policy
options:
  avoid:
    description: Hosts that accept no guests.
    type: list
    elements: str
  others:
    description: Whether guests of other hosts may move to make room.
    type: bool
    default: true
seealso:
  - plugin: virtfleet.network.migrate_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which hosts can be emptied
  ansible.builtin.debug:
    msg: "{{ (found | virtfleet.network.migrate_resilience(facts, memory_reserve=4096)).lines }}"
  vars:
    found: "{{ lookup('ansible.builtin.file', 'guests.json') | from_json }}"
    facts: "{{ lookup('ansible.builtin.file', 'hosts.json') | from_json }}"
"""

RETURN = r"""
_value:
  description:
    - C(verdict), the worst of all hosts.
    - C(hosts), each with C(host), C(guests) (their number), C(verdict), C(moves), C(stays) and C(additions) as
      P(virtfleet.network.migrate_plan#filter) returns them, C(binds) and C(reason) (why the guests are unknown).
    - The verdict of a host is V(ok) or V(warning) if all its guests can go, and V(blocked) if it is proven that they
      cannot. It is V(unknown) if its guests are unknown, or if a host with an unknown verdict might have room for those
      that stay. It is also V(unknown) if another plan might move them.
    - C(binds), what keeps guests from leaving, each with C(kind) (of the resource that is short, or the code of a
      finding), C(name), C(amount) and C(guests).
    - C(problems), a sentence for each host that is blocked or unknown.
    - C(lines), a table of all hosts as text.
  type: dict
"""


def migrate_resilience(
    found: Any, facts: Any, policy: Optional[dict[str, str]] = None, **options: Any
) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for options or data that cannot be used."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.resilience import check_resilience
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise AnsibleFilterError(
            f"migrate_resilience has no option {', '.join(unknown)}; it has {', '.join(sorted(_OPTIONS))}."
        )
    if not isinstance(found, Mapping) or not isinstance(facts, Mapping):
        raise AnsibleFilterError("migrate_resilience needs two mappings with hosts by name.")
    try:
        return check_resilience(found, facts, options, policy)
    except VirtfleetError as error:
        raise AnsibleFilterError(f"{error.code}: {error.sentence}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            "migrate_resilience needs results of virt_guest_info and virt_network_info; the given data is invalid: "
            f"{error!r}."
        ) from None


_OPTIONS = {"avoid", "accept", "memory_reserve", "cpu_ratio", "apart", "together", "pin", "others", "seconds"}


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_resilience": migrate_resilience}
