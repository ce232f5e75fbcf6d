# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thin door to the fleet's join."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.complete import complete_network
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import host_networks
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.pool import networks_there, with_members

DOCUMENTATION = r"""
name: networks_desired
short_description: Join the contract of a fleet with the bindings of one host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Gives what one host shall have, as M(virtfleet.network.virt_networks) takes it in
    O(virtfleet.network.virt_networks#module:networks).
  - Fails with every fault of contract and bindings in one message. What depends on the links of the host is not
    looked at; P(virtfleet.network.networks_faults#filter) does that.
positional: _input, bindings, networks
options:
  _input:
    description:
      - 'The contract: what each network promises on every host.'
      - Besides C(name), C(reach), C(mtu) and C(subnets) a network takes every option of
        M(virtfleet.network.virt_network) that describes a network, as a promise that is the same on every host.
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
          - What guests reach through it.
          - V(l2) is bound with the forward modes bridge, private, vepa, passthrough and hostdev.
          - V(routed) is bound with route (the default) and open, V(nat) with nat.
          - V(isolated) is bound with no forward at all.
        type: str
        required: true
        choices: [l2, routed, nat, isolated]
      mtu:
        description:
          - The largest frame that passes on every host.
          - Becomes the MTU of the network where libvirt makes the bridge.
        type: int
      subnets:
        description:
          - The subnets of the network, such as C(10.20.0.0/24). Every address that a host has on the network must
            be in one of them.
          - With V(nat) and V(routed) the host needs an address in each of them.
        type: list
        elements: str
  bindings:
    description:
      - What the host builds each network of the contract from, by the name of the network.
      - A binding takes the options of M(virtfleet.network.virt_network) that the contract does not give, C(autostart)
        and C(state) (C(active), C(inactive), C(present)) among them. It may be empty or null.
      - C(pool) says what the members of its pool are, with the options C(members), C(match), C(pf), C(vfs),
        C(exclusive), C(drain) and C(max_guests) of M(virtfleet.network.virt_iface_pool).
    type: dict
    required: true
  networks:
    description:
      - The networks that the host has, as M(virtfleet.network.virt_network_info) returns them.
      - Needed where a binding has C(pool). The network keeps the members that it has on the host, for
        M(virtfleet.network.virt_iface_pool) to bring up to date; see P(virtfleet.network.networks_pools#filter).
    type: list
    elements: dict
seealso:
  - plugin: virtfleet.network.networks_faults
    plugin_type: filter
  - plugin: virtfleet.network.networks_pools
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the networks of the contract
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
    - The forward mode is filled in where the reach says it, autostart is true unless it is given.
    - Every option that neither gives is empty (not shown in the sample), so that what a host had before goes. Only the
      UUID, the MAC address and foreign metadata are left as they are.
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
    joined, faults = host_networks(contract, bindings)
    if faults:
        raise AnsibleFilterError(" ".join(fault.line() for fault in faults))
    pooled = [network["name"] for network in joined if "pool" in network]
    if pooled and networks is None:
        raise AnsibleFilterError(f"The pool of {', '.join(pooled)} is kept as it is on the host: give its networks.")
    try:
        there = networks_there(networks or [])
    except ValueError as error:
        raise AnsibleFilterError(f"networks must be the networks that virt_network_info returned; {error}.") from None
    return [complete_network(with_members(network, there)) for network in joined]


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_desired": networks_desired}
