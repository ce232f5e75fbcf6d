# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the rounds in which the steps of a plan run."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_rounds
short_description: Arrange the steps of a plan in rounds
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - The steps of one round run at the same time. A step runs in the first round that has room for it, after all steps
    that it waits for.
positional: _input, per_host, at_once, seen, policy
extends_documentation_fragment:
  - virtfleet.network.migration.policy
options:
  _input:
    description:
      - The plan. C(steps) is a list; each has C(guest), C(source), C(destination), C(after) (indexes of the steps that
        it waits for), and as far as they are known C(uuid) and C(why). C(stays) lists the guests that stay, each with
        C(guest), C(sentence) and C(repairs). P(virtfleet.network.migrate_to#filter) makes such plans.
    type: dict
    required: true
  per_host:
    description: Maximum number of moves from or to one host in a round.
    type: int
    default: 2
  at_once:
    description: Maximum number of moves in a round.
    type: int
    default: 4
  seen:
    description:
      - C(found) and C(facts) that the plan was made from. If given, the table shows what changes for each guest.
    type: dict
seealso:
  - plugin: virtfleet.network.migrate_recheck
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a plan
  ansible.builtin.debug:
    msg: "{{ (plan | virtfleet.network.migrate_rounds).lines }}"
"""

RETURN = r"""
_value:
  description:
    - C(rounds), each with C(steps) (indexes), C(guests) (UUIDs or names), C(sources) and C(destinations); C(lines), the
      plan as a table; and C(outcome), what P(virtfleet.network.migrate_outcome#filter) returns before the first round.
  type: dict
"""


def migrate_rounds(
    plan: Any, per_host: int = 2, at_once: int = 4, seen: Any = None, policy: Any = None
) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for a plan that cannot be carried out."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import DataError
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.changes import with_changes
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.outcome import show_outcome
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.steps import (
        arrange_rounds,
        describe_round,
        read_steps,
        show_plan,
    )

    if int(per_host) < 1 or int(at_once) < 1:
        raise AnsibleFilterError("migrate_rounds needs per_host and at_once of at least 1.")
    try:
        steps = read_steps(plan)
        rounds = arrange_rounds(steps, int(per_host), int(at_once))
        if seen:
            steps = with_changes(steps, seen["found"], seen["facts"], policy)
    except DataError as error:
        raise AnsibleFilterError(f"migrate_rounds needs a plan; the given one {error.problem}.") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(f"migrate_rounds was given data that is invalid: {error!r}.") from None
    outcome = {"outcomes": [], **show_outcome([], plan.get("stays") or [])}
    told = [describe_round(steps, chosen) for chosen in rounds]
    return {"rounds": told, "lines": show_plan(plan, steps, rounds), "outcome": outcome}


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_rounds": migrate_rounds}
