# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `replug`: two hosts, whose networks change under guests that run."""

from __future__ import annotations

import pytest
from batch import hosts_of


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("replug", tmp_path_factory.mktemp("replug")) as hosts:
        yield hosts
