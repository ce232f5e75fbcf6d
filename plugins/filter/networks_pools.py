# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the pools of a host."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_pools
short_description: List the pools that the bindings of one host select members for
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Returns the options of M(virtfleet.network.virt_iface_pool) for each network whose binding has C(pool).
  - Like P(virtfleet.network.networks_desired#filter), fails with all faults of contract and bindings in one message.
positional: _input, bindings
options:
  _input:
    description: The contract, as P(virtfleet.network.networks_desired#filter) takes it.
    type: list
    elements: dict
    required: true
  bindings:
    description: The bindings of the host, as P(virtfleet.network.networks_desired#filter) takes them.
    type: dict
    required: true
seealso:
  - plugin: virtfleet.network.networks_desired
    plugin_type: filter
  - module: virtfleet.network.virt_iface_pool
"""

EXAMPLES = r"""
- name: Show the pools of this host
  ansible.builtin.debug:
    msg: "{{ contract | virtfleet.network.networks_pools(bindings) }}"
  vars:
    contract:
      - {name: red, reach: l2, mtu: 9000}
    bindings:
      red: {forward: {mode: passthrough}, pool: {match: {driver: ixgbe, carrier: true}}}
"""

RETURN = r"""
_value:
  description:
    - The pools in the order of the contract, each with the C(name) of its network and the options of
      M(virtfleet.network.virt_iface_pool) that were given.
    - If the contract sets an MTU, C(match) requires it too.
  type: list
  elements: dict
  sample:
    - name: red
      match: {driver: ixgbe, carrier: true, mtu: 9000}
"""


def networks_pools(contract: Any, bindings: Any) -> list[dict[str, Any]]:
    """Plain data, as documented above. Raises AnsibleFilterError with all faults."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import host_networks

    joined, faults = host_networks(contract, bindings)
    if faults:
        raise AnsibleFilterError(" ".join(fault.line() for fault in faults))
    return [{"name": network["name"], **network["pool"]} for network in joined if "pool" in network]


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_pools": networks_pools}
