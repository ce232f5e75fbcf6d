#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_migrate_gate
short_description: Make a host refuse incoming guests that the migration check blocks
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Installs a libvirt hook (C(/etc/libvirt/hooks/qemu.d/50-virtfleet-gate)) that libvirt calls when a guest starts to
    migrate to this host, whatever tool starts the migration. If a rule of M(virtfleet.network.virt_migrate_check)
    blocks the guest, the hook refuses it, and the tool that migrates shows the finding.
  - The hook does not call libvirt. It judges the guest by facts that this module gathers and by the current state of
    the host's links. Facts that are older than O(max_age) are not used.
  - Each run gathers the facts again, which does not count as a change. RV(refresh_command) does the same on the host
    itself, for a timer; P(virtfleet.network.migrate_gate#role) installs one.
  - Installing or removing the hook sends SIGHUP to libvirt's daemon, because libvirt looks for hooks only then. Guests,
    networks and migrations are not affected.
extends_documentation_fragment:
  - virtfleet.network.attributes
options:
  state:
    description: Whether the gate is installed.
    type: str
    choices: [present, absent]
    default: present
  without_facts:
    description:
      - What happens to a guest when the facts are missing, damaged or too old, or when the gate itself fails or takes
        longer than O(timeout).
    type: str
    choices: [pass, refuse]
    default: pass
  max_age:
    description: The maximum age of the facts in seconds.
    type: int
    default: 3600
  timeout:
    description: The time limit of the gate in seconds. Exceeding it counts as a failure.
    type: int
    default: 5
  policy:
    description:
      - Overrides the severity of finding codes, each with V(blocked), V(warning) or V(ok), as in
        O(virtfleet.network.virt_migrate_check#module:policy).
      - Only V(blocked) findings refuse a guest.
    type: dict
    default: {}
  assume_connected:
    description:
      - Assumes that every guest has a connection on its own host, and refuses it if it would have none here. Reasons
        are a bridge without uplink or carrier, or a firewall that drops its packets.
      - The gate cannot see the guest's own host. By default, it assumes that host to be like this one, because the
        check does not block a guest that loses nothing.
    type: bool
    default: false
notes:
  - Needs root on the host.
  - The gate sees less than the check, because it knows nothing about the guest's own host. Guests with the verdict
    V(unknown) pass.
seealso:
  - module: virtfleet.network.virt_migrate_check
  - module: virtfleet.network.virt_migrate
"""

EXAMPLES = r"""
- name: Refuse guests that would not start or lose their network here
  virtfleet.network.virt_migrate_gate:
    max_age: 900
  become: true

- name: Remove the gate
  virtfleet.network.virt_migrate_gate:
    state: absent
  become: true
"""

RETURN = r"""
refresh_command:
  description: The command that gathers the facts on the host, as a list of arguments. Empty with O(state=absent).
  returned: success
  type: list
  elements: str
diff:
  description: The settings and the hook before and after.
  returned: success
  type: list
  elements: dict
code:
  description: Stable error code.
  returned: failure
  type: str
  sample: GATE_UNWRITABLE
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
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_migrate_gate import main

if __name__ == "__main__":
    main()
