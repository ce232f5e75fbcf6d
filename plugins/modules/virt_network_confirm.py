# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirm a change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network_confirm
short_description: Confirm a change of networks that would otherwise undo itself
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Makes a change stay that another module of this collection made with C(confirm_timeout). That this task reaches the
    host shows that the change has not cut it off.
  - Without it, the host rolls the change back by itself when the time is over.
  - Any user who may change the host's networks may confirm it. Over a remote URI only the user and the host that made
    the change can, since the change is recorded there.
extends_documentation_fragment:
  - virtfleet.network.attributes
  - virtfleet.network.network.lock
  - virtfleet.network.network.connection
options:
  run:
    description: Which change, C(confirm.run) of the result that made it.
    type: str
    required: true
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
"""

RETURN = r"""
networks:
  description: The networks whose change stays.
  returned: success
  type: list
  elements: str
code:
  description: A stable word for what went wrong.
  returned: failure
  type: str
  sample: NOT_PENDING
sentences:
  description: All that a message or a warning says, sentence by sentence, where it was too long and had to be cut.
  returned: when one was cut
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
journal:
  description: The journal that cannot be used.
  returned: with JOURNAL_UNREADABLE, JOURNAL_UNWRITABLE and the like
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network_confirm import main

if __name__ == "__main__":
    main()
