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
  - Runs on the destination and checks each guest using its description from M(virtfleet.network.virt_guest_info). The
    hosts do not have to reach each other.
  - Answers two questions. Does libvirt accept the guest? Does the guest keep its network? libvirt itself does not warn
    when it migrates a guest to a network on which the guest's traffic stops.
  - Reports every reason, not only the first. Never changes anything.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
  - virtfleet.network.migration.destination
options:
  guests:
    description:
      - The guests, as RV(virtfleet.network.virt_guest_info#module:guests) of M(virtfleet.network.virt_guest_info).
      - Each guest is checked alone and together with the others, which compete for pool members, names, MAC addresses,
        memory and ports if all of them migrate here.
      - For many hosts, use P(virtfleet.network.migrate_lookups#filter) and
        P(virtfleet.network.migrate_candidates#filter) instead. They send each host only the list of what to look up.
    type: list
    elements: dict
    required: true
  policy:
    description:
      - Overrides the severity of finding codes, each with V(blocked), V(warning) or V(ok).
      - A finding with severity V(ok) is still reported.
    type: dict
    default: {}
  fail_on:
    description:
      - The task fails if the worst verdict of any guest is this or worse. From best to worst, verdicts are V(ok),
        V(warning), V(unknown) and V(blocked).
      - With V(never) it never fails because of a verdict.
    type: str
    choices: [blocked, unknown, warning, never]
    default: blocked
  destination:
    description:
      - Check against a saved result of M(virtfleet.network.virt_network_info) from the destination instead of this
        host. The module then runs anywhere and does not need libvirt.
      - Disk paths, the processor and other resources that must be looked up are in the result only if its
        O(virtfleet.network.virt_network_info#module:lookups) requested them. A guest that needs any other resource is
        V(unknown).
    type: dict
  unsafe:
    description:
      - Check for a migration with C(virsh migrate --unsafe). libvirt then accepts a disk on a local file system.
        It copies nothing, so the path must have the same content on this host.
    type: bool
    default: false
  max_age:
    description: The maximum age of O(destination) in seconds. If it is older, every guest is V(unknown), code C(STALE).
    type: float
notes:
  - O(migrate_uri) and O(probe_links) cannot be combined with O(destination); pass them to
    M(virtfleet.network.virt_network_info) when it gathers the facts.
seealso:
  - module: virtfleet.network.virt_guest_info
  - module: virtfleet.network.virt_network_info
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Describe the guest on its own host
  virtfleet.network.virt_guest_info:
    names: [web1]
  delegate_to: kvm1
  register: source

- name: Fail unless the guest can migrate here
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"

- name: Check without failing, and ignore a network that does not start at boot
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"
    policy: {NET_NO_AUTOSTART: ok}
    fail_on: never
  register: checked

- name: Check against saved facts that are at most one hour old
  virtfleet.network.virt_migrate_check:
    guests: "{{ source.guests }}"
    destination: "{{ lookup('ansible.builtin.file', 'kvm2.json') | from_json }}"
    max_age: 3600
  delegate_to: localhost
"""

RETURN = r"""
verdict:
  description: The worst verdict of any guest, V(ok), V(warning), V(unknown) or V(blocked). V(ok) without guests.
  returned: when the options are valid
  type: str
  sample: blocked
destination:
  description: The name of the destination host.
  returned: when the options are valid
  type: str
  sample: kvm2
verdicts:
  description: The guests in the order in which they were given.
  returned: when the options are valid
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
      description: The verdict if no other guest migrated.
      type: str
    libvirt_accepts:
      description: The verdict on the first question, whether libvirt accepts the guest.
      type: str
    keeps_network:
      description: The verdict on the second question, whether the guest keeps its network.
      type: str
    findings:
      description: Every reason against the migration, worst first.
      type: list
      elements: dict
      contains:
        code:
          description: Stable code of the reason. See docs/migration.md.
          type: str
        severity:
          description: V(blocked), V(unknown), V(warning) or V(ok), after O(policy).
          type: str
        question:
          description: The question that it answers, V(libvirt_accepts) or V(keeps_network).
          type: str
        nic:
          description: C(mac) and C(network) of the NIC, null if the finding is about the guest as a whole.
          type: dict
        path:
          description: The place of the finding, C(nic) (a MAC address) of the guest, C(network) and C(link) of the
            destination, as far as they apply.
          type: dict
        parameters:
          description: The values in the sentence, by name. The names depend on the code.
          type: dict
        batch:
          description: Whether the finding exists only because of the other guests of this call.
          type: bool
        template:
          description: The sentence before host, path and parameters are filled in. Equal findings on different hosts
            have the same template.
          type: str
        sentence:
          description: The reason in words. Do not parse it; use C(code), C(path) and C(parameters).
          type: str
        remediation:
          description: C(host), C(module) and C(arguments) of a task that repairs it, null if there is none.
          type: dict
      sample:
        - code: NET_INACTIVE
          severity: blocked
          question: libvirt_accepts
          nic: {mac: '52:54:00:00:00:01', network: red}
          path: {nic: '52:54:00:00:00:01', network: red}
          parameters: {}
          batch: false
          template: '{Where} is not active.'
          sentence: Network 'red' on kvm2 is not active.
          remediation:
            host: kvm2
            module: virtfleet.network.virt_network
            arguments: {name: red, state: active}
code:
  description: Stable error code, V(NOT_ADVISED) if the verdict is O(fail_on) or worse.
  returned: failure
  type: str
  sample: NOT_ADVISED
sentences:
  description: The full text of a message or warning that was too long and was shortened, one sentence per item.
  returned: when a message or warning was shortened
  type: list
  elements: str
problems:
  description: Every problem in the definition, each with C(code), C(path) (the option) and C(sentence).
  returned: when a definition is rejected
  type: list
  elements: dict
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
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_migrate_check import main

if __name__ == "__main__":
    main()
