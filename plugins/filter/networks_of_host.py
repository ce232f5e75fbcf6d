# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the networks of the contract that a host has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_of_host
short_description: Select the networks of the contract that one host has
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Returns the contract without the networks whose C(hosts) names neither the host nor one of its groups, and without
    the key C(hosts). The other filters take the contract in this form.
  - Fails if a name in C(hosts) is neither a host nor a group of the inventory.
positional: _input, host, groups, keep_faults
options:
  _input:
    description: The contract, as P(virtfleet.network.networks_desired#filter) takes it, and with C(hosts).
    type: list
    elements: dict
    required: true
  host:
    description: The name of the host in the inventory.
    type: str
    required: true
  groups:
    description: The hosts of each group, Ansible's variable C(groups).
    type: dict
    required: true
  keep_faults:
    description:
      - Do not fail for such a C(hosts), but keep its network. The filters that take the contract report it then, beside
        the contract's other faults.
    type: bool
    default: false
seealso:
  - plugin: virtfleet.network.networks_desired
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Create the networks of the contract
  virtfleet.network.virt_networks:
    networks: "{{ own | virtfleet.network.networks_desired({'lab': {}}) }}"
  vars:
    contract:
      - {name: lab, reach: nat}
      - {name: red, reach: isolated, hosts: [rack2, kvm7]}
    own: "{{ contract | virtfleet.network.networks_of_host(inventory_hostname, groups) }}"
"""

RETURN = r"""
_value:
  description: The contract of the host.
  type: list
  elements: dict
  sample:
    - {name: lab, reach: nat}
"""


def networks_of_host(contract: Any, host: Any, groups: Any, keep_faults: bool = False) -> Any:
    """Plain data, as documented above. Raises AnsibleFilterError for a key hosts that cannot be read."""
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.fault import CONTRACT_INVALID
    from ansible_collections.virtfleet.network.plugins.module_utils._fleet.scope import (
        contract_of_host,
        contract_with_faults,
    )

    if not isinstance(host, str) or not isinstance(groups, Mapping):
        raise AnsibleFilterError("host must be a host's name, and groups the mapping of groups to their hosts.")
    try:
        return (contract_with_faults if keep_faults else contract_of_host)(contract, host, groups)
    except ValueError as error:
        raise AnsibleFilterError(f"{CONTRACT_INVALID}: {error}") from None
    except (TypeError, RecursionError):
        raise AnsibleFilterError("groups must be the mapping of groups to their hosts.") from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_of_host": networks_of_host}
