# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `seamless`: guests stay joined while their network restarts, on kvm1 with libvirt 9.0, on kvm2 with 11.3."""

from __future__ import annotations

import pytest
from batch import hosts_of
from replug.conftest import RELEASES, bench

__all__ = ["bench", "hosts"]


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("seamless", tmp_path_factory.mktemp("seamless"), RELEASES) as hosts:
        yield hosts
