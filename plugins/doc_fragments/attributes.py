# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that all modules of the collection share."""

from __future__ import annotations


class ModuleDocFragment:
    # Modules that change something.
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details:
      - Check mode makes the same plan as the real run and does not execute it.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing and reports no change.
    support: full
  platform:
    description: Target operating systems on which the module runs.
    platforms: posix
    support: full
"""

    # Modules that act and have no definition to compare.
    ACTION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  idempotent:
    description: A second run with the same arguments changes nothing and reports no change.
    support: full
  platform:
    description: Target operating systems on which the module runs.
    platforms: posix
    support: full
"""

    # Modules that only read.
    INFO = r"""
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details:
      - The module never changes anything.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details:
      - The module never changes anything.
  idempotent:
    description: A second run with the same arguments changes nothing and reports no change.
    support: full
  platform:
    description: Target operating systems on which the module runs.
    platforms: posix
    support: full
"""
