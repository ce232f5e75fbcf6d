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
  - Puts host devices into the pool that the guests of a network draw on, and takes them out, live and persistent.
  - For networks of the forward modes bridge (macvtap, without a bridge name), vepa, private, passthrough and
    hostdev. The network has to exist; its pool may be empty.
  - A running guest keeps the device it has. After every change libvirt's own count of who holds what is right, so
    that the next guest gets a free member.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.restart
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  name:
    description: The network.
    type: str
    required: true
  state:
    description: Whether the members that are named or found are to be in the pool.
    type: str
    choices: [present, absent]
    default: present
  members:
    description:
      - Members by name, links' names or, for a hostdev network, PCI addresses.
      - Brackets hold numbers and ranges, so that C(ens1f0v[0-15,32-47]) means 32 links.
      - A member that is not in the pool yet is refused when it is absent, down, in a bridge or bond, carries an
        address or the default route of the host, is in another network's pool, or is held by something else.
    type: list
    elements: str
  match:
    description:
      - Members by what they are. A device has to match all that is given.
      - With O(state=present) all links of the host are looked at, but for bridges, tunnels and what stands on other
        links. Those that cannot be members are left out with a warning that says why. With O(state=absent) the
        members of the pool are looked at.
      - A member that a guest holds as a PCI device shows neither name nor driver. In the pool it stays.
    type: dict
    suboptions:
      name:
        description: The link's name, as a glob such as V(ens1f0v*).
        type: str
      regex:
        description: The link's whole name, as a Python regular expression.
        type: str
      driver:
        description: The link's driver. Of a link without one, its kind, such as V(veth).
        type: str
      pf:
        description: Name of the SR-IOV physical function that the device is a VF of.
        type: str
      pci:
        description: PCI addresses and ranges of them, such as V(0000:03:10.0-0000:03:11.7,0000:03:13.1).
        type: str
      speed:
        description: Lowest speed in Mbit/s. A link that is down has none.
        type: int
      mtu:
        description: Lowest MTU.
        type: int
      carrier:
        description: Whether the link has a carrier.
        type: bool
      in_bridge:
        description: Whether the link is in a bridge or bond. V(false) leaves such links out without a warning.
        type: bool
  pf:
    description: Name of an SR-IOV physical function, all of whose VFs are meant. VFs that cannot be members are
      left out with a warning.
    type: str
  vfs:
    description: Numbers of the VFs of O(pf) that are meant, such as V(0-15,32-47). All of them without it.
    type: str
  exclusive:
    description: Whether the pool has no members but these. An empty list of O(members) then empties it.
    type: bool
    default: false
  drain:
    description:
      - Whether members may go that running guests hold. No other guest gets them, and their guests keep them until
        they stop. RV(drained) lists them.
      - Without it the task is refused and names the guests.
    type: bool
    default: false
  reclaim_stale:
    description:
      - Whether ports whose guests do not run are dropped, and libvirt's own count is put right where it is wrong.
      - Do not use it on a host where other hypervisors than QEMU draw on the pool; their guests cannot be seen.
    type: bool
    default: false
  max_guests:
    description:
      - How many guests each of the members that are meant shall have at most, V(0) for any number.
      - libvirt knows no such limit and does not keep it. It is a note in the network's metadata that counts in
        RV(pool.capacity) and wherever this collection works out whether there is room.
    type: int
seealso:
  - module: virtfleet.network.virt_network
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Two links more for a network of one guest per link (passthrough)
  virtfleet.network.virt_iface_pool:
    name: fast
    members: [p0, p1]

- name: Exactly the idle 10 Gbit/s links of one driver
  virtfleet.network.virt_iface_pool:
    name: fast
    match: {driver: ixgbe, carrier: true, speed: 10000, in_bridge: false}
    exclusive: true

- name: Links that many guests share (bridge, vepa, private), at most eight each
  virtfleet.network.virt_iface_pool:
    name: shared
    members: ["ens1f[0-3]"]
    max_guests: 8

- name: Two ranges of a card's VFs by their links
  virtfleet.network.virt_iface_pool:
    name: vf-links
    members: ["ens1f0v[0-15,32-47]"]

- name: The same VFs as PCI devices (hostdev)
  virtfleet.network.virt_iface_pool:
    name: vf-devices
    pf: ens1f0
    vfs: 0-15,32-47

