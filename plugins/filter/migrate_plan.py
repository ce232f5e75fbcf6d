# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: plan how to empty hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_plan
short_description: Plan where the guests of some hosts go
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Finds hosts for the guests of O(sources) and an order in which they can move. Where each guest can go is the verdict
    of the migration check (P(virtfleet.network.migrate_candidates#filter)); members of pools, C(max_guests), memory,
    CPUs, names, MAC addresses and TCP ports are counted over all guests.
  - The plan leaves as few guests behind as possible. Of these plans, it has the fewest moves, then the fewest moves
    with a warning, then the lowest share of memory in use on the fullest host.
  - A guest counts on both hosts while it moves. No step needs what only a later step frees.
requirements:
  - scipy 1.9 or later on the controller
positional: _input, facts
extends_documentation_fragment:
  - virtfleet.network.migration.guests
  - virtfleet.network.migration.facts
  - virtfleet.network.migration.capacity
  - virtfleet.network.migration.policy
options:
  sources:
    description: The hosts to empty. They accept no guests.
    type: list
    elements: str
    required: true
  avoid:
    description: Other hosts that accept no guests.
    type: list
    elements: str
  others:
    description: Whether guests of other hosts may move if that lets more guests of O(sources) leave.
    type: bool
    default: true
  per_host:
    description: Maximum number of simultaneous moves from or to one host. Decides RV(_value)'s C(round).
    type: int
    default: 2
  at_once:
    description: Maximum number of simultaneous moves in total. Decides RV(_value)'s C(round).
    type: int
    default: 4
seealso:
  - plugin: virtfleet.network.migrate_candidates
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show how to empty kvm3
  ansible.builtin.debug:
    msg: "{{ (found | virtfleet.network.migrate_plan(facts, sources=['kvm3'], memory_reserve=4096)).lines }}"
  vars:
    found: "{{ lookup('ansible.builtin.file', 'guests.json') | from_json }}"
    facts: "{{ lookup('ansible.builtin.file', 'hosts.json') | from_json }}"
"""

RETURN = r"""
_value:
  description:
    - C(steps), in order, each with C(guest), C(uuid), C(source), C(destination), C(verdict), C(why), C(after) and
      C(round). C(why) is V(leaves) a host to empty, V(makes_room) for another guest, or V(detour). C(after) has the
      indexes of the steps that must finish before it. C(round) starts at 1; the steps of a round can run at the same
      time.
    - C(stays), the guests of O(sources) that cannot leave, each with C(guest), C(uuid), C(host), C(code)
      (V(NO_DESTINATION), V(ROOM_SHORT), V(STOP_NEEDED)), C(sentence), C(short) (C(kind), C(name), C(amount), C(hosts)),
      C(obstacles) (codes by host), C(additions) and C(repairs).
    - C(additions), the resources that would let the remaining guests move, each with C(host), C(kind) (V(members),
      V(places), V(memory), V(hugepages), V(cpus)), C(name), C(amount) (memory in KiB) and C(sentence).
    - C(load), the share of memory in use on each host afterwards.
    - C(optimal), whether it is proven that there is no better plan. It is not if the solver ran out of time, or if
      guests wait for each other to move.
    - C(lines), all of this as text.
  type: dict
"""


def migrate_plan(found: Any, facts: Any, policy: Optional[dict[str, str]] = None, **options: Any) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for options or data that cannot be used."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.plan import plan_migrations
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise AnsibleFilterError(
            f"migrate_plan has no option {', '.join(unknown)}; it has {', '.join(sorted(_OPTIONS))}."
        )
    if not isinstance(found, Mapping) or not isinstance(facts, Mapping):
        raise AnsibleFilterError("migrate_plan needs two mappings with hosts by name.")
    try:
        return plan_migrations(found, facts, options, policy)
    except VirtfleetError as error:
        raise AnsibleFilterError(f"{error.code}: {error.sentence}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            "migrate_plan needs results of virt_guest_info and virt_network_info; the given data is invalid: "
            f"{error!r}."
        ) from None


_OPTIONS = {
    "sources", "avoid", "accept", "memory_reserve", "cpu_ratio", "apart", "together", "pin", "others", "per_host",
    "at_once", "seconds",
}  # fmt: skip


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_plan": migrate_plan}
