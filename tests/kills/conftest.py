# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `kills`: six hosts of two releases. IT_KEEP=1 leaves it, IT_LABS gives it another name.

SEED chooses the moments of the kills, KILLS how many there are, TIMEOUT the seconds after which a host rolls back. At
the end a line for each kill says what came of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from batch import hosts_of
from fleet import HOSTS, RELEASES, Fleet

SEED, KILLS = int(os.environ.get("SEED", "1")), int(os.environ.get("KILLS", "20"))
_told: list[str] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kill" in metafunc.fixturenames:
        metafunc.parametrize("kill", range(KILLS))


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with hosts_of("kills", tmp_path_factory.mktemp("kills"), RELEASES, number=len(HOSTS)) as hosts:
        yield Fleet(hosts, SEED, KILLS, _told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _told:
        terminalreporter.section(f"kills of seed {SEED}")
        for line in _told:
            terminalreporter.write_line(line)
