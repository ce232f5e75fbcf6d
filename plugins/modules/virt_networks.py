#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_networks
short_description: Manage all libvirt networks of a host
version_added: 0.1.0
description:
  - Creates, changes and removes the libvirt networks of a host in one call.
  - Every network is planned before the first one is changed. When a step fails, all steps of this call are rolled back.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.networks
  - virtfleet.network.network.restart
  - virtfleet.network.network.guests
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  purge:
    description:
      - Remove the networks that this collection created and that are not in O(networks).
      - The collection marks the networks it creates in their C(<metadata>), with their name and UUID. A network without
        that mark, or with the mark of another network that it was copied from, is never removed.
      - A mark without name and UUID was written by an older version. Such a network is not removed, and a warning lists
        it. Listing it in O(networks) once renews its mark.
      - A warning lists the networks that O(purge) keeps because the collection did not create them.
    type: bool
    default: false
  adopt:
    description:
      - Mark the existing networks in O(networks) as created by the collection if they have no mark or that of another
        network. O(purge) then removes them once they are no longer in O(networks).
      - Only the C(<metadata>) of these networks changes, in the running network too.
    type: bool
    default: false
seealso:
  - module: virtfleet.network.virt_network
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: The networks of this host
  virtfleet.network.virt_networks:
    networks:
      - name: lan
        forward: {mode: nat}
        ips: [{address: 10.20.0.1, prefix: 24}]
      - name: lab
        forward: {}
    purge: true

- name: Gather the networks of a host that was set up by hand
  virtfleet.network.virt_network_info:
  register: found

- name: Adopt them without a change, even if manual changes are pending until a network's next start
  virtfleet.network.virt_networks:
    networks: "{{ found.networks }}"
"""

RETURN = r"""
networks:
  description:
    - The result for each network, including removed ones, in the order in which work on them began.
    - A network that takes over something from another (a bridge name, a subnet) comes after it. If such dependencies
      form a cycle, all networks of the cycle are stopped before the first one is defined.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The network.
      type: str
    changed:
      description: Whether the network was changed.
      type: bool
    effect:
      description: V(created), V(changed), V(removed) or V(none); in check mode, the effect of the real run.
      type: str
    steps:
      description: The steps, as M(virtfleet.network.virt_network) returns them.
      type: list
      elements: dict
    pending:
      description:
        - Options that take effect only at the network's next start, the same in every run until then.
      type: list
      elements: str
    outstanding:
      description:
        - In check mode, the parts of the definition that only libvirt can check; a real run may still fail because of
          them. Empty if everything that libvirt checks was checked, and after a run.
      type: list
      elements: str
    estimated_seconds:
      description: Approximate duration of the steps in seconds, as M(virtfleet.network.virt_network) returns it.
      type: float
    plugged:
      description: Guest NICs and devices that a restart or stop cut off or interrupted, or in check mode would.
      type: list
      elements: dict
    blocked_by_guests:
      description: Guests that must be stopped or migrated away before the pending options can take effect.
      type: list
      elements: dict
    expected_gaps:
      description: How long guests will be cut off, as M(virtfleet.network.virt_network) returns it.
      type: dict
    replugged:
      description: Guest NICs and devices that were plugged in again, as M(virtfleet.network.virt_network) returns them.
      type: list
      elements: dict
    guests_on_old_settings:
      description:
        - With O(guests=update), the guests that could not be updated, as M(virtfleet.network.virt_network) returns
          them.
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
  sample: SUBNET_OVERLAP
problems:
  description: Every problem in the definitions, each with C(code), C(path) (the option) and C(sentence).
  returned: when a definition is rejected
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
refused:
  description:
    - The rejected networks, each with C(network_name), C(code), C(sentence) and the facts that belong to the code.
  returned: when several networks are rejected
  type: list
  elements: dict
plugged:
  description: Guest NICs and devices that the change would cut off, or that could not be plugged in again.
  returned: with IN_USE and similar codes
  type: list
  elements: dict
failed_step:
  description: The step that failed, in the form of RV(virtfleet.network.virt_network#module:steps).
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

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_networks import main

if __name__ == "__main__":
    main()