- name: VFs by their PCI addresses
  virtfleet.network.virt_iface_pool:
    name: vf-devices
    match: {pci: "0000:03:10.0-0000:03:11.7,0000:03:14.0-0000:03:15.7"}

- name: Take a link out before its cable is pulled, and see who still has it
  virtfleet.network.virt_iface_pool:
    name: fast
    members: [p1]
    state: absent
    drain: true
  register: result

- name: Free what guests left behind that are gone
  virtfleet.network.virt_iface_pool:
    name: fast
    reclaim_stale: true
"""

RETURN = r"""
pool:
  description: The pool afterwards, in check mode before.
  returned: success
  type: dict
  contains:
    mode:
      description: The network's forward mode.
      type: str
    members:
      description:
        - Each member with C(name), C(state), C(holders), C(max_guests) and C(left), the number of guests it still
          takes (null for any number).
        - C(state) is V(held) by a guest of the network, V(stale) (a port without a running guest), V(foreign) (held
          by something else), V(missing) on this host, or V(free).
        - A holder has C(kind), C(name), C(mac), C(uuid), C(network), C(port) and C(shares) (whether others may use the
          member beside it). C(kind) is V(guest), V(stale),
          V(network) (a guest of another network), V(direct) (a guest that names the device itself), V(bridge) (a
          bridge or bond) or V(link) (a macvtap or macvlan of nobody known).
      type: list
      elements: dict
    outside:
      description: Devices that guests or ports of the network hold without their being members, in the same form.
      type: list
      elements: dict
    capacity:
      description: The number of C(members), of those in each state, and C(left) for the whole pool (null for any
        number).
      type: dict
    miscounted:
      description: Members of which libvirt's own count is wrong; an empty string stands for the network itself.
      type: list
      elements: str
steps:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(define), V(update), V(release), V(reclaim), V(free), V(destroy) or V(start).
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
drained:
  description: Devices that are out of the pool and that guests still hold, each with C(member) and the holder's
    facts.
  returned: success
  type: list
  elements: dict
freed:
  description: The ports that were dropped, or in check mode would be, each with C(member), C(guest), C(mac) and
    C(port).
  returned: success
  type: list
  elements: dict
confirm:
  description:
    - What M(virtfleet.network.virt_network_confirm) needs (C(run)), and how many C(seconds) are left for it.
    - With O(confirm_run) also when this task changed nothing.
  returned: changed, with O(confirm_timeout)
  type: dict
code:
  description: A stable word for what went wrong.
  returned: failure
  type: str
  sample: MEMBER_IN_USE
problems:
  description: Every fault of the members, each with code and sentence.
  returned: when members are refused
  type: list
  elements: dict
holders:
  description: Who holds the members that were to go.
  returned: when members in use are refused
  type: list
  elements: dict
sentences:
  description: All that a message or a warning says, sentence by sentence, where it was too long and had to be cut.
  returned: when one was cut
  type: list
  elements: str
network_name:
  description: The network that is refused, or that a step failed on.
  returned: failure, where it is one network
  type: str
plugged:
  description: What would have been cut off, or could not be plugged in again.
  returned: with IN_USE and the like
  type: list
  elements: dict
failed_step:
  description: The step that failed, as RV(steps) has it.
  returned: when a step fails
  type: dict
done:
  description: What was done before the daemon went away, and stays.
  returned: when the daemon goes away meanwhile
  type: list
  elements: str
undone:
  description: What was done before a step failed and was taken back.
  returned: when a step fails
  type: list
  elements: str
left:
  description: What could not be taken back.
  returned: when a step or the recovery of an earlier run fails
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
  description: libvirt's own error code.
  returned: when libvirt refuses
  type: int
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
guests:
  description: Who uses what was to be removed.
  returned: with PORTGROUP_IN_USE and MEMBER_IN_USE
  type: list
  elements: dict
members:
  description: The members that were to go and are held.
  returned: when members in use are refused
  type: list
  elements: str
left_out:
  description: Why links that match cannot be members.
  returned: when nothing matches
  type: list
  elements: str
exception:
  description: The traceback of a fault of the collection's own.
  returned: with UNEXPECTED
  type: str
again:
  description: What a second run would do again.
  returned: with NOT_CONVERGED
  type: list
  elements: str
missing:
  description: What the user lacks for this change on the host.
  returned: with RIGHTS_MISSING
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

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_iface_pool import main

if __name__ == "__main__":
    main()
