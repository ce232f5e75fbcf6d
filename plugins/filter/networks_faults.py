# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: check the contract and bindings of a fleet."""

from __future__ import annotations

from typing import Any, Callable

DOCUMENTATION = r"""
name: networks_faults
short_description: Find all faults in the contract and bindings of a fleet
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Checks all hosts at once, before anything is changed on any of them.
  - Does not connect to any host. Pass the links of the hosts if faults that depend on them should be found.
positional: _input, hosts
options:
  _input:
    description: The contract, as P(virtfleet.network.networks_desired#filter) takes it.
    type: list
    elements: dict
    required: true
  hosts:
    description:
      - The hosts by name, each a mapping with the keys C(bindings), C(links) and C(contract).
      - C(bindings) are those of the host, as P(virtfleet.network.networks_desired#filter) takes them.
      - C(links) are the links that M(virtfleet.network.virt_network_info) returns. If they are omitted or null,
        bridges, pool members and their MTU are not checked.
      - C(contract) is required only if a host belongs to a different fleet than the others.
    type: dict
    required: true
seealso:
  - plugin: virtfleet.network.networks_desired
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail if the fleet cannot fulfil its contract
  ansible.builtin.assert:
    that: faults | length == 0
    fail_msg: "{{ faults | map(attribute='sentence') | join(' ') }}"
  vars:
    faults: "{{ [{'name': 'red', 'reach': 'nat'}] | virtfleet.network.networks_faults({'kvm1': {'bindings': {}}}) }}"
"""

RETURN = r"""
_value:
  description:
    - The faults, those of the contract first, then by host, network and code. Empty if there are none.
    - Each has a stable C(code), C(host) and C(network) (empty if not applicable) and a C(sentence) that describes it.
  type: list
  elements: dict
  sample:
    - code: BINDING_MISSING
      host: kvm1
      network: red
      sentence: >-
        Network red of the contract has no binding on this host; add one, or an empty one ({}) if the host adds nothing.
"""


def networks_faults(contract: Any, hosts: Any) -> list[dict[str, str]]:
    """Plain data, as documented above. Never raises."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults

    return [fault.as_dict() for fault in find_faults(contract, hosts)]


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_faults": networks_faults}
