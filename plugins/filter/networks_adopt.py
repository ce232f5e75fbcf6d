# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: contract and bindings of a fleet that was built by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_adopt
short_description: Make contract and bindings from the networks that a fleet has
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - What is the same on all hosts of a network becomes the contract, the rest the bindings of each host. Joined again,
    they describe the networks exactly as they are, so a rollout changes nothing.
  - A network whose reach is not the same everywhere, or that a contract cannot express, is left out and listed. So is a
    transient network, on the hosts where it is transient.
  - Does not connect to any host. A host that was not read, or whose result has another form, is left out and listed in
    RV(_value.unread). Its networks are missing from the contract then, so do not use the contract before it is read.
positional: _input, groups
options:
  _input:
    description: The hosts by name, each with the result of M(virtfleet.network.virt_network_info), with V(links).
    type: dict
    required: true
  groups:
    description:
      - The hosts of each group, Ansible's variable C(groups). Where only the hosts of one group have a network, the
        contract names the group.
    type: dict
    default: {}
seealso:
  - plugin: virtfleet.network.networks_desired
    plugin_type: filter
  - plugin: virtfleet.network.networks_of_host
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show where two hosts differ
  ansible.builtin.debug:
    msg: "{{ ({'kvm1': found1, 'kvm2': found2} | virtfleet.network.networks_adopt).lines }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    contract:
      description: The contract, with C(hosts) for networks that only some hosts have.
      type: list
      elements: dict
    bindings:
      description: The bindings of each host, by its name.
      type: dict
    differences:
      description:
        - Where hosts differ, the worst first. Each has a stable C(code), C(network), C(hosts), C(sentence), and
          C(breaks), whether it breaks a contract.
      type: list
      elements: dict
    host_lines:
      description: For each host, by its name, the code and the network of each of its differences, for people.
      type: dict
    lines:
      description: The hosts that were not read, and the differences, for people.
      type: list
      elements: str
    unread:
      description: The hosts that were not read, each with the reason.
      type: dict
"""


def networks_adopt(hosts: Any, groups: Any = None) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for a host that was not read."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.adopt import adopt
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.adopt.difference import (
        difference_lines,
        host_lines,
        unread_lines,
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError("The input must be a mapping of host names to results of virt_network_info.")
    unread = {str(host): why for host, info in hosts.items() if (why := _why_unread(info))}
    try:
        found = adopt({str(host): info for host, info in hosts.items() if str(host) not in unread}, groups or {})
        return {
            "contract": found.contract,
            "bindings": found.bindings,
            "differences": [one.as_dict() for one in found.differences],
            "host_lines": host_lines(found.bindings, found.differences),
            "lines": [*unread_lines(unread), *difference_lines(found.differences)] or ["The hosts do not differ."],
            "unread": unread,
        }
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, VirtfleetError):
        raise AnsibleFilterError(
            "The result of a host or the groups do not have the documented form. Gather the hosts again."
        ) from None


def _why_unread(info: Any) -> str:
    """Empty for a host that was read."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.answers import read_host
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    try:
        read_host(info)
    except VirtfleetError as error:
        return error.sentence
    return ""


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_adopt": networks_adopt}
