# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `bad`: hosts that are asked for nonsense, or that are broken."""

from __future__ import annotations

import pytest
from batch import hosts_of


@pytest.fixture(scope="session")
def bad(tmp_path_factory):
    with hosts_of("bad", tmp_path_factory.mktemp("bad")) as hosts:
        yield hosts
