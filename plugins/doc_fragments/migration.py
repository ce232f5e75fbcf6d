# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that modules and filters of the migration check share."""

from __future__ import annotations


class ModuleDocFragment:
    # Modules that look at a destination.
    DESTINATION = r"""
options:
  migrate_uri:
    description:
      - The URI by which other hosts reach this host's libvirt to migrate guests here, such as
        V(qemu+ssh://kvm2/system). The check then considers what the firewalls do with the port of this URI.
      - Without it, the check considers all ports of libvirt and ssh (16509, 16514, 22) on which this host listens. The
        verdict is V(unknown) if the firewalls open some of them, but not all, to other hosts.
    type: str
  probe_links:
    description:
      - Briefly set up pool members that are down, for five seconds at most, to see whether they have a carrier. An idle
        NIC is usually down; libvirt sets it up when a guest gets it.
      - Links with addresses, in a bridge or bond, or in use are left alone. Check mode probes no links.
    type: bool
    default: false
"""

    # Filters.
    GUESTS = r"""
options:
  _input:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_guest_info) returned there.
      - For a host that did not answer, pass its registered result as it is. Its guests are unknown then.
    type: dict
    required: true
"""

    FACTS = r"""
options:
  facts:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_network_info) returned there. Its lookups must be
        those of P(virtfleet.network.migrate_lookups#filter) for the guests.
      - The verdict on a host that did not answer is unknown.
    type: dict
    required: true
"""

    ONLY = r"""
options:
  destination:
    description:
      - The only destination to check. All guests are checked together on it. Without it, each guest is checked alone on
        every host.
    type: str
"""

    POLICY = r"""
options:
  policy:
    description: As O(virtfleet.network.virt_migrate_check#module:policy).
    type: dict
"""

    CAPACITY = r"""
options:
  accept:
    description: The worst verdict that is accepted for a guest's move.
    type: str
    choices: [ok, warning]
    default: warning
  memory_reserve:
    description: The memory, in MiB, that each host keeps available.
    type: int
    default: 0
  cpu_ratio:
    description: Maximum number of running guests' virtual CPUs for each CPU of a host. By default, there is no limit.
    type: float
  apart:
    description: Lists of names or patterns (V(db*)) of guests; no two guests of a list move to the same host.
    type: list
    elements: list
  together:
    description: Lists of names or patterns of guests; guests of a list that share a host move to one host, or stay.
    type: list
    elements: list
  pin:
    description: Names or patterns of guests, each with the list of the hosts to which they may move.
    type: dict
  seconds:
    description: The time limit of each step of the solver.
    type: int
    default: 60
"""
