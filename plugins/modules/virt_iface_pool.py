#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_iface_pool
short_description: Manage the members of a libvirt network's pool
version_added: 0.1.0
description:
  - Adds host devices to the pool of a network and removes them, live and persistent. Guests of the network use the
    devices of its pool.
  - For networks with the forward modes bridge (macvtap, without a bridge name), vepa, private, passthrough and
    hostdev. The network must exist; its pool may be empty.
  - Only the selected members change. A difference between the running network and its definition remains, and a warning
    names it. A transient network stays transient.
  - Running guests keep their devices. After every change, libvirt's count of used members is correct, so that the next
    guest gets a free member.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.restart
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  name:
    description: Name of the network.
    type: str
    required: true
  state:
    description: Whether the selected members should be in the pool.
    type: str
    choices: [present, absent]
    default: present
  members:
    description:
      - Selects members by name. These are names of links or, for a hostdev network, PCI addresses.
      - Brackets contain numbers and ranges; C(ens1f0v[0-15,32-47]) selects 32 links.
      - A new member is rejected if it does not exist, is down, is in a bridge or bond, or carries an address or the
        default route of the host. It is also rejected if another network's pool or something else has it.
    type: list
    elements: str
  match:
    description:
      - Selects members by their properties. A device must match all given properties.
      - With O(state=present), all physical, veth, bond, team, VLAN and dummy links of the host are compared. Matching
        links that cannot be members are left out with a warning that gives the reason. With O(state=absent), the
        members of the pool are compared.
      - A member that a guest holds as a PCI device shows neither name nor driver; it stays in the pool.
    type: dict
    suboptions:
      name:
        description: Name of the link, as a glob such as V(ens1f0v*).
        type: str
      regex:
        description: Python regular expression that must match the whole name of the link.
        type: str
      driver:
        description: Driver of the link, or its kind, such as V(veth), if it has no driver.
        type: str
      pf:
        description: Name of the SR-IOV physical function that the device is a VF of.
        type: str
      pci:
        description: PCI addresses and ranges, such as V(0000:03:10.0-0000:03:11.7,0000:03:13.1).
        type: str
      speed:
        description: Minimum speed in Mbit/s. A link that is down has no speed.
        type: int
      mtu:
        description: Minimum MTU.
        type: int
      carrier:
        description: Whether the link has a carrier.
        type: bool
      in_bridge:
        description: Whether the link is in a bridge or bond. V(false) leaves such links out without a warning.
        type: bool
  pf:
    description: Name of an SR-IOV physical function. Selects its VFs. VFs that cannot be members are left out with a
      warning.
    type: str
  vfs:
    description: Numbers of the VFs of O(pf) to select, such as V(0-15,32-47). Defaults to all of them.
    type: str
  exclusive:
    description: Whether the pool contains only the selected members. An empty list of O(members) then empties it.
    type: bool
    default: false
  drain:
    description:
      - Whether to remove members that running guests hold. No other guest gets them, and their guests keep them until
        they stop. RV(drained) lists them.
      - Without it, the task fails and lists the guests.
    type: bool
    default: false
  reclaim_stale:
    description:
      - Whether to delete ports whose guests do not run, and to correct libvirt's count of used members.
      - Do not use it on a host where hypervisors other than QEMU use the pool; their guests are not visible.
    type: bool
    default: false
  max_guests:
    description:
      - Maximum number of guests for each selected member, V(0) for no limit.
      - libvirt does not enforce this limit. It is stored in the network's metadata and counts in RV(pool.capacity) and
        wherever this collection calculates free capacity.
    type: int
seealso:
  - module: virtfleet.network.virt_network
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Add two links to a network with one guest per link (passthrough)
  virtfleet.network.virt_iface_pool:
    name: fast
    members: [p0, p1]

- name: Fill the pool with exactly the idle 10 Gbit/s links of one driver
  virtfleet.network.virt_iface_pool:
    name: fast
    match: {driver: ixgbe, carrier: true, speed: 10000, in_bridge: false}
    exclusive: true

- name: Add links for several guests each (bridge, vepa, private), at most eight
  virtfleet.network.virt_iface_pool:
    name: shared
    members: ["ens1f[0-3]"]
    max_guests: 8

