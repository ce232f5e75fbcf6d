# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: what a destination has to look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_lookups
short_description: List what a destination must look up for guests
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Lists the paths, volumes, CPUs, NIC models and USB devices that guests need from a host, each once, for
    O(virtfleet.network.virt_network_info#module:lookups) of M(virtfleet.network.virt_network_info).
  - A destination does not have to know more about the guests. P(virtfleet.network.migrate_candidates#filter) uses its
    answers.
options:
  _input:
    description: The guests, as RV(virtfleet.network.virt_guest_info#module:guests).
    type: list
    elements: dict
    required: true
seealso:
  - module: virtfleet.network.virt_network_info
  - plugin: virtfleet.network.migrate_candidates
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Gather what decides whether these guests can migrate to this host
  virtfleet.network.virt_network_info:
    lookups: "{{ found.guests | virtfleet.network.migrate_lookups }}"
  register: destination
"""

RETURN = r"""
_value:
  description: Each kind of lookup with a sorted list of what to look up.
  type: dict
  sample: {paths: [/usr/bin/qemu-system-x86_64], volumes: [], cpu_names: [], cpu_comparisons: [], nic_models: [],
           usb_devices: [], sockets: [], sizes: [], file_types: [], accounts: [],
           names: [], questions: []}
"""


def migrate_lookups(guests: Any) -> dict[str, list[str]]:
    """Plain data, as documented above. A guest that cannot be read needs no lookup: its verdict is unknown."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import (
        CheckedGuest,
        load_guests,
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import lookups_for

    if isinstance(guests, (str, Mapping)):
        raise AnsibleFilterError("migrate_lookups needs a list of guests.")
    return lookups_for(guest.facts for guest in load_guests(guests) if isinstance(guest, CheckedGuest))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_lookups": migrate_lookups}
