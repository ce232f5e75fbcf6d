# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: compare a guest before and after a migration."""

from __future__ import annotations

from typing import Any, Callable

DOCUMENTATION = r"""
name: migrate_kept
short_description: Check whether a guest kept its networks after a migration
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Compares the descriptions of a guest from before and after a migration.
  - Never fails, so one guest of a fleet does not hide the others. If a description cannot be read, C(broken) says so.
positional: _input, after
options:
  _input:
    description: The guest before, one entry of RV(virtfleet.network.virt_guest_info#module:guests).
    type: dict
    required: true
  after:
    description: The same guest on the host where it is now.
    type: dict
    required: true
seealso:
  - module: virtfleet.network.virt_guest_info
"""

EXAMPLES = r"""
- name: Require that every NIC kept its network
  ansible.builtin.assert:
    that: (before.guests[0] | virtfleet.network.migrate_kept(after.guests[0])).broken == []
"""

RETURN = r"""
_value:
  description:
    - C(lines), one for each NIC, and C(broken), a sentence for each network property that was lost, or for a
      description that cannot be read.
  type: dict
"""


def migrate_kept(before: Any, after: Any) -> dict[str, list[str]]:
    """Plain data, as documented above. Never raises."""
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.after_migration import (
        compare_descriptions,
    )

    return compare_descriptions(before, after)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"migrate_kept": migrate_kept}
