#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_migrate_check
short_description: Check whether guests can migrate here and keep their networks
version_added: 0.1.0
description:
  - Runs on the host that guests are to come to, and judges each of them by what
    M(virtfleet.network.virt_guest_info) told of it. The hosts need not reach each other.
  - Answers two questions. Will libvirt take the guest? Will the guest keep its network? libvirt migrates a guest
    happily onto a network where it is deaf.
  - Tells everything that is wrong, not only the first of it. Never changes anything.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
options:
  guests:
    description:
      - The guests, as RV(virtfleet.network.virt_guest_info#module:guests) of M(virtfleet.network.virt_guest_info).
      - They are judged each for itself, and as guests that all come here and compete for members of pools, names, MAC
        addresses, memory and ports.
    type: list
    elements: dict
    required: true
  policy:
    description:
      - Codes of findings that are to be rated otherwise than they are, each V(blocked), V(warning) or V(ok).
      - A finding that is rated V(ok) is still told.
    type: dict
    default: {}
  fail_on:
    description:
      - The task fails when the verdict over all guests is this or worse. From bad to worse, verdicts are V(ok),
        V(warning), V(unknown) and V(blocked).
      - With V(never) it does not fail, whatever the verdict.
    type: str
    choices: [blocked, unknown, warning, never]
    default: blocked
  destination:
    description:
      - Judge by what M(virtfleet.network.virt_network_info) once returned on the destination, instead of looking at
        this host. Then the module can run anywhere, and needs no libvirt.
      - What such a result does not tell (paths of disks, the processor) is unknown for guests that depend on it.
    type: dict
  max_age:
    description: How old O(destination) may be, in seconds. Older, and every guest is V(unknown), by the code C(STALE).
    type: float
seealso:
  - module: virtfleet.network.virt_guest_info
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Describe the guest where it is
  virtfleet.network.virt_guest_info:
    names: [web1]
  delegate_to: kvm1
  register: source

- name: Refuse to go on when it would not work here
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"

- name: Only look, and take a lost boot autostart for nothing
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"
    policy: {NET_NO_AUTOSTART: ok}
    fail_on: never
  register: checked

- name: Judge by what was saved an hour ago at most
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"
    destination: "{{ lookup('ansible.builtin.file', 'kvm2.json') | from_json }}"
    max_age: 3600
  delegate_to: localhost
"""

RETURN = r"""
verdict:
  description: The worst verdict of any guest, V(ok), V(warning), V(unknown) or V(blocked). V(ok) without guests.
  returned: always but for wrong options
  type: str
  sample: blocked
destination:
  description: The name of the host that was judged.
  returned: always but for wrong options
  type: str
  sample: kvm2
verdicts:
  description: The guests in the order in which they were given.
  returned: always but for wrong options
  type: list
  elements: dict
  contains:
    guest:
      description: The guest's name.
      type: str
    uuid:
      description: The guest's UUID.
      type: str
    verdict:
      description: The worst severity of its findings, V(ok) without any.
      type: str
    alone:
      description: The verdict if none of the other guests came.
      type: str
    taken:
      description: The verdict on the first question, whether libvirt will take the guest.
      type: str
    network:
      description: The verdict on the second question, whether it will keep its network.
      type: str
    findings:
      description: Everything that speaks against it, the worst first.
      type: list
      elements: dict
      contains:
        code:
          description: A stable word for the reason. See docs/migration.md.
          type: str
        severity:
          description: V(blocked), V(unknown), V(warning) or V(ok), after O(policy).
          type: str
        question:
          description: V(taken) or V(network), the question that it answers.
          type: str
        nic:
          description: C(mac) and C(network) of the NIC that it is about, null for the guest as a whole.
          type: dict
        batch:
          description: Whether it comes from the other guests of this call alone.
          type: bool
        sentence:
          description: The reason in words.
          type: str
        remediation:
          description: C(host), C(module) and C(arguments) of a task that repairs it, null where there is none.
          type: dict
      sample:
        - code: NET_INACTIVE
          severity: blocked
          question: taken
          nic: {mac: '52:54:00:00:00:01', network: red}
          batch: false
          sentence: Network 'red' on kvm2 is not active.
          remediation:
            host: kvm2
            module: virtfleet.network.virt_network
            arguments: {name: red, state: active}
code:
  description: A stable word for what went wrong, V(NOT_ADVISED) when the verdict is what O(fail_on) says.
  returned: failure
  type: str
  sample: NOT_ADVISED
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_migrate_check import main

if __name__ == "__main__":
    main()
