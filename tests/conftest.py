# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of one folder share a lab: side by side (pytest -n 3 --dist loadscope) run folders, never tests of one."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

import pytest

# Hosts of the lab need not compile the same modules at each of thousands of calls.
os.environ["LAB_KEEP_BYTECODE"] = "1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return str(PurePath(nodeid.partition("::")[0]).parent)

    return ByFolder(config, log)
