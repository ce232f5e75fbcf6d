# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories that are there whole or not at all, whatever was killed while they were made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable


def made_once(directory: Path, build: Callable[[Path], None]) -> Path:
    if not directory.exists():
        fresh = directory.with_name(directory.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        build(fresh)
        fresh.rename(directory)
    return directory
