# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of the collection support alike."""

from __future__ import annotations


class ModuleDocFragment:
    # Modules that change something.
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Runs in check mode and then says what would change, without touching anything.
    support: full
    details:
      - Check mode makes the plan of the real run and stops there.
  diff_mode:
    description: In diff mode, returns what has changed, or in check mode what would change.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing and says so.
    support: full
  platform:
    description: Systems on which the module runs.
    platforms: posix
    support: full
"""

    # Modules that only look.
    INFO = r"""
attributes:
  check_mode:
    description: Runs in check mode and then says what would change, without touching anything.
    support: full
    details:
      - The module never changes anything.
  diff_mode:
    description: In diff mode, returns what has changed, or in check mode what would change.
    support: N/A
    details:
      - The module never changes anything.
  idempotent:
    description: A second run with the same arguments changes nothing and says so.
    support: full
  platform:
    description: Systems on which the module runs.
    platforms: posix
    support: full
"""
