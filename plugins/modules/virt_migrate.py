#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_migrate
short_description: Migrate guests from this host to others
version_added: 0.1.0
description:
  - Runs on the source. The guests of one task migrate at the same time.
  - libvirt's daemons migrate peer to peer. If the task or the controller is killed, a migration that has begun
    continues; the next task for that guest waits for it and reports its end.
  - Does not check whether a guest keeps its networks. Run M(virtfleet.network.virt_migrate_check) first, or use the
    role C(virtfleet.network.migrate), which checks each guest before and after its migration.
  - A guest that is already at its destination is not changed.
  - The guest's autostart setting is kept. libvirt's own migration does not keep it.
  - While it runs, Ansible shows the progress of each migration every few seconds.
extends_documentation_fragment:
  - virtfleet.network.attributes.action
  - virtfleet.network.network.connection
options:
  guests:
    description: The guests to migrate.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name or UUID of the guest.
        type: str
        required: true
      destination:
        description:
          - URI of the destination's libvirt, such as V(qemu+ssh://kvm2/system) or V(qemu+tls://kvm2/system). Both this
            task and the libvirt daemon of this host connect to it.
        type: str
        required: true
      mode:
        description:
          - With V(live), a running guest migrates without stopping.
          - With V(offline), the definition of a guest that is shut off moves. Its disks are not copied.
        type: str
        choices: [live, offline]
        default: live
      traffic_uri:
        description:
          - Where QEMU sends the guest's memory, such as V(tcp://10.9.0.2), for example in a dedicated migration
            network. virsh calls it C(migrateuri).
          - If omitted, the destination's libvirt offers an address of its host name.
        type: str
      origin:
        description:
          - Name of the host that the guest keeps as its origin, in its C(<metadata>). An existing origin of the guest
            is kept.
          - With an empty string, the guest's origin is removed once the guest is at its destination.
          - If omitted, the guest's origin is left alone.
        type: str
  bandwidth:
    description: Maximum bandwidth of each migration in MiB/s, with O(post_copy) also after the guest has switched over.
      With V(0), there is no limit.
    type: int
    default: 0
  auto_converge:
    description: Slow down a guest that writes to its memory faster than the memory can be sent.
    type: bool
    default: false
  post_copy:
    description:
      - Allow the guest to run at the destination before all of its memory has arrived. It switches over when
        O(timeout) has passed and O(on_timeout=post_copy).
      - If the network fails after that, the guest is lost.
    type: bool
    default: false
  tls:
    description: Encrypt the guest's memory in transit. Both hosts need QEMU's certificates for migrations.
    type: bool
    default: false
  parallel:
    description: The number of connections for the guest's memory. With V(0), a single one.
    type: int
    default: 0
  compression:
    description:
      - How to compress the guest's memory.
      - V(xbzrle) sends only the changes to pages that were sent before, which helps with guests that change little of
        each page.
      - V(zlib) and V(zstd) need O(parallel) and libvirt 9.4 or later.
    type: str
    choices: [none, xbzrle, zlib, zstd]
    default: none
  persistent:
    description:
      - Whether to define the guest at the destination. By default, it is defined there if it is defined on this host.
      - With O(guests[].mode=offline) it always is defined there.
    type: bool
  undefine_source:
    description: Whether to remove the guest's definition from this host. By default, it is removed.
    type: bool
  unsafe:
    description: Migrate even if libvirt considers the guest's disks unsafe to migrate, because of their cache mode or
      location.
    type: bool
    default: false
  timeout:
    description: Maximum duration of each migration in seconds. With V(0), there is no limit.
    type: float
    default: 0
  on_timeout:
    description:
      - What happens when O(timeout) has passed.
      - V(cancel) cancels the migration, and the guest runs on here. The task fails.
      - V(suspend) suspends the guest, so that the rest of its memory can be sent. It resumes at the destination.
      - V(post_copy) switches the guest over at once. It needs O(post_copy).
    type: str
    choices: [cancel, suspend, post_copy]
    default: cancel
  progress_file:
    description:
      - A file on this host that always contains the state of the running migrations, as JSON.
      - Ansible sets it to show the progress.
    type: path
seealso:
  - module: virtfleet.network.virt_guest_info
  - module: virtfleet.network.virt_migrate_check
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Migrate a guest to kvm2
  virtfleet.network.virt_migrate:
    guests:
      - name: web1
        destination: qemu+ssh://kvm2/system

- name: Migrate two guests over the network for migrations, with at most 100 MiB/s each and for at most 10 minutes
  virtfleet.network.virt_migrate:
    guests:
      - {name: web1, destination: qemu+tls://kvm2/system, traffic_uri: tcp://10.9.0.2}
      - {name: web2, destination: qemu+tls://kvm3/system, traffic_uri: tcp://10.9.0.3}
    bandwidth: 100
    auto_converge: true
    timeout: 600

- name: Move the definition of a guest that is shut off
  virtfleet.network.virt_migrate:
    guests:
      - {name: db1, destination: qemu+ssh://kvm2/system, mode: offline}
"""

RETURN = r"""
migrations:
  description: The guests in the order in which they were given.
  returned: when the options are valid and libvirt answers
  type: list
  elements: dict
  contains:
    guest:
      description: As O(guests[].name).
      type: str
    destination:
      description: As O(guests[].destination).
      type: str
    uuid:
      description: The guest's UUID. Omitted for a guest that did not arrive.
      type: str
    moved:
      description: Whether it migrated, or would in check mode. V(false) for a guest that was already there.
      type: bool
    joined:
      description: Whether an earlier task had begun the migration.
      type: bool
    origin:
      description: The origin that the guest has now.
      type: str
    statistics:
      description:
        - Statistics of the migration, as far as libvirt provides them. C(downtime_ms) is how long the guest stopped,
          C(total_ms) the total time, C(transferred_mib) the amount sent and C(rate) the rate in MiB/s. C(passes) is the
          number of passes over the memory, C(throttle) the percentage by which O(auto_converge) slowed the guest down.
        - Only for a guest that migrated live.
      type: dict
    failed:
      description: Whether it failed. If so, C(code) and C(sentence) say why and where the guest is now.
      type: bool
  sample:
    - guest: web1
      destination: qemu+ssh://kvm2/system
      uuid: 7d5d6b1c-4a3c-45f6-8f5e-0f4d94a8b6a1
      moved: true
      joined: false
      origin: kvm1
      statistics: {downtime_ms: 41, total_ms: 310, transferred_mib: 12.5, rate: 118.2, passes: 3}
code:
  description: Stable error code of the first guest that failed.
  returned: failure
  type: str
  sample: MIGRATION_TIMEOUT
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
problems:
  description: Every problem in the definition, each with C(code), C(path) (the option) and C(sentence).
  returned: when a definition is rejected
  type: list
  elements: dict
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
signal:
  description: The signal that interrupted the run.
  returned: with INTERRUPTED
  type: str
exception:
  description: The traceback of an internal error of the collection.
  returned: with UNEXPECTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_migrate import main

if __name__ == "__main__":
    main()
