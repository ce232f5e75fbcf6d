# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of one directory share a lab: directories run side by side (pytest -n 3 --dist loadscope), tests do not."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import Any

import pytest

# Neither hosts of the lab nor thousands of playbooks need to compile the same modules each time.
os.environ["LAB_KEEP_BYTECODE"] = "1"
os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).resolve().parents[1] / ".cache" / "bytecode")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# Directories of lab tests, from the one that takes longest: the last one to begin keeps the other workers waiting.
LONGEST_FIRST = (
    "replug", "seamless", "runs", "portgroup", "rollout", "integration", "bad_input", "pool", "migrate", "gate",
    "smoke", "connections", "readme", "adopt", "updates", "terminal", "audit", "bare_host", "lab", "verdict",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        directory = item.path.parent.name
        return LONGEST_FIRST.index(directory) if directory in LONGEST_FIRST else -1

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByDirectory(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return str(PurePath(nodeid.partition("::")[0]).parent)

    return ByDirectory(config, log)
