# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: what each host of a rollout has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_rollout
short_description: Show which hosts of a rollout have the new networks
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Sorts the hosts of a rollout by state, and makes a table in which hosts with the same state share one line.
  - Does not connect to any host.
positional: _input, check_mode
options:
  _input:
    description:
      - The fact C(networks_outcome) of each host by the host's name, as the role P(virtfleet.network.networks#role)
        records it; an empty mapping for a host that has none.
    type: dict
    required: true
  check_mode:
    description: Whether nothing was changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which host has what
  ansible.builtin.debug:
    msg: "{{ (dict(ansible_play_hosts_all | zip(outcomes)) | virtfleet.network.networks_rollout).lines }}"
  vars:
    outcomes: "{{ ansible_play_hosts_all | map('extract', hostvars) | map(attribute='networks_outcome', default={}) }}"
"""

RETURN = r"""
_value:
  description: The state of the hosts.
  type: dict
  contains:
    new:
      description: The hosts that have the networks of the contract, in natural order.
      type: list
      elements: str
    old:
      description: The hosts that the rollout did not change, or that rolled back.
      type: list
      elements: str
    unknown:
      description: The hosts whose state is unknown after the rollout.
      type: list
      elements: str
    check_mode:
      description: Whether nothing was changed.
      type: bool
    hosts:
      description:
        - For each host C(state) (V(new), V(old) or V(unknown)), C(failed), C(networks), C(changes), C(code) and
          C(reason). C(failed) is true if the fault was on this host. C(networks) has the names of the changed networks.
          C(code) is null without a fault.
        - Each of C(changes) has C(network), C(effect) (V(created), V(changed) or V(removed)), C(disruption) (V(none),
          V(next_start) or V(restart)), C(guests), C(gap_ms) and C(pending). C(guests) has the names of the guests that
          notice the change or that wait for the next start. C(gap_ms) is the longest time that one of them is cut off
          from the host, measured, or in check mode expected; null if none is. C(pending) has the options that take
          effect at the next start.
        - C(guests_on_old_settings) lists the running guests that could not get the new settings, each with C(network),
          C(guest), C(mac), C(differs), C(reason) and C(takes_effect), as
          RV(virtfleet.network.virt_portgroup#module:guests_on_old_settings). Only with C(networks_guests=update).
      type: dict
    lines:
      description: A table for people, hosts that are alike in one entry, at most 99 columns wide.
      type: list
      elements: str
"""


def networks_rollout(outcomes: Any, check_mode: Any = False) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for outcomes of another form."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.rollout import rollout

    if not isinstance(outcomes, Mapping) or not all(isinstance(outcome, Mapping) for outcome in outcomes.values()):
        raise AnsibleFilterError("The outcomes must be a mapping of host names to mappings.")
    try:
        return rollout(outcomes, bool(check_mode))
    except RecursionError:
        raise AnsibleFilterError("The outcome of a host is nested too deeply.") from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_rollout": networks_rollout}
