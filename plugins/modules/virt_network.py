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
  - Creates, changes or removes a libvirt network, live and persistent, with as little disruption of running guests as
    libvirt allows.
  - An omitted option is not changed. A given option is exact, including lists. An empty mapping, list or string, and
    V(0) for a number, removes the element.
  - The values that libvirt generates (the UUID, the MAC address and the name of the bridge) are kept.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network
  - virtfleet.network.network.restart
  - virtfleet.network.network.guests
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  name:
    description:
      - Name of the network. Guests refer to the network by this name.
      - The name of a new network must not contain a slash, a control character or any of the characters C(<>&"').
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

- name: Change the MTU at the network's next start, without disrupting its guests
  virtfleet.network.virt_network:
    name: lan
    mtu: 9000
    restart: never

- name: Change the MTU now; guests lose contact with the host for about half a second but stay connected to one another
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
    - The network in the form that M(virtfleet.network.virt_networks) takes. In check mode, as it is before the change.
    - Empty if the network does not exist.
  returned: success
  type: dict
  sample: {name: lan, forward: {mode: nat}, state: active, autostart: true}
effect:
  description: V(created), V(changed), V(removed) or V(none); in check mode, the effect of the real run.
  returned: success
  type: str
steps:
  description: Steps that were executed, or in check mode would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description:
        - V(define), V(undefine), V(start), V(destroy), V(autostart), V(update), V(describe) or V(leases). For NICs and
          devices, V(attach), V(move), V(release), V(reclaim), V(free) or V(refresh).
        - For the temporary bridge of a replug, V(bypass) creates it and joins it to the network's bridge, and V(aside)
          moves taps into it. V(join) joins it to the new bridge, and V(unbypass) removes it.
        - V(settings) restores settings of the network's bridge that are not in the network's definition.
      type: str
    section:
      description: For an update, libvirt's name for the section.
      type: str
    disruption:
      description: Effect on guests, V(none), V(next_start) or V(restart).
      type: str
    concerns:
      description:
        - For a restart, the affected guest NICs and devices, each with C(kind), C(name), C(mac), C(tap) and
          C(portgroup).
      type: list
      elements: dict
    sentence:
      description: Description of the step.
      type: str
pending:
  description:
    - Options that take effect only at the network's next start, the same in every run until then. V(dnsmasq) if the
      network has no dnsmasq until then, V(bridge_link) if its bridge is missing, down or without an address until then.
  returned: success
  type: list
  elements: str
outstanding:
  description:
    - In check mode, the parts of the definition that only libvirt can check; a real run may still fail because of them.
      Empty if everything that libvirt checks was checked, and after a run.
  returned: success
  type: list
  elements: str
estimated_seconds:
  description:
    - Approximate duration of the steps in seconds on an idle host; a busy host needs more. In check mode, the duration
      of the real run.
  returned: success
  type: float
  sample: 0.65
expected_gaps:
  description:
    - For a restart that plugs guests in again, the expected interruption in milliseconds on an idle host, towards the
      host (C(host_ms)) and between guests (C(guests_ms)). With a temporary bridge, C(guests_ms) is the maximum for each
      of the two moves. Empty if guests notice nothing.
  returned: success
  type: dict
  sample: {host_ms: 830, guests_ms: 50}
plugged:
  description: Guest NICs and devices that a restart or stop cut off or interrupted, or in check mode would.
  returned: success, and when the restart or stop is refused
  type: list
  elements: dict
blocked_by_guests:
  description: Guests that must be stopped or migrated away before the pending options can take effect.
  returned: success
  type: list
  elements: dict
replugged:
  description:
    - Guest NICs and devices that were plugged in again with O(restart=replug) or O(restart=seamless). C(gap_ms) is how
      long the tap was cut off from the host in milliseconds. C(guests_gap_ms) is the longest time that it was cut off
      from other guests. Both are 0 if it never left its bridge.
  returned: success
  type: list
  elements: dict
  sample: [{kind: guest, name: web1, mac: "52:54:00:00:00:01", tap: vnet0, portgroup: null, gap_ms: 512.4,
            guests_gap_ms: 3.1}]
guests_on_old_settings:
  description:
    - NICs of running guests that would get other settings if they were plugged in now, and that could not be updated,
      as RV(virtfleet.network.virt_portgroup#module:guests_on_old_settings). Null if the connection shows no guests.
  returned: with O(guests=update), if the network runs on
  type: list
  elements: dict
confirm:
  description:
    - The C(run) to pass to M(virtfleet.network.virt_network_confirm), and how many C(seconds) are left to confirm.
    - With O(confirm_run), also returned when this task changed nothing.
  returned: changed, with O(confirm_timeout)
  type: dict
missing:
  description: Permissions that the user lacks on the host for this change, with code V(RIGHTS_MISSING).
  returned: failure
  type: list
  elements: str
  sample: [write access to /sys/class/net/virbr0/bridge/stp_state]
undone:
  description: Steps that were rolled back after a step failed.
  returned: when a step fails
  type: list
  elements: str
left:
  description: Steps that could not be rolled back.
  returned: when a step fails
  type: list
  elements: str
code:
  description: Stable error code.
  returned: failure
  type: str
  sample: IN_USE
problems:
  description: Every problem in the definition, each with C(code), C(path) (the option) and C(sentence).
  returned: when a definition is rejected
  type: list
  elements: dict
libvirt_code:
  description: libvirt's error code. Its domain is in RV(ignore:libvirt_domain).
  returned: when libvirt reports an error
  type: int
sentences:
  description: The full text of a message or warning that was too long and was shortened, one sentence per item.
  returned: when a message or warning was shortened
  type: list
  elements: str
network_name:
  description: The network that was rejected or whose step failed.
  returned: failure, if it concerns one network
  type: str
failed_step:
  description: The step that failed, in the form of RV(steps).
  returned: when a step fails
  type: dict
done:
  description: Completed steps that remain in effect although the connection to the libvirt daemon was lost.
  returned: when the connection to the daemon is lost during the change
  type: list
  elements: str
recovered:
  description: The steps that recovered an earlier, interrupted run before this one failed.
  returned: failure, after a recovery
  type: list
  elements: str
before:
  description: The options whose values after the change differ from those that were set, with libvirt's values.
  returned: with NOT_CONVERGED
  type: dict
after:
  description: The same options as they were set.
  returned: with NOT_CONVERGED
  type: dict
run:
  description: The run whose change is not confirmed yet.
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
  description: libvirt's error domain.
  returned: when libvirt reports an error
  type: int
libvirt_message:
  description: libvirt's error message.
  returned: when libvirt reports an error
  type: str
uri:
  description: The URI that could not be reached.
  returned: when the connection fails
  type: str
exception:
  description: The traceback of an internal error of the collection.
  returned: with UNEXPECTED
  type: str
again:
  description: Steps that a second run would repeat.
  returned: with NOT_CONVERGED
  type: list
  elements: str
options:
  description: The names of the options whose values after the change differ from those that were set.
  returned: with NOT_CONVERGED
  type: list
  elements: str
directory:
  description: The directory that libvirt cannot write to.
  returned: with LIBVIRT_UNWRITABLE
  type: str
journal:
  description: The journal that cannot be used.
  returned: with JOURNAL_UNREADABLE, JOURNAL_UNWRITABLE and similar codes
  type: str
signal:
  description: The signal that interrupted the run.
  returned: with INTERRUPTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network import main

if __name__ == "__main__":
    main()