- name: Add two ranges of a card's VFs by the names of their links
  virtfleet.network.virt_iface_pool:
    name: vf-links
    members: ["ens1f0v[0-15,32-47]"]

- name: Add the same VFs as PCI devices (hostdev)
  virtfleet.network.virt_iface_pool:
    name: vf-devices
    pf: ens1f0
    vfs: 0-15,32-47

- name: Add VFs by their PCI addresses
  virtfleet.network.virt_iface_pool:
    name: vf-devices
    match: {pci: "0000:03:10.0-0000:03:11.7,0000:03:14.0-0000:03:15.7"}

- name: Remove a link from the pool before maintenance, and see which guests still hold it
  virtfleet.network.virt_iface_pool:
    name: fast
    members: [p1]
    state: absent
    drain: true
  register: result

- name: Free the ports of guests that no longer run
  virtfleet.network.virt_iface_pool:
    name: fast
    reclaim_stale: true
"""

RETURN = r"""
pool:
  description: The pool after the change, in check mode before it.
  returned: success
  type: dict
  contains:
    mode:
      description: The network's forward mode.
      type: str
    members:
      description:
        - Each member with C(name), C(state), C(holders), C(max_guests) and C(left), the number of guests it can still
          take (null for no limit).
        - C(state) is V(held) by a guest of the network, V(stale) (a port without a running guest), V(foreign) (held
          by something else), V(missing) on this host, or V(free).
        - A holder has C(kind), C(name), C(mac), C(uuid), C(network), C(port) and C(shares) (whether others can use the
          member at the same time). C(kind) is V(guest), V(stale), V(network) (a guest of another network), V(direct) (a
          guest that uses the device directly), V(bridge) (a bridge or bond) or V(link). V(link) is a macvtap or macvlan
          of unknown origin.
      type: list
      elements: dict
    outside:
      description: Devices that guests or ports of the network hold although they are not members, in the same form.
      type: list
      elements: dict
    capacity:
      description: The number of C(members), the number of members in each state, and C(left) for the whole pool (null
        for no limit).
      type: dict
    miscounted:
      description: Members for which libvirt's count is wrong; an empty string stands for the network itself.
      type: list
      elements: str
steps:
  description: Steps that were executed, or in check mode would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(define), V(update), V(release), V(reclaim), V(free), V(destroy) or V(start).
      type: str
    disruption:
      description: Effect on guests, V(none), V(next_start) or V(restart).
      type: str
    sentence:
      description: Description of the step.
      type: str
pending:
  description: Options that take effect only at the network's next start.
  returned: success
  type: list
  elements: str
drained:
  description: Devices that are no longer in the pool and that guests still hold, each with C(member) and the facts of
    the holder.
  returned: success
  type: list
  elements: dict
freed:
  description: The ports that were deleted, or in check mode would be, each with C(member), C(guest), C(mac) and
    C(port).
  returned: success
  type: list
  elements: dict
confirm:
  description:
    - The C(run) to pass to M(virtfleet.network.virt_network_confirm), and how many C(seconds) are left to confirm.
    - With O(confirm_run), also returned when this task changed nothing.
  returned: changed, with O(confirm_timeout)
  type: dict
code:
  description: Stable error code.
  returned: failure
  type: str
  sample: MEMBER_IN_USE
problems:
  description: Every problem with the members, each with C(code), C(path) (the member) and C(sentence).
  returned: when members are rejected
  type: list
  elements: dict
holders:
  description: The holders of the members that the task should remove.
  returned: when removing members in use is refused
  type: list
  elements: dict
sentences:
  description: The full text of a message or warning that was too long and was shortened, one sentence per item.
  returned: when a message or warning was shortened
  type: list
  elements: str
network_name:
  description: The network that was rejected or whose step failed.
  returned: failure, if it concerns one network
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
libvirt_code:
  description: libvirt's error code.
  returned: when libvirt reports an error
  type: int
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
guests:
  description: The guests that use the members that the task should remove.
  returned: with PORTGROUP_IN_USE and MEMBER_IN_USE
  type: list
  elements: dict
members:
  description: The members that the task should remove but that guests hold.
  returned: when removing members in use is refused
  type: list
  elements: str
left_out:
  description: Reasons why matching links cannot be members.
  returned: when no matching link can be a member
  type: list
  elements: str
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

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_iface_pool import main

if __name__ == "__main__":
    main()
