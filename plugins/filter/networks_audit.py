# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: audit the networks of a fleet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_audit
short_description: Find where the networks of a fleet differ from the contract
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Compares contract and bindings with what M(virtfleet.network.virt_network_info) returned on each host.
  - Does not connect to any host. A property that could not be checked is a finding with severity V(unknown).
positional: _input, hosts, baseline
options:
  _input:
    description: The contract, as P(virtfleet.network.networks_desired#filter) takes it.
    type: list
    elements: dict
    required: true
  hosts:
    description:
      - The hosts by name, each a mapping with the keys C(bindings), C(info) and C(contract).
      - C(info) is the result of M(virtfleet.network.virt_network_info). If the task failed or the host was unreachable,
        the host has the finding C(HOST_UNKNOWN), as has a host whose facts are incomplete or have another form.
      - C(contract) is required only if a host belongs to a different fleet than the others.
    type: dict
    required: true
  baseline:
    description: The RV(_value.findings) of an earlier audit. Only findings that are new or worse are returned.
    type: list
    elements: dict
seealso:
  - plugin: virtfleet.network.networks_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what differs from the contract
  ansible.builtin.debug:
    msg: "{{ ([{'name': 'red', 'reach': 'nat'}] | virtfleet.network.networks_audit(hosts)).lines }}"
  vars:
    hosts: {kvm1: {bindings: {red: {}}, info: "{{ found }}"}}
"""

RETURN = r"""
_value:
  description: The result of the audit.
  type: dict
  contains:
    findings:
      description:
        - The findings, by host. Each has a stable C(code), C(severity), C(host), C(network), C(parameters),
          C(template), C(sentence), C(expected), C(found) and C(repair). C(severity) is V(info), V(warning), V(unknown)
          or V(error). C(network) is empty for the host as a whole. C(template) is the sentence before network and
          parameters are filled in. C(expected) and C(found) are null if not applicable.
      type: list
      elements: dict
    lines:
      description: A table for people, the worst first, with equal findings of several hosts or networks in one entry.
      type: list
      elements: str
    worst:
      description: The worst severity, null without findings.
      type: str
"""


def networks_audit(contract: Any, hosts: Any, baseline: Optional[list[dict[str, Any]]] = None) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for hosts or a baseline of another form."""
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.finding import SEVERITIES, audit_rank
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.table import (
        finding_lines,
        new_or_worse,
        without_findings,
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError("hosts must be a mapping of host names to mappings with bindings and info.")
    try:
        everything = audit(contract, {str(host): facts for host, facts in hosts.items()})
        found = new_or_worse(everything, baseline or [])
        findings = [one.as_dict() for one in found]
        lines = finding_lines(findings, without_findings((one.host for one in everything), map(str, hosts)))
        json.dumps(findings)  # what was found is shown as it is
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, VirtfleetError):
        raise AnsibleFilterError("The contract or the baseline does not have the documented form.") from None
    ranks = [audit_rank(one.kind.severity) for one in found]
    return {
        "findings": findings,
        "lines": lines or ["No finding is new or worse."],
        "worst": SEVERITIES[max(ranks)] if ranks else None,
    }


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_audit": networks_audit}
