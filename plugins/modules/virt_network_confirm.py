# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirm a change, or roll it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network_confirm
short_description: Confirm a change of networks that would otherwise be rolled back, or roll it back now
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Keeps a change that another module of this collection made with C(confirm_timeout). If this task reaches the host,
    the change has not cut the host off.
  - Without a confirmation, the host rolls the change back when the timeout expires, or at once with
    O(decision=roll_back).
  - In check mode, it fails where a real run would fail, so a play can check several hosts before it confirms on the
    first.
  - Any user who may change the host's networks can confirm the change. Over a remote URI, only the same user on the
    same host can confirm it, because the change is recorded there.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.lock
  - virtfleet.network.network.connection
options:
  run:
    description: The change to confirm, C(confirm.run) from the result of the task that made it.
    type: str
    required: true
  decision:
    description:
      - V(confirm) keeps the change. V(roll_back) restores the networks to their state before the change, without
        waiting for the timeout.
    type: str
    choices: [confirm, roll_back]
    default: confirm
  verify_reach:
    description:
      - Addresses that the host must be able to ping now; otherwise the change is not confirmed and the task fails.
      - Has no effect with O(decision=roll_back).
    type: list
    elements: str
    default: []
seealso:
  - module: virtfleet.network.virt_network
  - module: virtfleet.network.virt_networks
  - module: virtfleet.network.virt_iface_pool
  - module: virtfleet.network.virt_portgroup
"""

EXAMPLES = r"""
- name: Change a network that the host's own SSH path may depend on
  virtfleet.network.virt_network:
    name: uplink
    ips: [{address: 10.20.0.1, prefix: 24}]
    confirm_timeout: 30
  register: uplink

- name: Keep the change, now that the host still answers
  virtfleet.network.virt_network_confirm:
    run: "{{ uplink.confirm.run }}"
  when: uplink.confirm is defined

- name: Undo the change now
  virtfleet.network.virt_network_confirm:
    run: "{{ uplink.confirm.run }}"
    decision: roll_back
  when: uplink.confirm is defined and another_host_failed
"""

RETURN = r"""
networks:
  description: The networks whose change was confirmed or rolled back.
  returned: success
  type: list
  elements: str
rolled_back:
  description: The steps that were rolled back, one sentence for each.
  returned: with O(decision=roll_back)
  type: str
left:
  description: Steps that could not be rolled back.
  returned: with RECOVERY_FAILED
  type: list
  elements: str
silent:
  description: Addresses of O(verify_reach) that do not answer.
  returned: with REACH_LOST
  type: list
  elements: str
code:
  description: Stable error code.
  returned: failure
  type: str
  sample: NOT_PENDING
sentences:
  description: The full text of a message or warning that was too long and was shortened, one sentence per item.
  returned: when a message or warning was shortened
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
directory:
  description: The directory that libvirt cannot write to.
  returned: with LIBVIRT_UNWRITABLE
  type: str
journal:
  description: The journal that cannot be used.
  returned: with JOURNAL_UNREADABLE, JOURNAL_UNWRITABLE and similar codes
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network_confirm import main

if __name__ == "__main__":
    main()
