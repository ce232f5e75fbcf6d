# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: whether the steps of a round can still run."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_recheck
short_description: Check the steps of a plan again just before they run
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Decides for each step of a round whether its guest migrates now, is at its destination already, or cannot go.
  - Checks the guests like P(virtfleet.network.migrate_candidates#filter), together with the others of the round that
    go to the same destination.
positional: _input, chosen, hosts, outcomes, rules
options:
  _input:
    description: The plan, as for P(virtfleet.network.migrate_rounds#filter).
    type: dict
    required: true
  chosen:
    description: The indexes of the steps of this round.
    type: list
    elements: int
    required: true
  hosts:
    description:
      - C(found) and C(facts), the current results of M(virtfleet.network.virt_guest_info) and
        M(virtfleet.network.virt_network_info) by host. C(ends) has C(uri) and C(traffic_uri) by host, as
        O(virtfleet.network.virt_migrate#module:guests[].destination) and
        O(virtfleet.network.virt_migrate#module:guests[].traffic_uri) for guests that go there.
    type: dict
    required: true
  outcomes:
    description: The outcomes of the steps of earlier rounds, from P(virtfleet.network.migrate_outcome#filter).
    type: list
    elements: dict
    default: []
  rules:
    description:
      - C(policy), as O(virtfleet.network.virt_migrate_check#module:policy); C(accept), the worst verdict with which a
        guest migrates, V(ok) or V(warning) (the default); C(stopped), V(leave) (the default) or V(offline), for
        guests that do not run; C(origin), V(leave) (the default), V(keep) or V(forget), for the guests' origin.
    type: dict
    default: {}
seealso:
  - plugin: virtfleet.network.migrate_outcome
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the first two steps
  ansible.builtin.set_fact:
    orders: "{{ plan | virtfleet.network.migrate_recheck([0, 1], {'found': found, 'facts': facts, 'ends': ends}) }}"
"""

RETURN = r"""
_value:
  description:
    - An order for each step, with C(step) (its index), C(guest), C(uuid), C(source), C(destination) and C(do). If C(do)
      is V(move), C(move) is an entry of O(virtfleet.network.virt_migrate#module:guests). Otherwise it is V(there),
      V(left), V(refused), V(skipped) or V(unknown), and C(code) and C(sentence) say why.
  type: list
  elements: dict
"""


def migrate_recheck(plan: Any, chosen: Any, hosts: Any, outcomes: Any = (), rules: Any = None) -> list[dict[str, Any]]:
    """Plain data, as documented above. Raises AnsibleFilterError for data that no module returned."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.decode import DataError
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.recheck import (
        RecheckedHosts,
        RecheckOptions,
        recheck,
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.steps import read_steps
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    try:
        steps = read_steps(plan)
        done = {one["step"]: one["status"] for one in outcomes}
        return recheck(steps, list(chosen), RecheckedHosts(**hosts), done, RecheckOptions(**(rules or {})))
    except DataError as error:
        raise AnsibleFilterError(f"migrate_recheck needs a plan; the given one {error.problem}.") from None
    except VirtfleetError as error:
        raise AnsibleFilterError(f"{error.code}: {error.sentence}") from None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise AnsibleFilterError(f"migrate_recheck was given data that is invalid: {error!r}.") from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_recheck": migrate_recheck}
