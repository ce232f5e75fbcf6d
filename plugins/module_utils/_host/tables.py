# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tables in /proc: lines of words."""

from __future__ import annotations

import os


def read_table(path: str) -> list[list[str]]:
    """The words of each line. Raises OSError.

    A name may have all bytes except ASCII white space, also those that Python treats as white space or as the end of a
    line in text. Words are decoded as os.listdir decodes names.
    """
    with open(path, "rb") as file:
        return [[os.fsdecode(word) for word in line.split()] for line in file]


def read_optional_table(path: str) -> list[list[str]]:
    """The same; empty if the kernel does not have the table."""
    try:
        return read_table(path)
    except OSError:
        return []
