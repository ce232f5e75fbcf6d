#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_portgroup
short_description: Manage one portgroup of a libvirt network
version_added: 0.1.0
description:
  - Creates, changes or removes one portgroup, in the running network and in its persistent definition, without stopping
    the network. Other portgroups are not changed, neither live nor persistent.
  - An omitted option is not changed. A given option is exact, including lists. An empty mapping removes the element.
  - Guests get a portgroup's settings when they are plugged in, and keep them, unless O(guests=update) sets them.
    RV(guests_on_old_settings) lists guests whose settings differ from those that the portgroup has now, and how to
    update them.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.portgroup
  - virtfleet.network.network.guests
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  network:
    description: Name of the network, which must exist.
    type: str
    required: true
  default:
    description:
      - Whether guests that name no portgroup get this one.
      - V(true) unsets the current default portgroup.
    type: bool
  state:
    description: Whether the portgroup should exist.
    type: str
    choices: [present, absent]
    default: present
  in_use:
    description:
      - Whether to remove a portgroup that running or defined guests use. A guest that names no portgroup uses the
        default one.
      - With V(allow), running guests keep its settings until they are plugged in again. After that they have none of
        its settings; libvirt still starts them.
    type: str
    choices: [refuse, allow]
    default: refuse
notes:
  - RV(guests_on_old_settings) compares ports, guests and the network as they are. A guest is listed in every run until
    it is up to date, no matter which task changed the portgroup.
seealso:
  - module: virtfleet.network.virt_network
  - name: Portgroups
    description: What each kind of network supports, and how to bring guests up to date.
    link: https://github.com/virtfleet/network/blob/main/docs/portgroups.md
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: A VLAN on an Open vSwitch network, the default for guests that name no portgroup
  virtfleet.network.virt_portgroup:
    network: red
    name: engineering
    default: true
    vlan: {tags: [{id: 40}]}

- name: A trunk on Open vSwitch, with VLAN 50 untagged
  virtfleet.network.virt_portgroup:
    network: red
    name: routers
    vlan: {trunk: true, tags: [{id: 50, native_mode: untagged}, {id: 51}]}

- name: Limits on a NAT, routed, open or isolated network, or on a bridge of the host
  virtfleet.network.virt_portgroup:
    network: lan
    name: slow
    bandwidth:
      inbound: {average: 1024, peak: 2048, burst: 512}
      outbound: {average: 512}

- name: Remove the limits
  virtfleet.network.virt_portgroup:
    network: lan
    name: slow
    bandwidth: {}

- name: A VLAN on a pool of SR-IOV virtual functions (passthrough or hostdev)
  virtfleet.network.virt_portgroup:
    network: fast
    name: accounting
    vlan: {tags: [{id: 50}]}

- name: A port profile on a macvtap pool (bridge, vepa, private or passthrough)
  virtfleet.network.virt_portgroup:
    network: edge
    name: storage
    virtualport:
      type: 802.1Qbg
      parameters: {managerid: 11, typeid: 1193047, typeidversion: 2}

- name: Let guests set their own MAC addresses and filters
  virtfleet.network.virt_portgroup:
    network: edge
    name: routers
    trust_guest_rx_filters: true

- name: Move the default to another portgroup
  virtfleet.network.virt_portgroup:
    network: red
    name: accounting
    default: true
  register: moved

- name: Change the limits, also of the guests that are running
  virtfleet.network.virt_portgroup:
    network: lan
    name: slow
    bandwidth:
      inbound: {average: 2048}
    guests: update

- name: Show the guests that run with old settings
  ansible.builtin.debug:
    msg: "{{ item.guest }} {{ item.mac }} {{ item.methods | map(attribute='method') | join(', ') }}"
  loop: "{{ moved.guests_on_old_settings }}"

- name: Remove an unused portgroup
  virtfleet.network.virt_portgroup:
    network: red
    name: engineering
    state: absent
"""

RETURN = r"""
portgroup:
  description:
    - The portgroup in the form that O(ignore:portgroups) of M(virtfleet.network.virt_network) takes, from the
      persistent definition (of a transient network, from the live one). In check mode, as it is before the change.
    - Empty if it does not exist.
  returned: success
  type: dict
  sample: {name: engineering, default: true, vlan: {tags: [{id: 40}]}}
