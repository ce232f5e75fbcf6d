# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the matrix of guests by hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: migrate_matrix
short_description: Show which guest can migrate to which host
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Joins the guests that M(virtfleet.network.virt_guest_info) described on their hosts with the verdicts that
    M(virtfleet.network.virt_migrate_check) gave on others.
positional: _input, checked
extends_documentation_fragment:
  - virtfleet.network.migration.guests
  - virtfleet.network.migration.only
options:
  checked:
    description:
      - The hosts by name, each with what M(virtfleet.network.virt_migrate_check) returned there.
      - The verdict on a host that did not answer is unknown.
    type: dict
    required: true
seealso:
  - module: virtfleet.network.virt_migrate_check
"""

EXAMPLES = r"""
- name: Show which guest can migrate where
  ansible.builtin.debug:
    msg: "{{ (found | virtfleet.network.migrate_matrix(checked)).lines }}"
  vars:
    found:
      kvm1: {guests: [{name: web1, uuid: c2b4, running: true}]}
    checked:
      kvm2: {verdicts: [{guest: web1, uuid: c2b4, verdict: ok, alone: ok, findings: []}]}
"""

RETURN = r"""
_value:
  description:
    - C(lines), the matrix as text, with the best candidates and every reason.
    - C(guests), each with C(guest), C(uuid), C(host) (where it is), C(cells) (C(verdict) and C(findings) by host) and
      C(best), the hosts to which it can migrate, the best first.
    - C(problems), a sentence for each guest that cannot migrate anywhere, or not to O(destination).
    - C(repairs), each with C(host), C(module) and C(arguments), the tasks that repair the findings.
  type: dict
"""


def migrate_matrix(found: Any, checked: Any, destination: Optional[str] = None) -> dict[str, Any]:
    """Plain data, as documented above. Raises AnsibleFilterError for data that no module returned."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.matrix import matrix_of_verdicts

    if not isinstance(found, Mapping) or not isinstance(checked, Mapping):
        raise AnsibleFilterError("migrate_matrix needs two mappings with hosts by name.")
    try:
        return matrix_of_verdicts(found, checked, destination or None)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"migrate_matrix needs results of virt_guest_info and virt_migrate_check; the given data is invalid: "
            f"{error!r}."
        ) from None


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_matrix": migrate_matrix}
