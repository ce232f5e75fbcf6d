# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: join the contract of a fleet with the bindings of a host."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_desired
short_description: Join the contract of a fleet with the bindings of one host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Returns the networks of one host for O(virtfleet.network.virt_networks#module:networks) of
    M(virtfleet.network.virt_networks).
  - Fails with all faults of contract and bindings in one message. Faults that depend on the links of the host are found
    by P(virtfleet.network.networks_faults#filter).
positional: _input, bindings, networks
options:
  _input:
    description:
      - The contract, the properties of each network on every host.
      - Besides C(name), C(reach), C(mtu) and C(subnets), a network takes every option of
        M(virtfleet.network.virt_network) that describes a network. The option is then the same on every host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the network.
        type: str
        required: true
      reach:
        description:
          - What guests reach through the network.
          - V(l2) allows the forward modes bridge, private, vepa, passthrough and hostdev.
          - V(routed) allows route (the default) and open, V(nat) allows nat.
          - V(isolated) allows no C(forward).
        type: str
        required: true
        choices: [l2, routed, nat, isolated]
      mtu:
        description:
          - The MTU that the network must have on every host.
          - Sets the MTU of the network on hosts where libvirt creates the bridge.
        type: int
      subnets:
        description:
          - The subnets of the network, such as C(10.20.0.0/24). Every address that a host has on the network must be in
            one of them.
          - With V(nat) and V(routed), the host needs an address in each of them.
        type: list
        elements: str
  bindings:
    description:
      - What the host builds each network of the contract from, by network name.
      - A binding takes the options of M(virtfleet.network.virt_network) that the contract does not set, including
        C(autostart) and C(state) (C(active), C(inactive), C(present)). It may be empty or null.
      - C(pool) selects the members of the pool, with the options C(members), C(match), C(pf), C(vfs), C(exclusive),
        C(drain) and C(max_guests) of M(virtfleet.network.virt_iface_pool).
    type: dict
    required: true
  networks:
    description:
      - The networks of the host, as M(virtfleet.network.virt_network_info) returns them.
      - Required if a binding has C(pool). The network keeps its current members on the host, and
        M(virtfleet.network.virt_iface_pool) updates them; see P(virtfleet.network.networks_pools#filter).
    type: list
    elements: dict
seealso:
  - plugin: virtfleet.network.networks_faults
    plugin_type: filter
  - plugin: virtfleet.network.networks_pools
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Create the networks of the contract
  virtfleet.network.virt_networks:
    networks: "{{ contract | virtfleet.network.networks_desired(bindings) }}"
  vars:
    contract:
      - name: red
        reach: l2
        mtu: 9000
      - name: lab
        reach: nat
        subnets: [10.20.0.0/24]
    bindings:
      red: {forward: {mode: bridge}, bridge: {name: br0}}
      lab: {ips: [{address: 10.20.0.1, prefix: 24}]}
"""

RETURN = r"""
_value:
  description:
    - The networks in the order of the contract, each with its name, state, autostart and options.
    - The forward mode is added if the reach determines it. C(autostart) defaults to V(true).
    - Every option that is set neither in the contract nor in the binding is empty (not shown in the sample), so that
      earlier settings on the host are removed. Only the UUID, the MAC address and metadata of other applications are
      left out, and not changed.
  type: list
  elements: dict
  sample:
    - name: lab
      forward: {mode: nat}
      ips: [{address: 10.20.0.1, prefix: 24}]
      state: active
      autostart: true
"""


def networks_desired(contract: Any, bindings: Any, networks: Any = None) -> list[dict[str, Any]]:
    """Plain data, as documented above. Raises AnsibleFilterError with all faults."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.complete import complete_network
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import host_networks
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.pool import networks_on_hosts, with_members

    joined, faults = host_networks(contract, bindings)
    if faults:
        raise AnsibleFilterError(" ".join(fault.line() for fault in faults))
    pooled = [network["name"] for network in joined if "pool" in network]
    if pooled and networks is None:
        raise AnsibleFilterError(
            f"A binding of {', '.join(pooled)} has pool: pass the networks that virt_network_info returned on the host "
            "as the second argument."
        )
    try:
        there = networks_on_hosts(networks or [])
    except ValueError as error:
        raise AnsibleFilterError(f"networks must be the networks that virt_network_info returned; {error}") from None
    return [complete_network(with_members(network, there)) for network in joined]


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_desired": networks_desired}
