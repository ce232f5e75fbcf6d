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
  - Makes the libvirt networks of a host exist as they are described, in one call.
  - Every network is planned before the first one is changed. When a step fails, everything that this call did
    is taken back.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.networks
  - virtfleet.network.network.restart
  - virtfleet.network.network.lock
  - virtfleet.network.network.safety
  - virtfleet.network.network.connection
options:
  purge:
    description:
      - Remove the networks that are not in O(networks), of those that this collection made.
      - The collection marks the networks it makes in their C(<metadata>), with their name and UUID. A network without
        that mark, or with the mark of another network, which it was copied from, is never removed.
      - A mark without name and UUID is an older version's. Such a network is not removed either, and a warning names
        it. Giving it in O(networks) once renews its mark.
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

- name: Adopt them, which changes nothing, also where somebody's change waits for a network's next start
  virtfleet.network.virt_networks:
    networks: "{{ found.networks }}"
"""

RETURN = r"""
networks:
  description:
    - What was done to each network, in the order in which networks were begun; networks that were removed included.
    - A network that takes what another has (a bridge, a subnet) comes after it. Where that goes round in a circle,
      all of them stop before the first of them is defined.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The network.
      type: str
    changed:
      description: Whether anything was done to it.
      type: bool
    steps:
      description: The steps, as M(virtfleet.network.virt_network) returns them.
      type: list
      elements: dict
    pending:
      description:
        - Options that the running network will have only after its next start; the same in every run until then.
      type: list
      elements: str
    outstanding:
      description:
        - In check mode, what only libvirt can tell of the definition, so that it may yet refuse it. Empty when
          everything that libvirt looks at was looked at, and after a run.
      type: list
      elements: str
    estimated_seconds:
      description: About how many seconds the steps take, as M(virtfleet.network.virt_network) returns it.
      type: float
    plugged:
      description: What a restart or stop cut off or interrupted, or in check mode would.
      type: list
      elements: dict
    blocked_by_guests:
      description: Guests that have to stop, or to be migrated away, before the pending options can come.
      type: list
      elements: dict
    replugged:
      description: What was plugged in again, as M(virtfleet.network.virt_network) returns it.
      type: list
      elements: dict
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
  sample: SUBNET_OVERLAP
problems:
  description: Every fault of the definitions, each with code and sentence.
  returned: when a definition is refused
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
refused:
  description:
    - The networks that are refused, when there are several, each with C(network_name), C(code), C(sentence) and the
      facts that go with the code.
  returned: when several networks are refused
  type: list
  elements: dict
plugged:
  description: What would have been cut off, or could not be plugged in again.
  returned: with IN_USE and the like
  type: list
  elements: dict
failed_step:
  description: The step that failed, as RV(virtfleet.network.virt_network#module:steps) has it.
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

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_networks import main

if __name__ == "__main__":
    main()
