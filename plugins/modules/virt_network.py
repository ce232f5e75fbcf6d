#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network
short_description: Manage one libvirt network
version_added: 0.1.0
description:
  - Makes a libvirt network exist as it is described, live and persistent, with as little disturbance of running
    guests as libvirt allows.
  - An option that is left out is left alone. An option that is given is exact, lists included. An empty mapping,
    list or string, and V(0) for a number, removes the element.
  - What libvirt generates (the UUID, the MAC address and the name of the bridge) is kept.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network
  - virtfleet.network.network.restart
  - virtfleet.network.network.connection
options:
  name:
    description:
      - The name of the network, by which guests ask for it.
      - A new network's name has no slash, no control character and none of the characters C(<>&"').
    type: str
    required: true
seealso:
  - module: virtfleet.network.virt_networks
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: A NAT network with DHCP
  virtfleet.network.virt_network:
    name: lan
    forward: {mode: nat}
    ips:
      - address: 10.20.0.1
        prefix: 24
        dhcp: {ranges: [{start: 10.20.0.50, end: 10.20.0.200}]}
    autostart: true

- name: An existing bridge of the host, with two portgroups
  virtfleet.network.virt_network:
    name: red
    forward: {mode: bridge}
    bridge: {name: br0}
    portgroups:
      - {name: engineering, default: true, bandwidth: {inbound: {average: 128000}}}
      - {name: accounting}

- name: A pool of NICs, one for each guest
  virtfleet.network.virt_network:
    name: fast
    forward:
      mode: passthrough
      interfaces: [{dev: p0}, {dev: p1}]

- name: Change the MTU at the network's next start, without touching its guests
  virtfleet.network.virt_network:
    name: lan
    mtu: 9000
    restart: never

- name: Remove a network
  virtfleet.network.virt_network:
    name: lan
    state: absent
"""

RETURN = r"""
network:
  description:
    - The network as M(virtfleet.network.virt_networks) takes it. In check mode, as it is before the change.
    - Empty when there is no such network.
  returned: success
  type: dict
  sample: {name: lan, forward: {mode: nat}, state: active, autostart: true}
steps:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(define), V(undefine), V(start), V(destroy), V(autostart), V(update) or V(describe).
      type: str
    section:
      description: For an update, libvirt's name of the section.
      type: str
    disruption:
      description: What it does to guests, V(none), V(next_start) or V(restart).
      type: str
    sentence:
      description: The step in words.
      type: str
pending:
  description: Options that the running network will have only after its next start.
  returned: success
  type: list
  elements: str
plugged:
  description: What a restart or stop cut off, or in check mode would cut off.
  returned: success
  type: list
  elements: dict
undone:
  description: What was done before a step failed and was taken back.
  returned: when a step fails
  type: list
  elements: str
left:
  description: What could not be taken back.
  returned: when a step fails
  type: list
  elements: str
code:
  description: A stable word for what went wrong.
  returned: failure
  type: str
  sample: IN_USE
problems:
  description: Every fault of the definition, each with code and sentence.
  returned: when a definition is refused
  type: list
  elements: dict
libvirt_code:
  description: libvirt's own error code, with its domain in RV(ignore:libvirt_domain).
  returned: when libvirt refuses
  type: int
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network import main

if __name__ == "__main__":
    main()
