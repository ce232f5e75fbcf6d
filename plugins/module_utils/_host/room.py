# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether libvirt can write new files, whatever the user of this process may do."""

from __future__ import annotations

import os
from typing import Optional

# What libvirt writes for a network or for the start of a guest, several times over.
_LEAST = 64 * 1024


def why_unwritable(directory: str) -> Optional[str]:
    """None if no reason is known. libvirt makes a directory that is missing, in the next one above."""
    here = directory
    while not os.path.exists(here) and here != os.path.dirname(here):
        here = os.path.dirname(here)
    try:
        seen = os.statvfs(here)
    except OSError:
        return None
    if not os.path.isdir(here):
        return "it is not a directory"
    if seen.f_flag & os.ST_RDONLY:
        return "it is read-only"
    # Some file systems count nothing.
    if seen.f_blocks and seen.f_bfree * seen.f_frsize < _LEAST:
        return "no space is left on the device"
    if seen.f_files and not seen.f_ffree:
        return "no inodes are left on the device"
    return None
