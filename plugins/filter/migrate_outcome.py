# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: what became of the steps of a round."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_outcome
short_description: Report the outcome of the steps of a plan
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Compares each guest of a round before and after its migration, and adds the round to the report.
positional: _input, orders, results, outcomes
options:
  _input:
    description: The plan, as for P(virtfleet.network.migrate_rounds#filter).
    type: dict
    required: true
  orders:
    description: The orders of the round, from P(virtfleet.network.migrate_recheck#filter).
    type: list
    elements: dict
    required: true
  results:
    description:
      - C(before) and C(after), hosts by name with what M(virtfleet.network.virt_guest_info) returned there, and
        C(moved), hosts by name with what M(virtfleet.network.virt_migrate) returned there.
    type: dict
    required: true
  outcomes:
    description: The outcomes of the steps of earlier rounds.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: virtfleet.network.migrate_kept
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Require that all guests have arrived
  ansible.builtin.assert:
    that: (plan | virtfleet.network.migrate_outcome(orders, results)).problems == []
"""

RETURN = r"""
_value:
  description:
    - C(outcomes), one for each step so far, with C(step), C(guest), C(uuid), C(source), C(destination), C(status),
      C(code), C(sentence), C(nics) (a line for each NIC) and C(statistics).
    - C(status) is V(moved), V(there) (the guest was there already), V(left) (it does not run) or V(refused) (the check
      refused it). It can also be V(skipped) (a step that it waits for did not succeed), V(failed), V(broken) (it
      arrived and lost a property of its network) or V(unknown).
    - C(lines), a table, and C(problems), a sentence for each guest that did not reach its destination.
  type: dict
"""


def migrate_outcome(plan: Any, orders: Any, results: Any, outcomes: Any = ()) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for data that no module returned."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import DataError
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.outcome import (
        judge_outcome,
        show_outcome,
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.steps import read_steps

    try:
        steps = read_steps(plan)
        looks = (results["before"], results["moved"], results["after"])
        found = [*outcomes, *judge_outcome(steps, list(orders), *looks)]
        return {"outcomes": found, **show_outcome(found, plan.get("stays") or [])}
    except DataError as error:
        raise AnsibleFilterError(f"migrate_outcome needs a plan; the given one {error.problem}.") from None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise AnsibleFilterError(f"migrate_outcome was given data that is invalid: {error!r}.") from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_outcome": migrate_outcome}
