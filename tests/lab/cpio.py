# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the archive that a kernel takes as its initial root ("newc")."""

from __future__ import annotations

import stat


def _entry(number: int, name: str, mode: int, data: bytes) -> bytes:
    # inode, mode, uid, gid, links, mtime, size, device numbers (4), length of the name, checksum
    values = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % value for value in values) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(directories: list[str], files: dict[str, bytes]) -> bytes:
    """Directories (parents first) and executable files, by their path without a leading slash."""
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in directories]
    entries += [(name, stat.S_IFREG | 0o755, data) for name, data in files.items()]
    entries.append(("TRAILER!!!", 0, b""))
    return b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))
