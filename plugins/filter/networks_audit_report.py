# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the findings of an audit for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: networks_audit_report
short_description: Write the findings of an audit for other programs
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Formats what P(virtfleet.network.networks_audit#filter) found as JSON, JUnit XML, CSV or Markdown.
positional: _input, file_type, hosts, fail_on
options:
  _input:
    description: The findings, as P(virtfleet.network.networks_audit#filter) returns them.
    type: list
    elements: dict
    required: true
  file_type:
    description:
      - V(json) is what the role P(virtfleet.network.audit#role) accepts as a baseline.
      - V(xml) is JUnit XML with a test suite for each host. A host without findings has one test, which passes.
      - V(csv) has one line for each finding, with C(expected) and C(found) as JSON.
      - V(md) is a table in Markdown, the worst first, with equal findings of several hosts or networks in one row.
    type: str
    choices: [json, xml, csv, md]
    required: true
  hosts:
    description: The names of all hosts that were audited.
    type: list
    elements: str
    default: []
  fail_on:
    description: In JUnit XML, findings of this severity and worse ones are failures; the others are tests that pass.
    type: str
    choices: [info, warning, unknown, error, never]
    default: error
seealso:
  - plugin: virtfleet.network.networks_audit
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the findings for CI
  ansible.builtin.copy:
    content: "{{ audit_result.findings | virtfleet.network.networks_audit_report('xml', ansible_play_hosts_all) }}"
    dest: /tmp/audit.xml
    mode: "0644"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The text of the report, with a line break at its end.
  type: str
"""


def networks_audit_report(findings: Any, file_type: Any, hosts: Optional[Any] = None, fail_on: Any = "error") -> str:
    """Raises AnsibleFilterError for an unknown file type or severity, and for findings or hosts of another form."""
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.finding import SEVERITIES
    from ansible_collections.virtfleet.network.plugins.module_utils._audit.report import FORMATS, NEVER, write_report

    if not isinstance(file_type, str) or file_type not in FORMATS:
        raise AnsibleFilterError(f"file_type must be one of {', '.join(FORMATS)}.")
    if not isinstance(fail_on, str) or fail_on not in (*SEVERITIES, NEVER):
        raise AnsibleFilterError(f"fail_on must be one of {', '.join((*SEVERITIES, NEVER))}.")
    try:
        if isinstance(findings, (str, Mapping)) or isinstance(hosts, (str, Mapping)):
            raise TypeError
        return write_report(file_type, list(findings), [str(host) for host in hosts or ()], fail_on)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise AnsibleFilterError(
            "The findings or the hosts do not have the documented form. Pass the result of networks_audit."
        ) from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"networks_audit_report": networks_audit_report}
