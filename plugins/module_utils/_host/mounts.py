# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a path lies on a file system that other hosts share, as libvirt judges it before it migrates."""

from __future__ import annotations

import os
from typing import Optional

# libvirt's own list (virFileIsSharedFS).
_SHARED = (
    "nfs", "nfs4", "gfs2", "ocfs2", "afs", "smbfs", "smb3", "cifs", "ceph", "gpfs", "acfs", "fuse.glusterfs",
    "fuse.quobyte",
)  # fmt: skip
MOUNTS = "/proc/mounts"


def read_mounts(file: str = MOUNTS) -> dict[str, str]:
    """Mount point -> type of its file system; a later mount hides an earlier one."""
    with open(file, encoding="utf-8", errors="surrogateescape") as lines:
        rows = [line.split() for line in lines]
    return {row[1].replace("\\040", " "): row[2] for row in rows if len(row) > 2}


def is_shared(path: str, mounts: dict[str, str]) -> Optional[bool]:
    """None for a path that is not there."""
    if not os.path.exists(path):
        return None
    here = os.path.realpath(path)
    while here not in mounts and here != os.path.dirname(here):
        here = os.path.dirname(here)
    return mounts.get(here, "") in _SHARED
