# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the tests that differ only in the release of their host run in a short run."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

# A test's parameters name the release, its libvirt, or the host that has it.
_NAMES = (("bookworm", "trixie"), ("9.0", "11.3"), ("kvm1", "kvm2"))


def on_one_release(nodeids: Iterable[str]) -> set[str]:
    """Each test once, on a release that its name decides, so that about as many run on each."""
    alike: dict[str, list[str]] = {}
    for nodeid in nodeids:
        alike.setdefault(_without_release(nodeid), []).append(nodeid)
    return {group[zlib.crc32(name.encode()) % len(group)] for name, group in alike.items()}


def _without_release(nodeid: str) -> str:
    for names in _NAMES:
        words = "|".join(map(re.escape, names))
        nodeid = re.sub(rf"(?<![\w.{{])(?:{words})(?![\w.}}])", "*", nodeid)
    return nodeid