guests_on_old_settings:
  description:
    - NICs of running guests in this portgroup, or in no portgroup, whose settings differ from those that they would get
      if plugged in now; in check mode, after the change. With O(guests=update), those who could not be updated.
    - A NIC's own settings (C(<vlan>), C(<bandwidth>)) do not count as old.
    - Null over a connection that shows no guests.
  returned: success
  type: list
  elements: dict
  contains:
    guest:
      description: Name of the guest.
      type: str
    uuid:
      description: UUID of the guest.
      type: str
    mac:
      description: MAC address of the NIC.
      type: str
    portgroup:
      description: The portgroup that the NIC names, null if it names none.
      type: str
    differs:
      description: The settings that differ, of C(virtualport), C(bandwidth), C(vlan) and C(trust_guest_rx_filters).
      type: list
      elements: str
    live:
      description: Whether O(guests=update) can set them while the NIC stays plugged in.
      type: bool
    reason:
      description: Why not, as a sentence; null with C(live).
      type: str
    takes_effect:
      description:
        - When the NIC gets the settings at the latest, V(next_migration) (to a host whose network has them) or
          V(next_start), whichever comes first.
      type: list
      elements: str
    methods:
      description: How to update the NIC, least disruptive method first.
      type: list
      elements: dict
      contains:
        method:
          description: V(update), V(domiftune), V(ovs-vsctl), V(replug), V(migrate) or V(restart).
          type: str
        sentence:
          description: The command or step, and its consequences.
          type: str
steps:
  description: Steps that were executed, or in check mode would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(define), V(update), V(release), V(reclaim) or V(refresh), which updates a NIC of a guest.
      type: str
    section:
      description: For an update, libvirt's name for the section.
      type: str
    disruption:
      description: Effect on guests, V(none) or V(next_start).
      type: str
    sentence:
      description: Description of the step.
      type: str
estimated_seconds:
  description: About how many seconds the steps take on an idle host.
  returned: success
  type: float
  sample: 0.2
pending:
  description:
    - V(portgroups) if the running network cannot take the portgroup before its next start, because its definition was
      changed to another kind of network and it was not restarted.
    - V(dnsmasq) if the network has no dnsmasq until then, V(bridge_link) if its bridge is missing, down or without an
      address until then.
  returned: success
  type: list
  elements: str
outstanding:
  description:
    - In check mode with O(guests=update), what only libvirt can check; a real run may still fail because of it.
    - Empty if there is nothing of that kind, and after a run.
  returned: success
  type: list
  elements: str
confirm:
  description:
    - The C(run) to pass to M(virtfleet.network.virt_network_confirm), and how many C(seconds) are left to confirm.
    - With O(confirm_run), also returned when this task changed nothing.
  returned: changed, with O(confirm_timeout)
  type: dict
guests:
  description:
    - The guest NICs that use the portgroup, each with C(guest), C(uuid), C(mac), C(running) and C(by_default).
  returned: when removing a portgroup in use is refused
  type: list
  elements: dict
code:
  description: The stable error code.
  returned: failure
  type: str
  sample: PORTGROUP_IN_USE
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
portgroup_name:
  description: The portgroup that was rejected.
  returned: when a definition is rejected
  type: str
plugged:
  description: Guest NICs and devices that the change would cut off, or that could not be plugged in again.
  returned: with IN_USE and similar codes
  type: list
  elements: dict
failed_step:
  description: The step that failed, in the form of RV(steps).
  returned: when a step fails
  type: dict
done:
  description: Completed steps that remain in effect although the connection to the libvirt daemon was lost.
  returned: when the connection to the daemon is lost during the change
  type: list
  elements: str
undone:
  description: Steps that were rolled back after a step failed.
  returned: when a step fails
  type: list
  elements: str
left:
  description: Steps that could not be rolled back.
  returned: when a step or the recovery of an earlier run fails
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
  description: Addresses of C(verify_reach) that do not answer.
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
missing:
  description: Permissions that the user lacks on the host for this change.
  returned: with RIGHTS_MISSING
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

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_portgroup import main

if __name__ == "__main__":
    main()
