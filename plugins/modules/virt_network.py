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
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
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

- name: Change it now; guests are out of the bridge for some milliseconds, or everything is as it was
  virtfleet.network.virt_network:
    name: lan
    mtu: 9000
    restart: replug
    verify_reach: [192.0.2.1]

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
      description:
        - V(define), V(undefine), V(start), V(destroy), V(autostart), V(update), V(describe), V(leases); and for what is
          plugged in V(attach), V(move), V(release), V(reclaim), V(free).
      type: str
    section:
      description: For an update, libvirt's name of the section.
      type: str
    disruption:
      description: What it does to guests, V(none), V(next_start) or V(restart).
      type: str
    concerns:
      description:
        - For a restart, the guests' NICs and the devices that it concerns, each with C(kind), C(name), C(mac), C(tap)
          and C(portgroup).
      type: list
      elements: dict
    sentence:
      description: The step in words.
      type: str
pending:
  description:
    - Options that the running network will have only after its next start, the same in every run until then; V(dnsmasq)
      when it has none until then.
  returned: success
  type: list
  elements: str
outstanding:
  description:
    - In check mode, what only libvirt can tell of the definition, so that it may yet refuse it. Empty when everything
      that libvirt looks at was looked at, and after a run.
  returned: success
  type: list
  elements: str
estimated_seconds:
  description:
    - About how many seconds the steps take, as seen on an idle host; a busy one needs more. In check mode, how long
      the real run is going to take.
  returned: success
  type: float
  sample: 0.65
plugged:
  description: What a restart or stop cut off or interrupted, or in check mode would.
  returned: success, and when that is refused
  type: list
  elements: dict
blocked_by_guests:
  description: Guests that have to stop, or to be migrated away, before the pending options can come.
  returned: success
  type: list
  elements: dict
replugged:
  description:
    - What was plugged in again with O(restart=replug). C(gap_ms) is how long its tap was out of the bridge, 0 for one
      that never left it.
  returned: success
  type: list
  elements: dict
  sample: [{kind: guest, name: web1, mac: "52:54:00:00:00:01", tap: vnet0, portgroup: null, gap_ms: 212.4}]
confirm:
  description:
    - What M(virtfleet.network.virt_network_confirm) needs (C(run)), and how many C(seconds) are left for it.
    - With O(confirm_run) also when this task changed nothing.
  returned: changed, with O(confirm_timeout)
  type: dict
missing:
  description: What the user lacks for this change on the host, with code V(RIGHTS_MISSING).
  returned: failure
  type: list
  elements: str
  sample: [write access to /sys/class/net/virbr0/bridge/stp_state]
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
sentences:
  description: All that a message or a warning says, sentence by sentence, where it was too long and had to be cut.
  returned: when one was cut
  type: list
  elements: str
network_name:
  description: The network that is refused, or that a step failed on.
  returned: failure, where it is one network
  type: str
failed_step:
  description: The step that failed, as RV(steps) has it.
  returned: when a step fails
  type: dict
done:
  description: What was done before the daemon went away, and stays.
  returned: when the daemon goes away meanwhile
  type: list
  elements: str
recovered:
  description: What was done to put an earlier run right that had been broken off, before this one failed.
  returned: failure, after such a run
  type: list
  elements: str
before:
  description: What libvirt shows of the options, where it is not what it was given.
  returned: with NOT_CONVERGED
  type: dict
after:
  description: What the options were to be.
  returned: with NOT_CONVERGED
  type: dict
run:
  description: The run whose change waits to be confirmed.
  returned: with UNCONFIRMED
  type: str
silent:
  description: Addresses of O(verify_reach) that do not answer.
  returned: with REACH_MISSING and REACH_LOST
  type: list
  elements: str
packages:
  description: The packages to install on the host.
  returned: with DEPENDENCY_MISSING
  type: list
  elements: str
libvirt_domain:
  description: libvirt's own error domain.
  returned: when libvirt refuses
  type: int
libvirt_message:
  description: libvirt's own words.
  returned: when libvirt refuses
  type: str
uri:
  description: The URI that was not reached.
  returned: when the connection is refused
  type: str
exception:
  description: The traceback of a fault of the collection's own.
  returned: with UNEXPECTED
  type: str
again:
  description: What a second run would do again.
  returned: with NOT_CONVERGED
  type: list
  elements: str
options:
  description: The options that libvirt shows otherwise than it was given them.
  returned: with NOT_CONVERGED
  type: list
  elements: str
journal:
  description: The journal that cannot be used.
  returned: with JOURNAL_UNREADABLE, JOURNAL_UNWRITABLE and the like
  type: str
signal:
  description: The signal that interrupted the run.
  returned: with INTERRUPTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network import main

if __name__ == "__main__":
    main()
